"""The table of a training, and what is decided from it."""

import csv
import math
import pathlib

from v1model.atomic import atomic_path, remove_partial

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
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with (
            atomic_path(self.path) as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows(self.rows)

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


def is_stuck(errors, divergences, patience, min_divergence):
    """Whether training goes on without getting better, and may stop.

    An error is better if it is clearly below all before it. NaN never is.

    Args:
        errors: Pairs of epoch and error, in order.
        divergences: Pairs of epoch and first divergence, of the same epochs.
        patience: Epochs without a better error.
        min_divergence: First divergence below which training goes on anyway.
    """
    if not errors:
        return False
    best, best_epoch = math.inf, errors[0][0]
    for epoch, error in errors:
        if error < BETTER * best:
            best, best_epoch = error, epoch
    is_stable = divergences[-1][1] >= min_divergence
    return is_stable and errors[-1][0] - best_epoch >= patience


def _text(value):
    return repr(float(value)) if isinstance(value, float) else str(value)
