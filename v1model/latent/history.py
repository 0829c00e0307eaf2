"""The table of a training, and what is decided from it."""

import csv
import math
import pathlib

from v1model.atomic import remove_partial, write_rows

INTERVENING = "time_aligned_mse_latent_max_intervening_0_to_tu"
DIVERGENCE = "_first_divergence_step"
BETTER = 0.9  # an error below this share of the best one before is a better one


class History:
    """metrics.csv: one row per epoch, kept true to the checkpoint by a resume.

    Args:
        path: The table; replaced atomically by each row.
        updates: Updates that the checkpoint has done; later rows are done again.
    """

    def __init__(self, path, updates=0):
        self.path = pathlib.Path(path)
        self.rows = []
        remove_partial(self.path)
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self.rows = [row for row in rows if int(row["updates"]) <= updates]

    def add(self, row):
        """Adds a row, a dictionary, and writes the table."""
        self.rows.append({name: _text(value) for name, value in row.items()})
        write_rows(self.path, self.rows)

    def values(self, name, phase="joint"):
        """Epoch and value of a column in a phase, where it has one: a list of pairs."""
        return [
            (int(row["epoch"]), float(row[name]))
            for row in self.rows
            if row["phase"] == phase and row.get(name, "") != ""
        ]

    def is_best(self, name):
        """Whether the last value of a column is below all before it."""
        values = [value for _, value in self.values(name)]
        if not values or math.isnan(values[-1]):
            return False
        return all(not values[-1] >= value for value in values[:-1])


def is_stuck(history, patience, min_divergence):
    """Whether training goes on without getting better, and may stop.

    What counts is the largest error between the first two observations. It is better
    if it is clearly below all before it; NaN never is.

    Args:
        history: History with diagnoses.
        patience: Epochs without a better error.
        min_divergence: First divergence of a rollout below which training goes on.
    """
    errors = history.values(INTERVENING)
    if not errors:
        return False
    best, best_epoch = math.inf, errors[0][0]
    for epoch, error in errors:
        if error < BETTER * best:
            best, best_epoch = error, epoch
    is_stable = _first_divergence(history) >= min_divergence
    return is_stable and errors[-1][0] - best_epoch >= patience


def early_stop_scalars(history):
    """What `is_stuck` looks at, by TensorBoard tag; empty without a diagnosis."""
    errors = [error for _, error in history.values(INTERVENING)]
    if not errors:
        return {}
    best = [error for error in errors if not math.isnan(error)]
    return {
        "EarlyStop/max_intervening_mse": errors[-1],
        "EarlyStop/best_max_intervening_mse": min(best, default=math.nan),
        "EarlyStop/first_divergence": _first_divergence(history),
    }


def _first_divergence(history):
    """Of the last diagnosis, steps; its name has the length of its rollouts."""
    names = [name for name in history.rows[-1] if name.endswith(DIVERGENCE)]
    values = [values[-1][1] for name in names if (values := history.values(name))]
    return values[-1] if values else 0.0


def _text(value):
    return repr(float(value)) if isinstance(value, float) else str(value)
