"""The main job on several devices and in several processes, as a user runs it."""

import csv
import json

import numpy as np
import pytest

from tests.training.test_multi_training import arrays_of
from tests.workers import SMALL, Workers
from v1model.activity_files import read_activity
from v1model.config import TASKS


def rows_of(folder):
    with (folder / "run" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_worker_that_dies_and_comes_back_changes_nothing(tmp_path):
    """Killed with SIGKILL after the first epoch of two, beside an undisturbed job."""
    options = [*SMALL, "--batch_size=1", "--n_epochs=2", "--run_name=run"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    with Workers(whole, options) as undisturbed, Workers(broken, options) as disturbed:
        latest = broken / "run" / "checkpoints" / "latest.weights.h5"
        disturbed.wait_for(latest)
        disturbed.restart(1)
        assert disturbed.statuses() == [0, 0], disturbed.log(0)[-3000:]
        assert undisturbed.statuses() == [0, 0], undisturbed.log(0)[-3000:]
        assert disturbed.log(0).count("another worker was lost") == 1
        # Only the chief shows progress and the result.
        assert "run folder" in disturbed.log(0)
        assert "epoch" not in disturbed.log(1)
        assert "run folder" not in disturbed.log(1)
    for name in ("latest.weights.h5", "best.weights.h5"):
        weights = arrays_of(whole / "run" / "checkpoints" / name)
        found = arrays_of(broken / "run" / "checkpoints" / name)
        assert set(found) == set(weights)
        for key, value in weights.items():
            np.testing.assert_array_equal(found[key], value, err_msg=key)
    losses = [[row["loss"] for row in rows_of(folder)] for folder in (whole, broken)]
    assert len(losses[0]) == 2
    assert losses[0] == losses[1]
    state = json.loads((broken / "run" / "state.json").read_text())
    assert state["state"] == "finished"
    for folder in (whole, broken):  # by the chief, which draws while the other waits
        activity = read_activity(folder / "run/activity/activity_summary.npz")
        assert activity.steps.tolist() == [1, 3]
    starts = json.loads((broken / "run" / "starts.json").read_text())
    assert len(starts) == 2  # of the chief


def test_two_workers_do_what_one_process_does_with_both_trials(tmp_path):
    """Every number before and after two epochs of Adam; the workers are SLURM's."""
    options = [*SMALL, "--n_epochs=2", "--run_name=run", "--validate_first"]
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder in (alone, together):
        folder.mkdir()
    with (
        Workers(alone, [*options, "--batch_size=2"], n=1) as one,
        Workers(together, [*options, "--batch_size=1"], slurm=True) as two,
    ):
        assert two.statuses() == [0, 0], two.log(0)[-3000:]
        assert one.statuses() == [0], one.log(0)[-3000:]
    first, second = rows_of(alone), rows_of(together)
    assert [row.keys() for row in first] == [row.keys() for row in second]
    assert [row["step"] for row in first] == ["0", "2", "4"]
    assert float(first[1]["loss"]) != float(first[2]["loss"])
    for name in first[0].keys() - {"seconds", "seconds_per_step"}:
        expected = [float(row[name] or 0) for row in first]
        found = [float(row[name] or 0) for row in second]
        # Adam's steps keep their size where a gradient is all rounding.
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6), name


def test_five_replicas_train_the_five_tasks_in_one_step(tmp_path):
    options = [*SMALL, "--task=all", "--seq_len=600", "--pre_delay=50"]
    options += ["--post_delay=450", "--pre_chunks=3", "--post_chunks=8"]
    options += ["--neurons_per_output=1", "--batch_size=1", "--steps_per_epoch=1"]
    # Tracing the stepwise engine five times over takes most of the time of the test.
    options += ["--engine=compiled", "--n_epochs=1"]
    options += ["--strategy=mirrored", "--replicas=5"]
    with Workers(tmp_path, [*options, "--run_name=run"], n=1) as job:
        assert job.statuses() == [0], job.log(0)[-3000:]
    (row,) = rows_of(tmp_path)
    for task in TASKS:
        assert float(row[f"responses/{task}"]) == 1
        assert float(row[f"response_loss/{task}"]) > 0
    facts = json.loads((tmp_path / "run" / "facts.json").read_text())
    assert facts == {"replicas": 5}
