"""Input currents of some receptors as currents of all.

The LGN and the background reach one receptor in four; the others have no column in a
compact input.
"""

import numpy as np
import tensorflow as tf


def input_column(channels, n_receptors):
    """The column of the input that each receptor receives, (N * R,) int32.

    Args:
        channels: Receptor of each of the P columns.
        n_receptors: N * R.

    Returns:
        P, one past the last column, for receptors without input.
    """
    column = np.full(n_receptors, len(channels), np.int32)
    column[channels] = np.arange(len(channels))
    return column


def spread(x, column):
    """Currents of P receptors (..., P) as currents of all (..., N * R)."""
    one_more = [(0, 0)] * (len(x.shape) - 1) + [(0, 1)]  # the column of nothing
    return tf.gather(tf.pad(x, one_more), column, axis=-1)
