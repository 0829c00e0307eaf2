"""Runs of the trainer as processes, and what two of them have in common."""

import csv
import json
import os
import pathlib
import subprocess
import sys

import h5py
import numpy as np

from v1model.activity_files import read_activity

ROOT = pathlib.Path(__file__).parents[2]
TRAINER = [sys.executable, str(ROOT / "training" / "multi_training.py")]
STOPPED = [sys.executable, str(ROOT / "tests" / "training" / "stopped_program.py")]
PLACE = {
    "cwd": ROOT,
    "env": {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)},
}
# The smallest column, which also carries its state from trial to trial. Four intervals
# of two steps, in two epochs.
SMALL = (
    "--task=all",
    "--neurons=500",
    "--neurons_per_output=2",
    "--batch_size=3",
    "--n_epochs=2",
    "--steps_per_epoch=4",
    "--validate_every=2",
    "--val_steps=2",
    "--learning_rate_schedule=cosine",
    "--warmup_steps=2",
    "--patience=9",
    "--log_activity_every=3",
)
TIMES = {"seconds", "seconds_per_step"}


def command(folder, program=TRAINER, point=()):
    """The command line of a run with this folder."""
    place = (f"--results_dir={folder.parent}", f"--run_name={folder.name}")
    return [*program, *point, *SMALL, *place]


def start(folder, program=TRAINER, point=()):
    """Starts the run of a folder; returns the ended process."""
    done = command(folder, program, point)
    return subprocess.run(done, capture_output=True, text=True, **PLACE)


def finish(folder):
    """Starts the run of a folder, which has to reach its end."""
    done = start(folder)
    assert done.returncode == 0, done.stderr[-3000:]


def stopped(folder, point):
    """Starts the run of a folder and stops it at a point of `stopped_program`."""
    return start(folder, STOPPED, [point])


def backed_up_step(folder):
    """The steps in the latest backup; 0 without any."""
    path = folder / "checkpoints" / "latest.weights.h5"
    if not path.exists():
        return 0
    with h5py.File(path) as file:
        return int(file.attrs["v1model_step"])


def arrays_of(path):
    """Every dataset of an HDF5 file by its name."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


def state_of(folder):
    return json.loads((folder / "state.json").read_text())


def rows_of(folder):
    """Rows of metrics.csv, without times."""
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


def assert_same_end(folder, whole):
    """Weights, optimizer, table and scores are equal bit for bit.

    And trials of the same steps are drawn.
    """
    for name in ("latest.weights.h5", "best.weights.h5"):
        expected = arrays_of(whole / "checkpoints" / name)
        found = arrays_of(folder / "checkpoints" / name)
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=f"{name} {key}")
    assert backed_up_step(folder) == backed_up_step(whole)
    assert rows_of(folder) == rows_of(whole)
    results = [json.loads((f / "result.json").read_text()) for f in (folder, whole)]
    for key in ("tasks", "steps", "stopped"):
        assert results[0][key] == results[1][key]
    activity = read_activity(folder / "activity" / "activity_summary.npz")
    assert activity.steps.tolist() == [1, 3, 6]
    assert state_of(folder)["state"] == "finished"
    names = {path.name for path in (folder / "checkpoints").iterdir()}
    assert names == {"latest.weights.h5", "best.weights.h5", "column.keras"}
