"""docs/api/ says what the docstrings say, and everything public has one."""

import ast

import pytest

from tests.documents import ROOT
from tests.programs import load_script

REWRITE = "python scripts/write_api.py writes it anew"


@pytest.fixture(scope="module")
def script():
    return load_script("write_api")


def test_the_pages_are_those_of_the_source(script):
    written = {path.name: path.read_text("utf-8") for path in script.OUT.glob("*.md")}
    made = script.pages()
    assert sorted(written) == sorted(made), REWRITE
    outdated = [name for name, text in made.items() if text != written[name]]
    assert outdated == [], REWRITE


def test_everything_public_has_a_docstring(script):
    assert script.undocumented() == []


def test_what_a_package_exports_is_documented_in_full(script):
    for path in script.sources():
        if path.name != "__init__.py" or path.parent.name == "v1model":
            continue
        part = path.relative_to(ROOT / "v1model").parts[0]
        text = script.pages()[f"{part}.md"]
        missing = [n for n in script.exported_by(path) if f"\n### {n}\n" not in text]
        assert missing == [], part


def test_a_docstring_becomes_lists_and_code(script):
    text = """First a * b.

    y = x

Args:
    x: What
        goes in.
    y, z: Others.

Returns:
    A number."""
    expected = """First a \\* b.

```text
y = x
```

**Args:**

- `x`: What
  goes in.
- `y, z`: Others.

**Returns:**

A number.
"""
    assert "\n".join(script.prose(text)) == expected


def test_fields_of_a_record_become_a_list(script):
    assert script.prose("A pair.\n\na: One.\nb: Two.", {"a", "b"})[2:4] == [
        "- `a`: One.",
        "- `b`: Two.",
    ]


def test_a_signature_has_its_defaults_and_stars(script):
    node = ast.parse("def f(a, b=1, *, c, d=None, **e): pass").body[0]
    assert script.arguments_of(node) == ["a", "b=1", "*", "c", "d=None", "**e"]


def test_an_option_shows_its_default_alone(script):
    node = ast.parse("class C:\n    a: int = option(3, 'Help.')\n    b: str").body[0]
    assert script.fields_of(node) == ["a: int = 3", "b: str"]


def test_defaults_are_written_as_the_formatter_writes_them(script):
    node = ast.parse("def f(a='x', b='it\"s', c=('y', 'z')): pass").body[0]
    assert script.arguments_of(node) == ['a="x"', "b='it\"s'", 'c=("y", "z")']
