"""Learning curves of training runs."""

import csv
import pathlib

import numpy as np
from matplotlib.figure import Figure

from v1model.metrics import wilson_interval
from visualization import style

TRAINING, VALIDATION = style.FAINT, "#0072B2"
PANELS_PER_ROW = 3


def read_epochs(path):
    """Columns of a run's metrics.csv, a dict of (epochs,) float arrays.

    Raises:
        ValueError: The table has no rows.
    """
    with pathlib.Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{path} has no rows: no epoch was finished.")
    return {
        name: np.array([float(row[name] or np.nan) for row in rows]) for name in rows[0]
    }


def by_task(table):
    """The table of each task of a mixture, by task; none if the run had one task.

    Args:
        table: Epoch table (`read_epochs`).
    """
    prefix = "val_accuracy/"
    names = [name.removeprefix(prefix) for name in table if name.startswith(prefix)]
    shared = ("epoch", "seconds")
    return {
        task: {name: table[name] for name in shared}
        | {
            name.removesuffix(f"/{task}"): column
            for name, column in table.items()
            if name.endswith(f"/{task}")
        }
        for task in names
    }


def learning_curves(runs):
    """Accuracy on the response window over minutes, one panel per run.

    Blue: held-out trials, with the 95 % interval of each point. Grey: training
    trials. Dashed: the best constant answer on the held-out trials.

    Args:
        runs: Epoch tables (`read_epochs`, `by_task`) by title.

    Returns:
        matplotlib Figure.
    """
    n_columns = min(len(runs), PANELS_PER_ROW)
    n_rows = -(-len(runs) // PANELS_PER_ROW)
    with style.paper():
        size = 3.4 * n_columns, 2.7 * n_rows
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
        panels = [*grid.flat]
        for axes, (title, table) in zip(panels, runs.items(), strict=False):
            _draw_run(axes, title, table)
        for axes in panels[len(runs) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("accuracy on the response window")
    return figure


def _draw_run(axes, title, table):
    is_validated = np.isfinite(table["val_accuracy"])
    table = {name: column[is_validated] for name, column in table.items()}
    minutes = table["seconds"] / 60
    answers = np.round(table["val_responses"]).astype(int)
    right = np.round(table["val_accuracy"] * answers).astype(int)
    intervals = [wilson_interval(r, n) for r, n in zip(right, answers, strict=True)]
    low, high = np.transpose(intervals)
    chance = table["val_chance"][-1]
    axes.axhline(chance, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.plot(minutes, table["accuracy"], color=TRAINING)
    axes.fill_between(minutes, low, high, color=VALIDATION, alpha=0.2, linewidth=0)
    axes.plot(minutes, table["val_accuracy"], color=VALIDATION, linewidth=1.4)
    axes.set_xlim(0, minutes[-1])
    axes.set_ylim(0, 1)
    axes.set_xlabel("minutes")
    axes.set_title(f"{title}\n", fontweight="bold")
    key = (("held out", VALIDATION), ("training", TRAINING), ("chance", style.INK))
    for column, (text, colour) in enumerate(key):
        axes.text(0.33 * column, 1.03, text, color=colour, transform=axes.transAxes)
