"""The wiring as tensors, and rows of the event table laid end to end."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.engine.portable_matrix import Piece, matrix_pieces


class PortableTables(NamedTuple):
    """The wiring as tensors; all indices are int64.

    n_neurons, n_receptors, n_delays: N, R, D.
    start, target, order: Those of EventTable.
    pieces: The transposed recurrent matrix (D * N, N * R).
    """

    n_neurons: int
    n_receptors: int
    n_delays: int
    start: tf.Tensor
    target: tf.Tensor
    order: tf.Tensor
    pieces: tuple[Piece, ...]

    @property
    def n_targets(self):
        """N * R."""
        return self.n_neurons * self.n_receptors

    @property
    def n_rows(self):
        """Rows of the event table, N * D."""
        return self.n_neurons * self.n_delays


def portable_tables(wiring):
    """The PortableTables of a Wiring."""
    n, n_delays = wiring.n_neurons, wiring.n_delays
    events = wiring.events
    row = np.repeat(np.arange(n * n_delays), np.diff(events.start))
    source, delay = np.divmod(row, n_delays)
    # Two bytes are sorted in one pass over the synapses, longer numbers in many.
    by_delay = np.argsort(delay.astype(np.uint16), kind="stable")
    # A graph that is being traced captures tensors from outside; constants, it copies.
    with tf.init_scope():
        pieces = matrix_pieces(
            (delay * n + source)[by_delay],
            events.target[by_delay],
            events.order[by_delay],
            (n_delays * n, n * wiring.n_receptors),
        )
        tensors = (tf.constant(column, tf.int64) for column in events)
        return PortableTables(n, wiring.n_receptors, n_delays, *tensors, pieces)


def expand_rows(row, start):
    """Synapses of some rows of a table, one row after the other.

    Args:
        row: (K,) int64.
        start: First synapse of each row of the table, and the end of the last one.

    Returns:
        Position in the table of each synapse, and which of the K rows it is from,
        both (V,) int64.
    """
    first = tf.gather(start, row)
    count = tf.gather(start, row + 1) - first
    end = tf.cumsum(count)
    place = tf.range(tf.reduce_sum(count))
    origin = tf.searchsorted(end, place, side="right", out_type=tf.int64)
    return place + tf.gather(first - end + count, origin), origin
