"""Hexagonal columns of an eye: their coordinates and places."""

import numpy as np


def hexagon(extent):
    """Coordinates (u, v) of all columns at most `extent` steps from the middle.

    Returns:
        (H, 2) int32 in the order of u, then v; H = 1 + 3 extent (extent + 1).

    Raises:
        ValueError: The extent is negative.
    """
    if extent < 0:
        raise ValueError(f"extent must not be negative, got {extent}.")
    axis = np.arange(-extent, extent + 1)
    u, v = (one.ravel() for one in np.meshgrid(axis, axis, indexing="ij"))
    is_inside = np.abs(u + v) <= extent
    return np.stack([u, v], axis=1)[is_inside].astype(np.int32)


def positions_of(u, v):
    """Where columns are, (H, 2) float64: x and y. Neighbours are 1 apart."""
    u, v = np.asarray(u, np.float64), np.asarray(v, np.float64)
    return np.stack([np.sqrt(3) / 2 * v, -(u + v / 2)], axis=-1)
