"""Numbers that are no longer finite: training has diverged, and nothing is kept."""

import numpy as np

_BLOCK = 1 << 20  # elements looked at together, so that they stay in the cache


class NotFiniteError(ArithmeticError):
    """Training has diverged; the message is one line for the user."""


def first_not_finite(arrays):
    """The name of the first array with a NaN or an infinity, or None.

    Args:
        arrays: Pairs (name, array); an iterator is not read further than needed.
    """
    return next((name for name, array in arrays if not is_finite(array)), None)


def is_finite(array):
    """Whether all elements are finite; makes no temporary array of the same size."""
    flat = np.asarray(array).reshape(-1)
    return all(
        np.isfinite(flat[start : start + _BLOCK]).all()
        for start in range(0, flat.size, _BLOCK)
    )
