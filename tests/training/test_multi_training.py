"""The main job as a user runs it: one command and its folder."""

import csv
import json
import os
import re
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.drill import arrays_of
from training import multi_training
from v1model.activity_files import read_activity
from v1model.callbacks import StepTimer
from v1model.config import TASKS

# Trials of 200 ms, the smallest column that can be built.
SMALL = (
    "--task=10class",
    "--neurons=500",
    "--neurons_per_output=2",
    "--seq_len=200",
    "--post_delay=50",
    "--post_chunks=0",
    "--batch_size=2",
    "--steps_per_epoch=3",
    "--val_steps=2",
    "--log_activity_every=0",
)


def run(tmp_path, monkeypatch, *arguments):
    """Runs the program in this process; returns the run folder."""
    command = ["multi_training.py", *SMALL, f"--results_dir={tmp_path}", *arguments]
    monkeypatch.setattr(sys, "argv", command)
    multi_training.cli()
    return tmp_path / "run"


def test_a_run_leaves_a_complete_folder(tmp_path, monkeypatch, capsys):
    folder = run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=1")
    result = json.loads((folder / "result.json").read_text())
    scores = result["tasks"]["10class"]
    assert scores["responses"] == 4
    assert 0 <= scores["accuracy_interval"][0] <= scores["accuracy_interval"][1] <= 1
    assert result["steps"] == 3
    assert result["stopped"] == "n_epochs"
    assert result["seconds_per_step"] > 0
    assert 0 < result["minutes"] < 10
    assert result["peak_memory_gb"] > 0
    assert json.loads((folder / "state.json").read_text())["state"] == "finished"
    (start,) = json.loads((folder / "starts.json").read_text())
    assert start["pid"] == os.getpid() and "CPU:0" in start["devices"]
    assert json.loads((folder / "config.json").read_text())["network"]["neurons"] == 500
    names = {path.name for path in (folder / "checkpoints").iterdir()}
    assert names == {"latest.weights.h5", "best.weights.h5", "column.keras"}
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1"]
    printed = capsys.readouterr().out
    assert "chance 0.250" in printed
    assert "3 steps in " in printed
    assert "ended by n_epochs" in printed


def test_tensorboard_has_the_numbers_that_matter(tmp_path, monkeypatch):
    folder = run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=1")
    events = EventAccumulator(str(folder / "logs" / "train"))
    events.Reload()
    tags = set(events.Tags()["tensors"])
    losses = {"loss", "response_loss", "rate_loss", "voltage_loss"}
    assert losses | {"accuracy", "chance", "rate_hz", "seconds_per_step"} <= tags
    assert {"rate_hz/e23", "rate_hz/i6Pvalb", "learning_rate"} <= tags


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data_dir=nowhere"], "data_dir nowhere does not exist"),
        (["--restore_from=no.keras"], "restore_from no.keras does not exist"),
        (["--neurons_per_output=30"], "neurons_per_output 30 needs 450"),
        (["--seq_len=250"], "200 ms, got 250"),
        (["--neurons=499"], "499"),
    ],
)
def test_wrong_input_ends_with_one_line(tmp_path, monkeypatch, arguments, message):
    with pytest.raises(SystemExit, match=message):
        run(tmp_path, monkeypatch, "--run_name=run", *arguments)
    state = json.loads((tmp_path / "run" / "state.json").read_text())
    assert state["state"] == "failed"


def result_of(folder):
    return json.loads((folder / "result.json").read_text())


def test_ctrl_c_ends_with_a_line_that_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def interrupt(experiment, callbacks):
        raise KeyboardInterrupt

    monkeypatch.setattr("v1model.experiments.ColumnExperiment.train", interrupt)
    with pytest.raises(SystemExit) as end:
        run(tmp_path, monkeypatch, "--run_name=run")
    assert end.value.code == 130
    assert "--run_name=run goes on" in capsys.readouterr().err
    state = json.loads((tmp_path / "run" / "state.json").read_text())
    assert state["state"] == "killed"


def test_training_ends_when_the_accuracy_no_longer_rises(tmp_path, monkeypatch):
    """With a learning rate of almost 0 every validation is like the first."""
    options = ["--run_name=run", "--steps_per_epoch=4", "--validate_every=2"]
    options += ["--patience=2", "--n_epochs=5", "--learning_rate=1e-12"]
    result = result_of(run(tmp_path, monkeypatch, *options))
    assert (result["stopped"], result["steps"]) == ("patience", 6)


def test_training_ends_with_its_time(tmp_path, monkeypatch):
    options = ["--run_name=run", "--n_epochs=5", "--max_time=1e-9"]
    result = result_of(run(tmp_path, monkeypatch, *options))
    assert (result["stopped"], result["steps"]) == ("max_time", 1)


@pytest.fixture
def broken_by_step_5(monkeypatch):
    """Weights that become NaN behind step 4, in the second epoch of three steps."""
    original = StepTimer.on_train_batch_end

    def broken(self, batch, logs=None):
        original(self, batch, logs)
        if int(self.model.optimizer.iterations) == 4:
            weights = self.model.column.rsnn.cell.recurrent_weights
            weights.assign(weights * float("nan"))

    monkeypatch.setattr(StepTimer, "on_train_batch_end", broken)


