"""What the compiled adjoint reads, carries from block to block, and fills.

Names ending in `_b`, and those of Adjoints, are derivatives of the loss by that
quantity. G trials, T steps, N neurons, R receptors, D delays, L lanes (BLOCK * G,
rounded up).
"""

from typing import NamedTuple

import numpy as np

from v1model.engine.glif3 import GLIF3State

BLOCK = 3  # steps per pass over the synapses


class Run(NamedTuple):
    """What the adjoint needs of the forward run of G trials.

    spikes, voltages: (G, T, N).  refractory: (G, T, N) uint8.  buffer: The initial
    spike buffer, (G, D * N).
    """

    spikes: np.ndarray
    voltages: np.ndarray
    refractory: np.ndarray
    buffer: np.ndarray


class Upstream(NamedTuple):
    """Derivatives of the loss by spikes and voltages (G, T, N), and the last state."""

    spikes: np.ndarray
    voltages: np.ndarray
    state: GLIF3State


class Adjoints(NamedTuple):
    """What the kernels carry from block to block, and what they fill.

    v: Of the block above, newest step first, (BLOCK, G, N).
    asc: (2, G, N).  rise, psc: (G, R * N).
    current: Of the block, oldest step first, (BLOCK, G, R * N).
    window: Currents by row of the adjoint table, (rows * width * G + L,): column i * G
        + b of a row is step newest - 1 + i of trial b.
    slopes: Surrogate derivatives of the block, oldest step first, (BLOCK, G, N).
    is_active: Whether any of a neuron's slopes differs from zero, (N,) uint8.
    spiked: Spikes of the block, oldest step first, (N, L) uint8, and whether there is
        any, has_spiked (N,) uint8.
    worth: What a spike of the block would be worth, oldest step first, (N * L,).
    """

    v: np.ndarray
    asc: np.ndarray
    rise: np.ndarray
    psc: np.ndarray
    current: np.ndarray
    window: np.ndarray
    slopes: np.ndarray
    is_active: np.ndarray
    spiked: np.ndarray
    has_spiked: np.ndarray
    worth: np.ndarray
