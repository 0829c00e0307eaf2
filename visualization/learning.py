"""Learning curves of training runs."""

import csv
import pathlib

import numpy as np
from matplotlib.figure import Figure

from v1model.metrics import wilson_interval
from visualization import style

TRAINING, VALIDATION = style.FAINT, "#0072B2"


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


def learning_curves(runs):
    """Accuracy on the response window over minutes, one panel per run.

    Blue: held-out pictures, with the 95 % interval of each point. Grey: training
    pictures. Dashed: the best constant answer on the held-out pictures.

    Args:
        runs: Epoch tables (`read_epochs`) by title.

    Returns:
        matplotlib Figure.
    """
    with style.paper():
        figure = Figure(figsize=(3.4 * len(runs), 2.7), layout="constrained")
        panels = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
        for axes, (title, table) in zip(panels, runs.items(), strict=True):
            _draw_run(axes, title, table)
        panels[0].set_ylabel("accuracy on the response window")
    return figure


def _draw_run(axes, title, table):
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
