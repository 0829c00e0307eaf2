#!/usr/bin/env python
"""Writes docs/api/: what the packages offer, from signatures and docstrings.

    python scripts/write_api.py [--out FOLDER]

Nothing is imported: the source is read. A page has the names of the package's `__all__`
in full; where there is none, those that a program, a figure or a page of docs/ imports.
Everything else that is public has a line in the table of its module.
"""

import argparse
import ast
import functools
import pathlib
import re

from v1model.atomic import write_text

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = "v1model"
OUT = ROOT / "docs" / "api"
USERS = ("training", "scripts", "benchmarks", "visualization")
OBJECTS = (ast.ClassDef, ast.FunctionDef)
SECTION = re.compile(
    r"^(Args|Arguments|Call arguments|Returns|Yields|Raises|Attributes|Properties):$"
)
WIDTH = 88  # letters of a signature in one line


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=OUT, type=pathlib.Path, help="Folder.")
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for old in out.glob("*.md"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        write_text(out / name, text)
    print(f"wrote {len(texts)} pages to {out}")


def pages():
    """Text of each page, a dict by its file name."""
    parts = {}
    for path in sources():
        inside = path.relative_to(ROOT / PACKAGE).parts
        parts.setdefault(inside[0] if len(inside) > 1 else PACKAGE, []).append(path)
    made = {f"{part}.md": page_text(part, paths) for part, paths in parts.items()}
    return {"index.md": index_text(parts), **made}


def sources():
    """Files of the library in order."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def undocumented():
    """Public classes and functions of the library that have no docstring."""
    return [
        f"{module_of(path)}.{name}"
        for path in sources()
        for name, node in public_objects(path).items()
        if not ast.get_docstring(node)
    ]


def index_text(parts):
    lines = [
        "# API",
        "",
        "What a program can import, from the docstrings; `python scripts/write_api.py`",
        "writes these pages. Letters of shapes and units are those of",
        f"[`v1model/__init__.py`](../../{PACKAGE}/__init__.py).",
        "",
        "| package | what it is |",
        "|---|---|",
    ]
    for part in sorted(parts):
        name = PACKAGE if part == PACKAGE else f"{PACKAGE}.{part}"
        lines.append(f"| [`{name}`]({part}.md) | {cell(summary_of(part))} |")
    return "\n".join(lines) + "\n"


def page_text(part, paths):
    """The page of a package; `v1model` has the modules that are in no folder."""
    name = PACKAGE if part == PACKAGE else f"{PACKAGE}.{part}"
    folder = ROOT / PACKAGE if part == PACKAGE else ROOT / PACKAGE / part
    lines = [f"# {name}", "", *prose(docstring_of(folder / "__init__.py"))]
    in_full, rest = [], []
    for path in paths:
        exported = exported_by(path) if path.name == "__init__.py" else {}
        in_full += [(module_of(path), *found) for found in exported.items()]
    shown = {(path, node_name(node)) for _, _, (path, node) in in_full}
    for path in paths:
        for found, node in public_objects(path).items():
            if (path, found) in shown:
                continue
            if (module_of(path), found) in imported_by_users():
                in_full.append((module_of(path), found, (path, node)))
            else:
                rest.append((module_of(path), found, node))
    at = None
    for module, found, (path, node) in in_full:
        if module != at:
            lines += [f"## {module}", ""]
            at = module
        lines += entry(found, path, node)
    return "\n".join([*lines, *table(rest)]).rstrip() + "\n"


def table(rest):
    """What is public, but only used inside the library."""
    if not rest:
        return []
    lines = ["## Inside the library", "", "| name | what it is |", "|---|---|"]
    for module, name, node in rest:
        place = module.removeprefix(f"{PACKAGE}.")
        lines.append(f"| `{place}.{name}` | {cell(first_line(node))} |")
    return lines


def entry(name, path, node):
    """An object in full: signature, docstring, methods."""
    lines = [f"### {name}", ""]
    if isinstance(node, ast.ClassDef):
        lines += [*code(f"class {name}", fields_of(node)), ""]
    elif isinstance(node, ast.FunctionDef):
        lines += [*code(name, arguments_of(node)), ""]
    else:  # a constant
        line = f"{name} = {source_of(node.value)}"
        lines += ["```python", line if len(line) <= WIDTH else f"{name} = ..."]
        lines += ["```", "", f"In `{path.relative_to(ROOT)}`.", ""]
        return lines
    is_class = isinstance(node, ast.ClassDef)
    names = {field.split(":")[0] for field in fields_of(node)} if is_class else set()
    lines += prose(ast.get_docstring(node), names)
    return lines + (methods_of(node) if is_class else [])


def methods_of(node):
    lines = []
    for one in node.body:
        text = ast.get_docstring(one) if isinstance(one, ast.FunctionDef) else None
        if text and not one.name.startswith("_"):
            marks = [ast.unparse(mark) for mark in one.decorator_list]
            is_property = any("property" in mark for mark in marks)
            given = arguments_of(one)[0 if "staticmethod" in marks else 1 :]
            call = "" if is_property else f"({', '.join(given)})"
            words = " ".join(text.split("\n\n")[0].split())
            lines.append(f"- `{one.name}{call}`: {escaped(words)}")
    return [*lines, ""] if lines else []


def fields_of(node):
    """Arguments of a class: of its __init__, or its fields with their defaults."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return arguments_of(one)[1:]
    found = []
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and not one.target.id.startswith("_"):
            default = f" = {default_of(one.value)}" if one.value else ""
            found.append(f"{one.target.id}: {source_of(one.annotation)}{default}")
    return found


def default_of(value):
    """The default of a field; of an option, without its help."""
    is_call = isinstance(value, ast.Call) and value.args
    is_option = is_call and getattr(value.func, "id", "") in {"option", "Field"}
    return source_of(value.args[0] if is_option else value)


def arguments_of(node):
    """Arguments of a function as text, one each."""
    given = node.args
    names = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(names) - len(given.defaults)) + [*given.defaults]
    found = [
        _argument(one, default) for one, default in zip(names, defaults, strict=True)
    ]
    if given.vararg or given.kwonlyargs:
        found.append(f"*{given.vararg.arg}" if given.vararg else "*")
    for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append(_argument(one, default))
    return found + ([f"**{given.kwarg.arg}"] if given.kwarg else [])


