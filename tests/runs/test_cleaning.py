"""What of runs is removed, and what never is."""

import dataclasses
import os
import time

import pytest

from tests.runs.made import made_run
from v1model.config import ColumnTrainConfig
from v1model.runs import Run, RunInUse
from v1model.runs.cleaning import age_s, bytes_in, removals_of, remove
from v1model.runs.index import find_runs
from v1model.runs.summary import read_summary


def names(removals):
    return [removal.run.name for removal in removals]


@pytest.fixture
def runs(tmp_path):
    for state in ("failed", "finished", "killed"):
        made_run(tmp_path / state, state=state)
    return find_runs(tmp_path).runs


def test_a_run_goes_whole_and_alone(tmp_path, runs):
    (removal,) = removals_of(runs[:1], tmp_path)
    assert removal.n_bytes == bytes_in(tmp_path / "failed") > 500
    remove(removal)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["finished", "killed"]


def test_only_runs_that_were_long_silent_go(tmp_path, runs):
    os.utime(tmp_path / "failed" / "metrics.csv", (time.time() - 5000,) * 2)
    failed, *others = find_runs(tmp_path).runs
    assert age_s(failed) == pytest.approx(5000, abs=60)
    assert names(removals_of([failed, *others], tmp_path, older_s=3600)) == ["failed"]
    assert removals_of([failed, *others], tmp_path, older_s=6000) == []


def test_a_run_that_is_trained_now_never_goes(tmp_path):
    run = Run.create(tmp_path, "one", ColumnTrainConfig(), ["train"], "column")
    before = read_summary(run.path)
    assert removals_of([before], tmp_path) == []
    (removal,) = removals_of([_with_state(before, "killed")], tmp_path)
    with pytest.raises(RunInUse, match="one is running"):
        remove(removal)
    assert run.path.is_dir()


def test_a_run_that_was_taken_up_meanwhile_never_goes(tmp_path, monkeypatch):
    path = made_run(tmp_path / "one", state="killed")
    (removal,) = removals_of([read_summary(path)], tmp_path)

    def taken(folder):
        raise RunInUse(f"{folder} is being trained by process 1 on here.")

    monkeypatch.setattr("v1model.runs.cleaning.take", taken)
    with pytest.raises(RunInUse):
        remove(removal)
    assert path.is_dir()


def _with_state(run, state):
    return dataclasses.replace(run, state=state)


def test_a_folder_that_is_no_run_any_more_stays(tmp_path, runs):
    (removal,) = removals_of(runs[:1], tmp_path)
    (removal.run.path / "config.json").unlink()
    with pytest.raises(ValueError, match="half-written"):
        remove(removal)
    assert removal.run.path.is_dir()


def test_what_a_link_alone_leads_to_stays(tmp_path):
    path = made_run(tmp_path / "elsewhere" / "one", state="failed")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "one").symlink_to(path)
    runs = find_runs(tmp_path / "results").runs
    assert len(runs) == 1
    assert removals_of(runs, tmp_path / "results") == []


def test_a_run_goes_that_a_link_beside_it_leads_to_as_well(tmp_path):
    path = made_run(tmp_path / "deeper" / "one", state="failed")
    (tmp_path / "again").symlink_to(path)
    (tmp_path / "deeper" / "a_link").symlink_to(path)
    (removal,) = removals_of(find_runs(tmp_path).runs, tmp_path)
    remove(removal)
    assert not path.exists() and list((tmp_path / "deeper").glob(".*")) == []


def test_the_folder_of_runs_may_be_named_by_a_link(tmp_path):
    path = made_run(tmp_path / "one", state="failed")
    (tmp_path / "link").symlink_to(path)
    (removal,) = removals_of(find_runs(tmp_path / "link").runs, tmp_path / "link")
    remove(removal)
    assert not path.exists()


def test_a_run_with_a_part_that_is_trained_now_never_goes(tmp_path):
    whole = made_run(tmp_path / "whole", state="killed")
    made_run(whole / "parts" / "old", state="finished")
    (removal,) = removals_of(find_runs(tmp_path).runs, tmp_path)
    assert removal.n_parts == 1
    part = Run.create(whole / "parts", "new", ColumnTrainConfig(), ["train"], "column")
    assert removals_of(find_runs(tmp_path).runs, tmp_path) == []
    with pytest.raises(RunInUse, match="new is running"):
        remove(removal)
    assert part.path.is_dir()


def test_checkpoints_that_lie_elsewhere_stay(tmp_path):
    path = made_run(tmp_path / "results" / "one", state="finished")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("best.h5", "latest.h5"):
        (elsewhere / name).write_text("")
    (path / "checkpoints").rmdir()
    (path / "checkpoints").symlink_to(elsewhere)
    runs = find_runs(tmp_path / "results").runs
    assert removals_of(runs, tmp_path / "results", checkpoints=True) == []


@pytest.mark.parametrize(
    "files, spare",
    [
        (("best.h5", "final.h5", "latest.h5"), ["latest.h5"]),
        (
            ("best.weights.h5", "column.keras", "latest.weights.h5"),
            ["latest.weights.h5"],
        ),
        (("latest.h5",), []),
        ((), []),
    ],
)
def test_checkpoints_go_without_the_best_and_the_final_one(tmp_path, files, spare):
    path = made_run(tmp_path / "one")
    for name in files:
        (path / "checkpoints" / name).write_bytes(b"x" * 100)
    removals = removals_of(find_runs(tmp_path).runs, tmp_path, checkpoints=True)
    assert [one.name for removal in removals for one in removal.paths] == spare
    for removal in removals:
        assert removal.n_bytes == 100
        remove(removal)
    left = {file.name for file in (path / "checkpoints").iterdir()}
    assert left == set(files) - set(spare)
    assert read_summary(path).state == "finished"


def test_links_count_no_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 10)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    assert bytes_in(tmp_path) == 10