def test_a_nan_stops_with_step_task_and_last_good_backup(
    tmp_path, monkeypatch, broken_by_step_5
):
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=3")
    folder = tmp_path / "run"
    latest = folder / "checkpoints" / "latest.weights.h5"
    text = r"multi_training: the loss is nan at step 5, task 10class \(.*_loss.*\); "
    text += f"the last good backup is {re.escape(str(latest))}, of step 3."
    assert re.fullmatch(text, str(ended.value))
    state = json.loads((folder / "state.json").read_text())
    assert state["state"] == "failed"
    assert "the loss is nan at step 5" in state["error"]
    assert not (folder / "result.json").exists()
    for values in arrays_of(latest).values():
        assert np.isfinite(values).all()


def test_a_nan_that_the_loss_does_not_show_is_not_backed_up(
    tmp_path, monkeypatch, broken_by_step_5
):
    """Without validation, and with the NaN behind the last step of an epoch."""
    options = ["--n_epochs=3", "--steps_per_epoch=2", "--val_steps=0"]
    with pytest.raises(SystemExit, match="not finite after step 4 .* of step 2") as end:
        run(tmp_path, monkeypatch, "--run_name=run", *options)
    assert "weights" in str(end.value)


def test_a_learning_rate_that_is_far_too_high_is_a_nan(tmp_path, monkeypatch):
    message = "(the loss is|not finite) .*there is no backup yet"
    with pytest.raises(SystemExit, match=message):
        run(tmp_path, monkeypatch, "--run_name=run", "--learning_rate=1e30")


def test_held_out_trials_are_drawn_and_training_does_not_feel_it(
    tmp_path, monkeypatch, capfd
):
    """Not even with several steps per call, when a call ends between two pictures."""
    options = ["--n_epochs=2", "--steps_per_epoch=4", "--steps_per_execution=2"]
    plain = run(tmp_path / "plain", monkeypatch, "--run_name=run", *options)
    drawn = ["--log_activity_every=3", "--debug_prints"]
    folder = run(tmp_path / "drawn", monkeypatch, "--run_name=run", *options, *drawn)
    before, after = (
        arrays_of(place / "checkpoints" / "latest.weights.h5")
        for place in (plain, folder)
    )
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value, err_msg=key)
    assert not (plain / "activity").exists()
    activity = read_activity(folder / "activity" / "activity_summary.npz")
    assert activity.steps.tolist() == [2, 4, 6]
    names = sorted(p.name for p in (folder / "activity").glob("raster_step_*.png"))
    assert names == [f"raster_step_{step:08d}.png" for step in (2, 4, 6)]
    assert len(activity.neurons) == 500
    events = EventAccumulator(str(folder / "logs" / "activity"))
    events.Reload()
    assert [event.step for event in events.Tensors("figures/raster")] == [2, 4, 6]
    assert capfd.readouterr().out.count("INPUT CURRENT neuron 0") == 3


def test_prints_need_trials_that_are_drawn(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, "--debug_prints")
    assert "debug_prints needs --log_activity_every" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["latest.weights.h5", "column.keras"])
def test_a_run_starts_from_the_weights_of_another(tmp_path, monkeypatch, name):
    first = run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=1")
    source = first / "checkpoints" / name
    options = ["--run_name=next", "--n_epochs=1", f"--restore_from={source}"]
    run(tmp_path, monkeypatch, *options)
    before, after = (
        arrays_of(folder / "checkpoints" / "latest.weights.h5")
        for folder in (first, tmp_path / "next")
    )
    assert after["optimizer/vars/0"] == 3  # it counts from zero
    # Of all that is stored only the weights of the model are near each other.
    (recurrent,) = [key for key in before if "cell" in key and key.endswith("vars/0")]
    moved = np.abs(after[recurrent] - before[recurrent])
    assert 0 < moved.max() < 0.01  # three steps of Adam from where the first one ended


def test_the_five_tasks_are_trained_together_with_any_readout(tmp_path, monkeypatch):
    """A batch of one, as on the published cluster's replicas; then a linear readout."""
    mixed = ["--task=all", "--seq_len=600", "--post_delay=450", "--post_chunks=8"]
    for name, options in {
        "pools": ["--batch_size=1", "--notrain_readout_scale"],
        "linear": ["--noneuron_output", "--linear_from=L5e,-pools", "--accumulate=2"],
    }.items():
        run(
            tmp_path,
            monkeypatch,
            *mixed,
            f"--run_name={name}",
            "--n_epochs=1",
            "--val_steps=5",
            "--validate_first",
            *options,
        )
        result = json.loads((tmp_path / name / "result.json").read_text())
        assert set(result["tasks"]) == set(TASKS)
        assert all(scores["responses"] > 0 for scores in result["tasks"].values())
        with (tmp_path / name / "metrics.csv").open() as file:
            start, row = csv.DictReader(file)
        assert {f"val_accuracy/{task}" for task in TASKS} <= set(row)
        assert (start["epoch"], start["step"], start["loss"]) == ("0", "0", "")
        for task, scores in result["before"].items():
            assert scores["responses"] == result["tasks"][task]["responses"]
            assert scores["accuracy"] == float(start[f"val_accuracy/{task}"])
