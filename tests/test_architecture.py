"""The shape of the source: who may import whom, and where things lie."""

import ast
import configparser
import os
import pathlib
import subprocess
import sys

import pytest

from tests.levels import LEVELS, VISUALIZATION_LEVELS, levels

ROOT = pathlib.Path(__file__).parents[1]
CODE = sorted((ROOT / "v1model").rglob("*.py"))
INSTALLED = [
    path
    for folder in ("v1model", "training", "visualization")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
]
LEVELLED = [
    path
    for path in INSTALLED
    if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "training"
]
SCRIPTS = (
    "scripts/quickstart",
    "scripts/check",
    "scripts/check_allen",
    "scripts/slurm/train.sbatch",
    ".ci/run",
)

LEVEL = {
    "v1model": levels(LEVELS),
    "visualization": levels(VISUALIZATION_LEVELS),
}
FORBIDDEN = {
    "v1model": {"training", "visualization", "matplotlib", "seaborn"},
    "visualization": {"matplotlib.pyplot", "seaborn"},  # pyplot has global state
}
LONGEST_FILE = 400  # lines


def name_of(path):
    return str(path.relative_to(ROOT))


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import on line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", LEVELLED, ids=name_of)
def test_imports_point_down(path):
    package, place = path.relative_to(ROOT).with_suffix("").parts[:2]
    level = LEVEL[package]
    if place == "__init__":
        assert [name for name in imports(path) if name.split(".")[0] in LEVEL] == []
        return
    assert place in level, f"{place} has no level; give it one in {package}'s"
    for name in imports(path):
        head = name.split(".")
        is_forbidden = {head[0], ".".join(head[:2])} & FORBIDDEN[package]
        assert not is_forbidden, f"{package} must not import {name}"
        if head[0] == package and head[1:2] and head[1] not in {place, "__version__"}:
            is_below = level[head[1]] < level[place]
            assert is_below, f"{place} must not import {name}"


def test_every_module_is_imported_where_matplotlib_does_not_exist():
    """Keras imports matplotlib where it can, so its absence is what can be tested."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in CODE
    ]
    program = (
        "import importlib, sys\n"
        "sys.modules['matplotlib'] = None\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
    )
    command = [sys.executable, "-c", program, *names]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_command_line_does_not_wait_for_tensorflow():
    program = (
        "import sys, v1model.config, v1model.flags, v1model.metrics, v1model.runs\n"
        "sys.exit('tensorflow' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("path", LEVELLED, ids=name_of)
def test_a_module_is_small_and_named_after_its_content(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    assert path.stem not in {"utils", "common", "misc", "helpers"}


def test_every_folder_of_code_is_a_package():
    """Otherwise `pip install .` leaves it out."""
    folders = {path.parent for path in INSTALLED if path.suffix == ".py"}
    bare = [name_of(path) for path in folders if not (path / "__init__.py").exists()]
    assert bare == []


def test_every_data_file_is_installed():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    patterns = settings["options.package_data"]["*"].split()
    for path in INSTALLED:
        if path.suffix == ".py":
            continue
        package = next(p for p in path.parents if (p / "__init__.py").exists())
        inside = path.relative_to(package)
        is_installed = any(inside.match(pattern) for pattern in patterns)
        assert is_installed and len(inside.parts) == 2, f"{name_of(path)} is left out"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_executable_and_valid_bash(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", path], check=True)


def test_no_two_classes_are_saved_by_keras_under_one_name():
    """The later one would be made from the files of both."""
    names = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            decorators = getattr(node, "decorator_list", [])
            if any("register_keras_serializable" in ast.unparse(d) for d in decorators):
                names.append(node.name)
    assert sorted(names) == sorted(set(names))
