"""Synapses in the two orders that the time loop needs: by target and by source."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np

_ADDRESSES = 1 << 16  # of an index of two bytes


class EventTable(NamedTuple):
    """Synapses sorted by source, then delay, then target: the rows that a spike reads.

    start: First synapse of row (neuron * D + delay - 1), (N * D + 1,) int64.
    target: post * R + receptor, (S,) int32.
    order: Canonical position of each synapse of the table, (S,) int32.
    """

    start: np.ndarray
    target: np.ndarray
    order: np.ndarray


class AdjointTable(NamedTuple):
    """Synapses sorted by block of targets, then source: the rows that an adjoint reads.

    Adjoint currents are kept in a window of `width` steps per receptor. A block is as
    many receptors as 16 bits can address, so that an index takes two bytes, and the
    part of the window that belongs to a block stays in a processor's cache. Rows are
    sorted by receptor, then neuron: what one source reaches lies closer together.

    receptor: post * R + receptor of each row of the window, (W,) int32: only those
        that have a synapse.
    width: Steps in the window, at least D + 2.
    block: Receptors per block.
    start: First synapse of row (block * N + source), (blocks * N + 1,) int64.
    index: Row of the window in its block * width + delay - 1, (S,) uint16.
    order: Canonical position of each synapse of the table, (S,) int32.
    """

    receptor: np.ndarray
    width: int
    block: int
    start: np.ndarray
    index: np.ndarray
    order: np.ndarray


@dataclasses.dataclass(frozen=True)
class Wiring:
    """Recurrent synapses in steps and flat indices, in canonical order.

    Args:
        n_neurons: N.
        n_receptors: R.
        n_delays: Longest delay in steps, D.
        target: post * R + receptor, (S,) int32, not decreasing.
        pre: Source neuron, (S,) int32.
        delay: Steps, 1 to D, (S,) int32.
    """

    n_neurons: int
    n_receptors: int
    n_delays: int
    target: np.ndarray
    pre: np.ndarray
    delay: np.ndarray

    @property
    def column(self):
        """Position of each synapse's source in the spike buffer, (S,) int32."""
        return self.pre + self.n_neurons * (self.delay - 1)

    @functools.cached_property
    def events(self):
        """The EventTable of these synapses."""
        row = self.pre.astype(np.int64) * self.n_delays + self.delay - 1
        order = np.argsort(row, kind="stable").astype(np.int32)
        counts = np.bincount(row, minlength=self.n_neurons * self.n_delays)
        start = np.concatenate(([0], np.cumsum(counts)))
        return EventTable(start, self.target[order], order)

    @functools.cached_property
    def adjoint(self):
        """The AdjointTable of these synapses."""
        n, n_receptors = self.n_neurons, self.n_receptors
        is_used = np.bincount(self.target, minlength=n * n_receptors) > 0
        receptor, neuron = np.nonzero(is_used.reshape(n, n_receptors).T)
        receptor = (neuron * n_receptors + receptor).astype(np.int32)
        row_of = np.empty(n * n_receptors, np.int32)
        row_of[receptor] = np.arange(len(receptor))
        row = row_of[self.target]
        width = 1 << (self.n_delays + 1).bit_length()  # the next power of two
        block = _ADDRESSES // width
        at_source = (row // block).astype(np.int64) * n + self.pre
        order = np.argsort(at_source, kind="stable").astype(np.int32)
        n_rows = -(-len(receptor) // block) * n
        counts = np.bincount(at_source, minlength=n_rows)
        start = np.concatenate(([0], np.cumsum(counts)))
        index = (row % block * width + self.delay - 1).astype(np.uint16)
        return AdjointTable(receptor, width, block, start, index[order], order)


def delay_steps(delay, max_delay, dt=1.0):
    """Delays in steps, rounded as published: clipped to [dt, max_delay], half to even.

    Args:
        delay: (S,), ms.
        max_delay: Longest delay that is kept, ms.
        dt: Length of a step, ms.

    Returns:
        Delays (S,) int32 and the longest one, D.
    """
    longest = int(np.round(min(delay.max(initial=dt), max_delay)))
    steps = np.round(np.clip(delay, dt, longest) / dt).astype(np.int32)
    return steps, max(int(np.round(longest / dt)), 1)


def wiring_of(synapses, n_neurons, n_receptors, max_delay, dt=1.0):
    """The Wiring of Synapses that are in canonical order."""
    steps, n_delays = delay_steps(synapses.delay, max_delay, dt)
    target = synapses.post * np.int32(n_receptors) + synapses.receptor
    if (np.diff(target) < 0).any():
        raise ValueError("recurrent synapses must be in canonical order: sort them.")
    return Wiring(n_neurons, n_receptors, n_delays, target, synapses.pre, steps)
