"""Small run folders, as a training leaves them, for the tests of reports."""

import csv
import dataclasses

import numpy as np
from PIL import Image

from v1model.config import ColumnTrainConfig
from v1model.runs import Run
from v1model.task_config import TaskConfig

COMMAND = ("training/multi_training.py", "--n_epochs", "3", "--comment", "two words")
STEPS = (0, 5, 10, 15)
SCORES = {
    "accuracy": 0.75,
    "balanced_accuracy": 0.7,
    "chance": 0.5,
    "responses": 40.0,
    "response_loss": 0.4,
    "accuracy_interval": [0.6, 0.85],
}
RESULT = {
    "tasks": {"10class": SCORES},
    "before": {"10class": SCORES | {"accuracy": 0.25}},
    "steps": 15,
    "stopped": "n_epochs",
    "minutes": 1.5,
    "seconds_per_step": 0.25,
    "peak_memory_gb": 1.2,
}


def make_run(folder, name="small", **options):
    """A run that has begun; `options` are of ColumnTrainConfig."""
    trials = TaskConfig(task="10class")
    config = ColumnTrainConfig(trials=trials, n_epochs=3, run_name=name)
    config = dataclasses.replace(config, **options)
    return Run.create(folder, name, config, list(COMMAND))


def epochs():
    """Columns of a table with a validation before the first step, 4 rows."""
    nan = np.nan
    return {
        "epoch": [0, 1, 2, 3],
        "step": [*STEPS],
        "seconds": [0.0, 20.0, 40.0, 60.0],
        "val_accuracy": [0.25, 0.5, 0.625, 0.75],
        "val_chance": [0.5] * 4,
        "val_responses": [40.0] * 4,
        "val_loss": [0.9, 0.8, 0.7, 0.6],
        "val_rate_hz": [1.0, 2.0, 3.0, 4.0],
        "val_rate_hz/e4": [2.0, 2.5, 3.0, 3.5],
        "val_rate_hz/i4Pvalb": [6.0, 7.0, 8.0, 9.0],
        "accuracy": [nan, 0.4, 0.6, 0.8],
        "chance": [nan, 0.5, 0.5, 0.5],
        "loss": [nan, 0.85, 0.75, 0.65],
        "rate_hz": [nan, 1.5, 2.5, 3.5],
        "learning_rate": [nan, 0.001, 0.001, 0.001],
    }


def write_epochs(run, columns):
    """Writes metrics.csv as a training does: NaN is an empty cell."""
    with run.metrics_csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow(["" if value != value else value for value in row])


def write_pictures(run, steps, kinds=("raster", "output"), size=(320, 200)):
    """Pictures of noise, which no format makes small; each step has a colour."""
    folder = run.path / "activity"
    for step in steps:
        rng = np.random.default_rng(step)
        sample = folder / f"sample_{step:08d}"
        sample.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{kind}_step_{step:08d}.png" for kind in kinds]
        for path in [*paths, sample / "batch_predictions.png"]:
            noise = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
            Image.fromarray(noise).save(path)


def finished_run(folder, name="small", steps=STEPS, **options):
    """A finished run with everything that a run can have."""
    run = make_run(folder, name, **options)
    write_epochs(run, epochs())
    write_pictures(run, steps)
    (run.path / "activity" / "network_state.txt").write_text("4 layers\n")
    run.write_result(RESULT)
    run.mark("finished")
    return run