def _argument(one, default):
    return one.arg if default is None else f"{one.arg}={source_of(default)}"


def source_of(node):
    """An expression as the formatter of this project writes it."""
    return re.sub(r"'([^'\"\\]*)'", r'"\1"', ast.unparse(node))


def code(name, given):
    """A signature as a block of code."""
    line = f"{name}({', '.join(given)})" if given else name
    if len(line) > WIDTH:
        line = f"{name}(\n" + "".join(f"    {one},\n" for one in given) + ")"
    return ["```python", line, "```"]


def prose(text, names=frozenset()):
    """A docstring as Markdown: sections become lists, what is indented stays code.

    So do lines that begin with one of these names, as docstrings of records have them.
    """
    lines, is_section, is_code = [], False, False
    for line in (text or "").splitlines():
        is_indented = line.startswith("    ")
        if is_code and line.strip() and not is_indented:
            lines, is_code = [*_stripped(lines), "```", ""], False
        if SECTION.match(line):
            lines += [f"**{line}**", ""]
            is_section = True
        elif is_section and is_indented:
            words = line[4:]
            is_item = not words.startswith(" ") and re.match(r"[\w*, /.()]+: ", words)
            is_first = lines[-1] == ""
            mark = "- " if is_item else "" if is_first else "  "
            words = re.sub(r"^([\w*, /.]+): ", r"`\1`: ", words) if is_item else words
            lines.append(mark + escaped(words.strip()))
        elif is_indented and not is_code:
            lines, is_code = [*lines, "```text", line[4:]], True
        elif is_code:
            lines.append(line[4:])
        else:
            is_section = is_section and not line.strip()
            found = re.match(r"(\w+(?:, \w+)*): ", line)
            is_field = found is not None and set(found[1].split(", ")) <= names
            if is_field and lines and lines[-1] and not lines[-1].startswith("- "):
                lines.append("")
            line = f"- `{found[1]}`: {line[found.end() :]}" if is_field else line
            lines.append(escaped(line))
    return [*_stripped(lines), *(["```"] if is_code else []), ""]


def _stripped(lines):
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def escaped(text):
    """Words outside `code`, with what Markdown would read as its own escaped."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*<|\[\]])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def cell(text):
    return escaped(text)


def first_line(node):
    return (ast.get_docstring(node) or "").split("\n")[0]


def summary_of(part):
    if part == PACKAGE:
        return "Modules that are in no folder: options, simulation, losses and more."
    return docstring_of(ROOT / PACKAGE / part / "__init__.py").splitlines()[0]


def docstring_of(path):
    return ast.get_docstring(tree_of(path)) or ""


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public_objects(path):
    """Public classes and functions of a file, a dict of their nodes by name."""
    body = tree_of(path).body
    found = {node.name: node for node in body if isinstance(node, OBJECTS)}
    return {name: node for name, node in found.items() if not name.startswith("_")}


def exported_by(path):
    """Names of `__all__` with the file and the node that define them."""
    tree = tree_of(path)
    names = next(
        (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and assigned(node) == "__all__"
        ),
        [],
    )
    return {name: definition_of(path, name) for name in names}


def definition_of(path, name):
    """File and node that define a name, wherever it was imported from.

    Raises:
        LookupError: Nothing defines it.
    """
    for node in tree_of(path).body:
        if node_name(node) == name:
            return path, node
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return definition_of(file_of(node.module), alias.name)
    raise LookupError(f"{path}: nothing defines '{name}'.")


def file_of(module):
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def node_name(node):
    """Name that a statement defines, None if it is no class, function or constant."""
    if isinstance(node, OBJECTS):
        return node.name
    return assigned(node) if isinstance(node, ast.Assign) else None


def assigned(node):
    return getattr(node.targets[0], "id", None)


@functools.cache
def imported_by_users():
    """(module, name) of all that programs, figures and pages import, a set."""
    trees = [
        tree_of(path)
        for folder in USERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        # A block that is only a fragment, as a decorator, imports nothing.
        trees += [ast.parse(block) for block in blocks if " import " in block]
    return frozenset(
        (node.module, alias.name)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


if __name__ == "__main__":
    main()
