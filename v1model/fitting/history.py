"""The table of a training."""

import csv
import math
import pathlib

from v1model.atomic import remove_partial, write_rows


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
        """Epoch and value of a column in a phase, where it has one: a list of pairs.

        A table without the column `phase` has one phase.
        """
        return [
            (int(row["epoch"]), float(row[name]))
            for row in self.rows
            if row.get("phase", phase) == phase and row.get(name, "") != ""
        ]

    def is_best(self, name):
        """Whether the last value of a column is below all before it."""
        values = [value for _, value in self.values(name)]
        if not values or math.isnan(values[-1]):
            return False
        return all(not values[-1] >= value for value in values[:-1])


def _text(value):
    return repr(float(value)) if isinstance(value, float) else str(value)
