"""From the names that files give to cells to row numbers."""

import numpy as np


class Identifiers:
    """The ids of the cells of one population, in row order.

    Args:
        values: (n,), distinct integers.
        path: File that they come from, for messages.
        name: What the file calls them.

    Raises:
        ValueError: They are not distinct integers.
    """

    def __init__(self, values, path, name):
        values = as_integers(values, f"{path}: {name}")
        self.values = values.astype(np.int64)
        self._name = name
        # In most files the id is the row number.
        self._is_row = np.array_equal(self.values, np.arange(len(values)))
        self._order = None
        if not self._is_row:
            self._order = np.argsort(self.values, kind="stable")
            ordered = self.values[self._order]
            twice = np.flatnonzero(ordered[1:] == ordered[:-1])
            if len(twice):
                raise ValueError(f"{path}: {name} {ordered[twice[0]]} occurs twice.")

    def __len__(self):
        return len(self.values)

    def positions(self, ids, where):
        """Rows of `ids`, (any,).

        Raises:
            ValueError: An id is not known; names `where` and the id.
        """
        ids = as_integers(ids, where)
        if not len(ids):
            return np.zeros(0, np.int64)
        if self._is_row:
            known = (ids >= 0) & (ids < len(self))
            rows = ids
        else:
            slot = np.searchsorted(self.values, ids, sorter=self._order)
            rows = self._order[np.minimum(slot, len(self) - 1)]
            known = self.values[rows] == ids
        if not known.all():
            stranger = ids[int(np.argmin(known))]
            raise ValueError(
                f"{where} {stranger} is not among the {len(self)} cells "
                f"({self._name} {self.values.min()}..{self.values.max()})."
            )
        return rows


def as_integers(values, where):
    """1-D integer array.

    Raises:
        ValueError: `values` is something else.
    """
    values = np.asarray(values)
    if values.ndim == 1 and not values.size:
        return values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(
            f"{where} must be a list of integers, got shape {values.shape} of "
            f"{values.dtype}."
        )
    return values


def depth_below_pia(y):
    """Depth in um, positive; some files count upwards, from 0 at the pia."""
    return -y if len(y) and y.max() <= 0 else y
