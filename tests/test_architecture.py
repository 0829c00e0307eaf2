"""The shape of the source: who may import whom, and where things lie."""

import ast
import configparser
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
CODE = sorted((ROOT / "v1model").rglob("*.py"))
INSTALLED = [
    path
    for folder in ("v1model", "training", "visualization")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
]
SCRIPTS = (
    "scripts/quickstart",
    "scripts/check",
    "scripts/slurm/train.sbatch",
    ".ci/run",
)

# A module may import from strictly lower levels, and from its own folder.
LEVELS = (
    {"options"},
    {"distribution_config", "task_config"},
    {"config", "flags", "metrics", "atomic", "slurm", "activity"},
    {"cluster", "lgn", "losses", "runs", "finite", "disk", "schedules", "tuning"},
    {"distribution", "network"},
    {"engine"},
    {"stimuli", "models"},
    {"assembly", "backup", "callbacks", "simulation", "recorder", "activity_files"},
    {"experiments", "trained_run"},
)
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
FORBIDDEN_IN_CORE = {"training", "visualization", "matplotlib", "seaborn"}
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


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_imports_point_down(path):
    place = path.relative_to(ROOT).with_suffix("").parts[1]
    if place == "__init__":
        assert list(imports(path)) == []
        return
    assert place in LEVEL, f"{place} has no level; give it one in LEVELS"
    for name in imports(path):
        head = name.split(".")
        assert head[0] not in FORBIDDEN_IN_CORE, f"the core must not import {name}"
        if head[0] == "v1model" and head[1:2] and head[1] not in {place, "__version__"}:
            is_below = LEVEL[head[1]] < LEVEL[place]
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


@pytest.mark.parametrize("path", CODE, ids=name_of)
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
