"""Grids as arrays of SLURM tasks, with a stand-in for scontrol."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from tests.grids.grids import write_grid
from training import grid
from training.grid_options import GridOptions
from training.grid_slurm import ranges_of
from v1model.runs import Run

ROOT = pathlib.Path(__file__).parents[2]
# Stands for Python: runs the fake training in place of the column's.
PROGRAM = """\
import sys, training.grid, training.grid_plan
from v1model.rooms import ROOMS
room = ROOMS["column"]._replace(program="tests.grids.fake_training")
training.grid_plan.ROOMS = {**ROOMS, "column": room}
sys.argv = ["grid.py", *sys.argv[1:]]
training.grid.cli()
"""


def script_of(folder, monkeypatch, seeds):
    """Path of the script for a grid with such seeds."""
    monkeypatch.chdir(ROOT)
    path = write_grid(folder, seeds=seeds)
    grid.main(path, GridOptions(slurm=str(folder / "slurm"), hours=1.5))
    path.unlink()  # tasks read their own copy
    return folder / "slurm" / "grid.sbatch"


def start(script, task):
    """Starts the script as task `task` of job 42."""
    folder = script.parent
    programs = {
        "scontrol": f'echo "$@" > {folder}/asked',
        "python": f'exec {os.sys.executable} {folder}/grid.py "${{@:3}}"',
    }
    (folder / "grid.py").write_text(PROGRAM, encoding="utf-8")
    for name, body in programs.items():
        program = folder / name
        program.write_text(f"#!/usr/bin/env bash\n{body}\n")
        program.chmod(0o755)
    variables = {"SLURM_ARRAY_JOB_ID": "42", "SLURM_ARRAY_TASK_ID": str(task)}
    paths = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        ["bash", script],
        env={**os.environ, **paths, **variables},
        stdout=subprocess.DEVNULL,
    )


def runs_in(folder):
    return sorted(path for path in (folder / "results").glob("seed*") if path.is_dir())


def test_a_task_is_the_run_of_its_number(tmp_path, monkeypatch, capsys):
    script = script_of(tmp_path, monkeypatch, [5, 6, 7])
    assert f"3 tasks: sbatch {script}" in capsys.readouterr().out
    text = script.read_text(encoding="utf-8")
    assert "#SBATCH --array=1-3\n" in text
    assert "#SBATCH --time=01:30:00\n" in text
    subprocess.run(["bash", "-n", script], check=True)
    assert start(script, 2).wait(60) == 0
    (run,) = runs_in(tmp_path)
    assert Run.open(run).config["network"]["seed"] == 6
    assert Run.open(run).state["state"] == "finished"
    assert not (script.parent / "asked").exists()


def test_finished_runs_are_no_tasks(tmp_path, monkeypatch):
    script = script_of(tmp_path, monkeypatch, [5, 6, 7])
    start(script, 2).wait(60)
    script = script_of(tmp_path, monkeypatch, [5, 6, 7])
    (tasks,) = re.findall(r"--array=(\S+)", script.read_text(encoding="utf-8"))
    assert tasks == "1,3"


def test_all_finished_runs_leave_nothing_to_do(tmp_path, monkeypatch):
    start(script_of(tmp_path, monkeypatch, [5]), 1).wait(60)
    with pytest.raises(SystemExit, match="all 1 runs are finished"):
        script_of(tmp_path, monkeypatch, [5])


def test_a_task_whose_time_is_up_is_queued_again_and_goes_on(tmp_path, monkeypatch):
    script = script_of(tmp_path, monkeypatch, [15])
    task = start(script, 1)
    deadline = time.monotonic() + 30
    while not any((tmp_path / "results").glob("*/metrics.csv")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    task.send_signal(signal.SIGTERM)
    assert task.wait(60) == 143
    assert (script.parent / "asked").read_text() == "requeue 42_1\n"
    (path,) = (
        p for p in (tmp_path / "results").iterdir() if (p / "config.json").exists()
    )
    assert Run.open(path).state["state"] == "killed"
    assert start(script, 1).wait(60) == 0
    assert Run.open(path).state["state"] == "finished"
    assert len(Run.open(path).starts) == 2


def test_numbers_are_told_as_ranges():
    assert ranges_of([3, 1, 2, 7, 9, 10]) == "1-3,7,9-10"
