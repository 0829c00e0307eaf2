"""docs/references.md and CITATION.cff: every table and paper has its source."""

import pathlib
import re

import pytest
import yaml

from tests.documents import ROOT, text_of
from v1model import __version__

TABLES = [
    path
    for package in ("v1model", "training", "visualization")
    for path in sorted((ROOT / package).rglob("*"))
    if path.suffix in {".csv", ".yaml"} and "templates" not in path.parts
]


def rows(heading):
    section = text_of("docs/references.md").split(f"\n## {heading}\n")[1]
    section = section.split("\n## ")[0]
    lines = [line.split("|")[1:-1] for line in section.splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in line] for line in lines[2:]]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_table_that_is_installed_has_a_source(path):
    folder = str(path.parent.relative_to(ROOT))
    named = [cells[0] for cells in rows("Tables") if f"`{folder}/" in cells[0]]
    names = [pathlib.Path(one).name for row in named for one in row.split("`")[1::2]]
    assert any(path.match(name) for name in names), f"no source of {path.name}"


def test_every_place_exists():
    text = text_of("docs/references.md")
    places = re.findall(r"`((?:v1model|training|visualization)/[\w/.]+)`", text)
    assert len(places) > 50
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_short_name_is_in_the_list_and_used():
    known = [short for short, _ in rows("Papers")]
    assert known == sorted(known) and len(known) == len(set(known))
    text = text_of("docs/references.md").split("\n## Papers\n")[0]
    used = set(re.findall(r"\b([A-ZÜ][a-zü]+ (?:19|20)\d\db?)\b", text))
    assert used == set(known)


def test_every_paper_that_a_docstring_names_is_in_the_list():
    """First authors and years, as in "Teeter et al. 2018"."""
    pattern = re.compile(
        r"([A-Z][A-Za-zü]+)(?: et al\.|(?:,? (?:&|and)? ?[A-Z][a-z]+)+),? ?"
        r"\(?(?:[A-Z][\w. ]*?,? )?((?:19|20)\d\d)\)?"
    )
    known = {tuple(short.rstrip("b").split()) for short, _ in rows("Papers")}
    cited = {}
    for package in ("v1model", "training"):
        for path in (ROOT / package).rglob("*.py"):
            text = " ".join(path.read_text(encoding="utf-8").split())
            for name, year in pattern.findall(text):
                cited.setdefault((name, year), path)
    assert len(cited) > 20
    missing = {one: path.name for one, path in cited.items() if one not in known}
    assert missing == {}


def test_how_to_cite_is_in_order():
    """The keys and types of CFF 1.2.0 that the file uses."""
    cff = yaml.safe_load(text_of("CITATION.cff"))
    assert cff["cff-version"] == "1.2.0" and cff["type"] == "software"
    assert cff["message"] and cff["title"] and cff["authors"]
    assert cff["version"] == __version__
    allowed = {"name", "family-names", "given-names"}
    for reference in cff["references"]:
        assert {"type", "title", "authors"} <= set(reference)
        assert all(set(author) <= allowed for author in reference["authors"])
        if reference["type"] == "software":
            repository = reference["repository-code"].removeprefix(
                "https://github.com/"
            )
            assert repository in text_of("docs/references.md")
            continue
        assert re.fullmatch(r"10\.\d{4,}/\S+", reference["doi"])
        assert reference["doi"] in text_of("docs/references.md")
        assert isinstance(reference["year"], int)
