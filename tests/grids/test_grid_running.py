"""Running grids: with trainings that take no time, as processes."""

import csv
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from tests.grids.grids import write_grid
from training import grid, grid_plan, grid_running
from training.grid_ledger import Ledger
from training.grid_options import GridOptions
from training.grid_running import Crew, Job, last_lines
from v1model.file_lock import file_lock
from v1model.grids import load_grid
from v1model.rooms import ROOMS
from v1model.runs import Run
from v1model.runs.index import find_runs

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Trainings are those of `fake_training`, looked at often."""
    room = ROOMS["column"]._replace(program="tests.grids.fake_training")
    monkeypatch.setattr(grid_plan, "ROOMS", {**ROOMS, "column": room})
    monkeypatch.setattr(grid_running, "POLL_S", 0.02)
    monkeypatch.setattr(grid_running, "LOOK_S", 0.0)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


class Silence:
    """A report of nothing, that calls `each` on the way."""

    def __init__(self, each=lambda crew: None):
        self.going = each
        self.n_started = 0

    def started(self, run, standing):
        self.n_started += 1

    def ended(self, outcome):
        pass

    def ending(self, n_active):
        pass


def ledger_of(folder, seeds):
    path = write_grid(folder, seeds=seeds)
    found = load_grid(path)
    ledger = Ledger(found, grid_plan.planned_runs(found, path))
    ledger.begin(path.read_text(encoding="utf-8"))
    return ledger


def work(ledger, jobs=1, report=None, **options):
    outcomes = Crew(ledger, jobs, report or Silence(), **options).work(ledger.runs)
    return [one.state for one in outcomes]


def table_of(ledger):
    with (ledger.folder / "runs.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_runs_are_made_and_a_second_time_none(tmp_path):
    ledger = ledger_of(tmp_path, [1, 2, 3])
    assert work(ledger, jobs=2) == ["finished"] * 3
    rows = table_of(ledger)
    assert [row["seed"] for row in rows] == ["1", "2", "3"]
    assert {row["state"] for row in rows} == {"finished"}
    assert [float(row["correct"]) for row in rows] == [0.01, 0.02, 0.03]
    output = ledger.folder_of(ledger.runs[0]) / "output.log"
    assert "training with seed 1" in output.read_text(encoding="utf-8")
    assert not [*ledger.hidden.glob("*.log")]
    report = Silence()
    assert work(ledger, report=report) == ["before"] * 3
    assert report.n_started == 0


def test_a_run_that_fails_does_not_stop_the_others(tmp_path, capsys):
    path = write_grid(tmp_path, seeds=[1, 13, 2])
    with pytest.raises(SystemExit, match="1 of 3 runs failed"):
        grid.main(path, GridOptions())
    out = capsys.readouterr().out
    assert "failed, exit status 1" in out
    assert "ValueError: seed 13 brings bad luck" in out
    assert "3 runs: 1 failed, 2 finished" in out


def test_the_grid_can_stop_at_the_first_failure(tmp_path):
    ledger = ledger_of(tmp_path, [13, 1])
    assert work(ledger, keeps_going=False) == ["failed"]


def test_a_run_that_was_killed_is_resumed_by_the_same_command(tmp_path):
    ledger = ledger_of(tmp_path, [14])
    assert work(ledger) == ["killed"]
    assert table_of(ledger)[0]["state"] == "killed"
    assert work(ledger) == ["finished"]
    run = Run.open(ledger.folder_of(ledger.runs[0]))
    first, second = (start["command"] for start in run.starts)
    assert first == second


def test_no_run_is_made_twice_by_two_grids_at_once(tmp_path):
    ledger = ledger_of(tmp_path, [16, 1, 2, 3, 4])
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(work(ledger))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = [state for one in found for state in one]
    assert states.count("finished") == 5
    assert set(states) <= {"finished", "before", "elsewhere"}
    for run in ledger.runs:
        assert len(Run.open(ledger.folder_of(run)).starts) == 1


def test_a_run_stays_locked_as_long_as_its_training_lives(tmp_path):
    """Even if the grid that started it is gone."""
    ledger = ledger_of(tmp_path, [15])
    run = ledger.runs[0]
    path = ledger.hidden / f"{run.identity}.lock"
    with file_lock(path, waits=False) as handle:
        job = Job(run, ledger, None, handle)
    try:
        with pytest.raises(BlockingIOError), file_lock(path, waits=False):
            pass
        deadline = time.monotonic() + 20
        while not ledger.standing(run).n_epochs:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert work(ledger) == ["elsewhere"]
    finally:
        job.process.kill()
        job.process.wait()
    assert work(ledger) == ["finished"]


def test_ctrl_c_ends_the_trainings_and_the_next_grid_goes_on(tmp_path):
    ledger = ledger_of(tmp_path, [15, 1])
    deadline = time.monotonic() + 20

    def interrupt(crew):
        assert time.monotonic() < deadline
        if ledger.standing(ledger.runs[0]).n_epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(ledger, report=Silence(interrupt))
    states = [row["state"] for row in table_of(ledger)]
    assert states == ["killed", "waiting"]
    assert work(ledger) == ["finished", "finished"]


def test_a_run_that_died_on_another_machine_goes_on_here(tmp_path):
    """Its state says "running", and nobody holds it: a task that was queued again."""
    ledger = ledger_of(tmp_path, [14])
    work(ledger)
    path = ledger.folder_of(ledger.runs[0])
    starts = json.loads((path / "starts.json").read_text(encoding="utf-8"))
    starts[-1]["host"] = "another machine"
    (path / "starts.json").write_text(json.dumps(starts), encoding="utf-8")
    assert ledger.standing(ledger.runs[0]).state == "running"
    assert work(ledger) == ["finished"]


def test_a_run_that_is_trained_by_hand_is_left_alone(tmp_path):
    ledger = ledger_of(tmp_path, [15])
    run = ledger.runs[0]
    by_hand = subprocess.Popen(run.command(ledger.grid))
    try:
        deadline = time.monotonic() + 20
        while not ledger.standing(run).n_epochs:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert work(ledger) == ["elsewhere"]
    finally:
        by_hand.kill()
        by_hand.wait()


def test_a_folder_of_results_is_nothing_but_runs_for_the_index(tmp_path):
    ledger = ledger_of(tmp_path, [1])
    work(ledger)
    for name in ("comparison", "simulated"):
        (ledger.folder / name).mkdir()
    found = find_runs(ledger.folder)
    assert [one.name for one in found.runs] == [ledger.runs[0].name]
    assert found.problems == []


def test_a_run_is_found_by_its_hash_whatever_it_is_called(tmp_path):
    """A grid that gets more axes has other words for the same runs."""
    ledger = ledger_of(tmp_path, [1])
    work(ledger)
    more = ledger_of(tmp_path, [1, 2])
    assert more.runs[0].name != ledger.runs[0].name
    assert more.runs[0].identity == ledger.runs[0].identity
    assert work(more) == ["before", "finished"]


def test_the_folder_says_what_the_grid_is(tmp_path):
    ledger = ledger_of(tmp_path, [1, 2])
    about = json.loads((ledger.folder / "grid.json").read_text(encoding="utf-8"))
    assert [run["name"] for run in about["runs"]] == [run.name for run in ledger.runs]
    assert about["grid"]["seeds"] == [1, 2]
    copy = (ledger.folder / "grid.yaml").read_text(encoding="utf-8")
    assert copy == (tmp_path / "grid.yaml").read_text(encoding="utf-8")
    assert [row["state"] for row in table_of(ledger)] == ["waiting", "waiting"]


def test_the_end_of_an_output_is_told_without_empty_lines(tmp_path):
    path = tmp_path / "output.log"
    path.write_bytes(b"x" * 10_000 + b"\na\r\n\nb\xff\rc\n\n")
    assert last_lines(path, 3) == ["a", "b\ufffd", "c"]
    assert last_lines(tmp_path / "none.log") == []


def test_some_runs_can_be_chosen(tmp_path, capsys):
    path = write_grid(tmp_path, seeds=[1, 2, 3])
    grid.main(path, GridOptions(only="seed2"))
    grid.main(path, GridOptions(task=3))
    out = capsys.readouterr().out
    assert out.count("finished: ") == 2
    assert "[2] seed2" in out
    assert "[3] seed3" in out
    for options, words in (
        (GridOptions(only="seed9"), "only must fit one of the runs"),
        (GridOptions(task=4), "task must be at most 3"),
    ):
        with pytest.raises(SystemExit, match=words):
            grid.main(path, options)
