"""Spiking columns on the held-out trials of their own tasks."""

import dataclasses
import json
import tempfile

import pandas as pd

from training.evaluating.places import CHECKPOINTS, folder_of_run
from training.evaluating.tables import share_right, write_numbers
from training.quiet_start import quiet_start, start_tensorflow
from v1model.atomic import write_frame
from v1model.config import ColumnTrainConfig
from v1model.distribution_config import DistributionConfig
from v1model.options import from_dict
from v1model.runs import Run

PART = "validation"  # the only trials that are held out


def judge(runs, options, out):
    """Writes everything; the main numbers, by what they are of.

    The network is made anew with the weights of the run, in a folder of its own: the
    run may still be training.

    Args:
        runs: Paths by name.
        options: EvaluateOptions.
        out: Folder.

    Raises:
        OSError, ValueError: A run is wrong.
    """
    if options.part not in ("", "test", PART):
        raise ValueError(
            f"--part must be test or {PART} for a column, whose held-out trials are "
            f"one set, got {options.part}."
        )
    configs = {name: _config_of(path) for name, path in runs.items()}
    start_tensorflow()
    from v1model.experiments import ColumnExperiment
    from v1model.judging.column import answer_rows

    found = {}
    for name, config in configs.items():
        with tempfile.TemporaryDirectory() as folder:
            run = Run.create(folder, "judged", config, [name], "column")
            rows = answer_rows(ColumnExperiment(config, run))
        tasks = task_rows(rows)
        write_frame(out / name / "answers.csv", rows)
        write_frame(out / name / "tasks.csv", tasks)
        numbers = {
            f"{row.task}: {field}": getattr(row, field)
            for row in tasks.itertuples()
            for field in ("n", "accuracy", "accuracy_low", "accuracy_high", "chance")
        }
        write_numbers(out / name / "numbers.csv", numbers)
        found[f"{name}, {config.val_steps} held-out steps"] = numbers
    return found


def _config_of(path):
    """The configuration of a run that starts from its weights.

    Raises:
        FileNotFoundError: It has no weights.
        ValueError: It has no held-out trials.
    """
    run = Run.open(folder_of_run(path))
    config = from_dict(ColumnTrainConfig, run.config)
    if not config.val_steps:
        raise ValueError(f"{run.path} has no held-out trials: val_steps is 0.")
    weights = path
    if path.parent.name != CHECKPOINTS:
        with quiet_start():
            from v1model.trained_run import WEIGHTS, best_weights
        weights = best_weights(run)
        if weights is None:
            raise FileNotFoundError(f"{run.checkpoints} has none of {WEIGHTS}.")
    # One replica has the trials of all, as many of them at once as each had.
    n = json.loads((run.path / "facts.json").read_text())["replicas"]
    return dataclasses.replace(
        config,
        restore_from=str(weights),
        distribution=DistributionConfig(strategy="none"),
        batch_size=n * config.batch_size,
        accumulate=n * config.accumulate,
    )


def task_rows(rows):
    """A row per task: answers, share that is right with its 95 % interval, chance."""
    found = []
    for task, own in rows.groupby("group", sort=False):
        found.append(
            {
                "task": task,
                **share_right(own),
                "chance": own["label"].value_counts(normalize=True).max(),
                "log_probability": own["log_probability"].mean(),
            }
        )
    return pd.DataFrame(found)
