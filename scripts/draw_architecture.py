#!/usr/bin/env python
"""Draws who imports whom in v1model, and writes the table of levels beside it.

Reads the source and tests/levels.py; writes docs/figures/architecture.png,
architecture.csv (what the picture shows, which a test compares with the source) and the
table in docs/architecture.md.
"""

import ast
import csv
import io
import pathlib
import runpy

from v1model.atomic import write_text
from visualization.architecture import dependency_picture
from visualization.files import write_figure

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "v1model"
FIGURES = ROOT / "docs" / "figures"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- levels: scripts/draw_architecture.py -->", "<!-- end -->"
ROOMS = {
    "column": {"lgn", "network", "losses", "engine", "stimuli", "models", "task_config"}
    | {"activity", "tuning", "assembly", "backup", "simulation", "recorder"}
    | {"activity_files", "experiments", "trained_run", "column_recording"},
    "latent": {"latent", "voltage_networks"},
    "cnn": {"cnn", "known_v1"},
    "decoder": {"decoders", "presentations", "neuropixels"},
}


def levels():
    """Names of each level that the package has, the lowest first."""
    table = runpy.run_path(str(ROOT / "tests" / "levels.py"))["LEVELS"]
    there = set(sources())
    return [sorted(names & there) for names in table]


def sources():
    """Files of each part of the package, dict of lists of paths."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if name != "__init__":
            found.setdefault(name, []).append(path)
    return found


def imports():
    """Parts of the package that each part imports, dict of sets."""
    return {
        name: {other for path in paths for other in _imported(path)} - {name}
        for name, paths in sources().items()
    }


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE.name and parts[1:2] and parts[1] != "__version__":
                yield parts[1]


def table_text():
    """The picture as text: a row per part, its level and what it imports."""
    level = {name: k for k, names in enumerate(levels()) for name in names}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("name", "level", "room", "imports"))
    for name, others in sorted(imports().items(), key=lambda one: (level[one[0]], one)):
        rows.writerow((name, level[name], rooms()[name], " ".join(sorted(others))))
    return text.getvalue()


def rooms():
    """Room of each part, a dict; those of no single room belong to all."""
    known = {name: room for room, names in ROOMS.items() for name in names}
    return {name: known.get(name, "all rooms") for name in sources()}


def levels_text():
    """The table of levels for the page, from the first lines of the docstrings."""
    lines = ["| level | part | what it is |", "|---:|---|---|"]
    for level, names in reversed(list(enumerate(levels()))):
        lines += [f"| {level} | `{name}` | {_summary(name)} |" for name in names]
    return "\n".join(lines)


def _summary(name):
    folder = PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return text.splitlines()[0].rstrip(".").replace("|", "\\|")


def page_text():
    """The page with its table of levels as the source is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{levels_text()}\n\n{END}{rest.split(END)[1]}"


def main():
    figure = dependency_picture(levels(), imports(), rooms())
    write_figure(figure, FIGURES / "architecture.png", dpi=130)
    write_text(FIGURES / "architecture.csv", table_text())
    write_text(PAGE, page_text())
    print(f"wrote {PAGE} and {FIGURES / 'architecture.png'}")


if __name__ == "__main__":
    main()
