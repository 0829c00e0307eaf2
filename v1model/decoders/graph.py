"""Which units a unit listens to: a sparse graph of correlations."""

import numpy as np

_ROWS = 256  # units whose correlations are held at once


def correlation_graph(values, n_neighbours):
    """The most correlated other units of each unit.

    Only so many edges are ever made, and correlations of a few units at a time.

    Args:
        values: Activity, (P, U), of the training part only.
        n_neighbours: k, edges per unit.

    Returns:
        neighbours (U, k) int32, by decreasing strength, and strength (U, k) float32:
        the absolute correlation. A unit that never changes is correlated with none: its
        strengths are 0.

    Raises:
        ValueError: There are not so many other units.
    """
    values = np.asarray(values, np.float64)
    n_units = values.shape[1]
    if not 0 < n_neighbours < n_units:
        raise ValueError(
            f"n_neighbours must lie in 1..{n_units - 1} for {n_units} units, got "
            f"{n_neighbours}."
        )
    centred = values - values.mean(axis=0)
    length = np.sqrt(np.square(centred).sum(axis=0))
    centred /= np.where(length > 0, length, 1)
    neighbours = np.empty((n_units, n_neighbours), np.int32)
    strength = np.empty((n_units, n_neighbours), np.float32)
    for first in range(0, n_units, _ROWS):
        rows = np.arange(first, min(first + _ROWS, n_units))
        found = np.abs(centred[:, rows].T @ centred)
        found[np.arange(len(rows)), rows] = -1  # itself
        best = np.argpartition(-found, n_neighbours - 1, axis=1)[:, :n_neighbours]
        value = np.take_along_axis(found, best, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        neighbours[rows] = np.take_along_axis(best, order, axis=1)
        strength[rows] = np.take_along_axis(value, order, axis=1)
    return neighbours, np.clip(strength, 0, 1)
