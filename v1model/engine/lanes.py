"""Receptors in use, packed so that neighbours in memory are neurons.

The neurons of the column have two receptors out of four. Compiled loops keep the k-th
receptor in use of every neuron in lane k: position k * N + i for neuron i. Loops over
neurons then read consecutive numbers, and receptors that receive nothing cost nothing.
"""

from typing import NamedTuple

import numpy as np


class Lanes(NamedTuple):
    """Where the receptors in use are kept.

    receptor: post * R + receptor of each position, (K * N,) int32; -1 where a neuron
        has fewer than K receptors in use.
    position: Position of each receptor, (N * R,) int32; -1 for those not in use.
    """

    receptor: np.ndarray
    position: np.ndarray

    def pack(self, values):
        """Values of all receptors, (..., N * R), by position, (..., K * N)."""
        packed = np.take(values, np.maximum(self.receptor, 0), axis=-1)
        packed[..., self.receptor < 0] = 0
        return packed

    def unpack(self, packed):
        """The inverse of `pack`; zero for receptors that are not in use."""
        values = np.take(packed, np.maximum(self.position, 0), axis=-1)
        values[..., self.position < 0] = 0
        return values


def lanes_of(is_used, n_receptors):
    """Lanes of the receptors in use, (N * R,) bool."""
    is_used = is_used.reshape(-1, n_receptors)
    n = len(is_used)
    lane = np.cumsum(is_used, axis=1) - 1
    n_lanes = max(int(lane.max(initial=0)) + 1, 1)
    position = np.where(is_used, lane * n + np.arange(n)[:, None], -1).reshape(-1)
    receptor = np.full(n_lanes * n, -1, np.int32)
    receptor[position[position >= 0]] = np.flatnonzero(position >= 0)
    return Lanes(receptor, position.astype(np.int32))
