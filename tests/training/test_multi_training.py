"""The main job as a user runs it: one command, its folder, and a kill in between."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training import multi_training
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
)


def arrays_of(path):
    """Every dataset of an HDF5 file by its name."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


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
    assert result["seconds_per_step"] > 0
    assert result["peak_memory_gb"] > 0
    assert json.loads((folder / "state.json").read_text())["state"] == "finished"
    assert json.loads((folder / "config.json").read_text())["network"]["neurons"] == 500
    names = {path.name for path in (folder / "checkpoints").iterdir()}
    assert names == {"latest.weights.h5", "best.weights.h5", "column.keras"}
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1"]
    assert "chance 0.250" in capsys.readouterr().out


def test_tensorboard_has_the_numbers_that_matter(tmp_path, monkeypatch):
    folder = run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=1")
    events = EventAccumulator(str(folder / "logs" / "train"))
    events.Reload()
    tags = set(events.Tags()["tensors"])
    losses = {"loss", "response_loss", "rate_loss", "voltage_loss"}
    assert losses | {"accuracy", "chance", "rate_hz", "seconds_per_step"} <= tags
    assert {"rate_hz/e23", "rate_hz/i6Pvalb"} <= tags


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


def test_a_killed_run_ends_like_one_that_was_not(tmp_path):
    """SIGKILL after the first epoch of two; garrett also carries its state."""
    task = ["--task=garrett", "--seq_len=300"]
    options = [*SMALL, *task, f"--results_dir={tmp_path}", "--n_epochs=2"]
    program = [sys.executable, "-m", "training.multi_training", *options]
    place = {
        "cwd": pathlib.Path(__file__).parents[2],
        "env": {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        "stdout": subprocess.DEVNULL,
    }
    subprocess.run([*program, "--run_name=whole"], check=True, **place)
    victim = subprocess.Popen([*program, "--run_name=killed"], **place)
    latest = tmp_path / "killed" / "checkpoints" / "latest.weights.h5"
    while not latest.exists():
        assert victim.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (tmp_path / "killed" / "result.json").exists()
    subprocess.run([*program, "--run_name=killed"], check=True, **place)

    results = {}
    for name in ("whole", "killed"):
        run_folder = tmp_path / name
        found = arrays_of(run_folder / "checkpoints" / "latest.weights.h5")
        scores = json.loads((run_folder / "result.json").read_text())["tasks"][
            "garrett"
        ]
        with (run_folder / "metrics.csv").open() as file:
            losses = [row["loss"] for row in csv.DictReader(file)]
        results[name] = found, scores, losses
    weights, scores, losses = results["whole"]
    assert len(losses) == 2
    assert results["killed"][2] == losses
    assert results["killed"][1] == scores
    assert set(results["killed"][0]) == set(weights)
    for key, value in weights.items():
        np.testing.assert_array_equal(results["killed"][0][key], value, err_msg=key)


@pytest.mark.parametrize("name", ["latest.weights.h5", "column.keras"])
def test_a_run_starts_from_the_weights_of_another(tmp_path, monkeypatch, name):
    first = run(tmp_path, monkeypatch, "--run_name=run", "--n_epochs=1")
    source = first / "checkpoints" / name
    options = ["--run_name=next", "--n_epochs=1", f"--restore_from={source}"]
    run(tmp_path, monkeypatch, *options)
    result = json.loads((tmp_path / "next" / "result.json").read_text())
    assert result["steps"] == 3  # the optimizer counts from zero
    before, after = (
        arrays_of(folder / "checkpoints" / "latest.weights.h5")
        for folder in (first, tmp_path / "next")
    )
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
            *options,
        )
        result = json.loads((tmp_path / name / "result.json").read_text())
        assert set(result["tasks"]) == set(TASKS)
        assert all(scores["responses"] > 0 for scores in result["tasks"].values())
        with (tmp_path / name / "metrics.csv").open() as file:
            (row,) = csv.DictReader(file)
        assert {f"val_accuracy/{task}" for task in TASKS} <= set(row)
