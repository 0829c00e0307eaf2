"""What the rest of the brain sends to one cell: its share of a noise layer."""

import numpy as np
import tensorflow as tf

from v1model.models.noise import BLOCK
from v1model.network.data import N_RECEPTORS

_PIECE = 4 * BLOCK  # steps drawn at once: the layer draws for all cells


def background_at(column, noise_seed, neuron, n_steps):
    """Weighted spikes of the rest of the brain that arrive at a cell in a trial.

    Args:
        column: ColumnModel or ColumnLayers.
        noise_seed: Seed of the trial's noise, (2,) int32.
        neuron: Number of the cell.
        n_steps: T.

    Returns:
        (T, R) float64, pA; zeros without a noise layer.
    """
    cell, noise = column.rsnn.cell, column.noise
    found = np.zeros((n_steps, N_RECEPTORS))
    if noise is None:
        return found
    n_targets = column.input_layer.n_targets
    is_compact = n_targets < cell.n_neurons * N_RECEPTORS
    targets = cell.input_receptors if is_compact else np.arange(n_targets)
    mine = np.flatnonzero(targets // N_RECEPTORS == neuron)
    seeds = tf.constant(np.reshape(noise_seed, (1, 2)), tf.int32)
    for start in range(0, n_steps, _PIECE):
        n = min(_PIECE, n_steps - start)
        drawn = tf.gather(noise(seeds, n_steps=n, first_step=start)[0], mine, axis=1)
        found[start : start + n, targets[mine] % N_RECEPTORS] = drawn
    return found * float(cell.parameters.voltage_scale[neuron])
