"""The weights' gradient of the portable engine: one term for each visit of a spike.

The gradient by a weight is the sum, over the spikes that its synapse carried, of the
adjoint current at their arrival. Only synapses of neurons that fired have a term.
"""

from typing import NamedTuple

import tensorflow as tf

from v1model.engine.portable_tables import expand_rows


def fired_steps(spikes, z_buffer):
    """Whether each neuron fired in steps -D, ..., T - 1.

    Args:
        spikes: (B, T, N).
        z_buffer: Spikes before step 0, newest first, (B, D * N).

    Returns:
        (B, D + T, N) bool.
    """
    n = spikes.shape[2]
    before = tf.reverse(tf.reshape(z_buffer, (-1, z_buffer.shape[1] // n, n)), [1])
    return tf.concat((before > 0, spikes > 0), 1)


class Products(NamedTuple):
    """Terms of the weights' gradient: a spike times the adjoint current at its arrival.

    position: Canonical position of the synapse.  term: What is added there. Two
    TensorArrays of vectors of any length.  count: Number of vectors.
    """

    position: tf.TensorArray
    term: tf.TensorArray
    count: tf.Tensor

    @classmethod
    def none(cls, dtype):
        """Products without any."""
        arrays = (
            tf.TensorArray(
                kind, 0, dynamic_size=True, infer_shape=False, element_shape=(None,)
            )
            for kind in (tf.int64, dtype)
        )
        return cls(*arrays, tf.constant(0))

    def append(self, currents, fired, newest, tables):
        """With those of some steps.

        Args:
            currents: Adjoint currents of steps newest, newest - 1, ..., (B, N * R).
            fired: See `fired_steps`.
            newest: Step.
            tables: PortableTables.
        """
        row, lane = _arrivals(fired, newest, len(currents), tables)
        synapse, origin = expand_rows(row, tables.start)
        place = tf.gather(lane * tables.n_targets, origin)
        place += tf.gather(tables.target, synapse)
        term = tf.gather(tf.reshape(tf.concat(currents, 0), (-1,)), place)
        return Products(
            self.position.write(self.count, tf.gather(tables.order, synapse)),
            self.term.write(self.count, term),
            self.count + 1,
        )

    def add_to(self, weights_b):
        """The gradient of the weights, (S,), with all of them added."""
        size = tf.size(weights_b, tf.int64)
        total = tf.math.unsorted_segment_sum(
            self.term.concat(), self.position.concat(), size
        )
        return weights_b + total


def _arrivals(fired, newest, size, tables):
    """Rows of the event table whose spikes arrive in steps newest, newest - 1, ...

    Args:
        fired: See `fired_steps`.
        newest: Step.
        size: Number of steps.
        tables: PortableTables.

    Returns:
        Row, and the step of arrival (0 is newest) * B + trial, of each.
    """
    n_trials, n_delays = tf.shape(fired)[0], tables.n_delays
    n_sent = size + n_delays - 1
    first = newest + 1 - size  # in `fired`, which begins with step -D
    sent = tf.slice(fired, (0, first, 0), (n_trials, n_sent, tables.n_neurons))
    spike = tf.where(sent)
    trial, step, source = spike[:, :1], spike[:, 1:2], spike[:, 2:]
    delay = tf.range(tf.constant(n_delays, tf.int64))  # in steps, less 1
    age = n_sent - 1 - step - delay
    arrives = (age >= 0) & (age < size)
    row = tf.boolean_mask(source * n_delays + delay, arrives)
    return row, tf.boolean_mask(age * tf.cast(n_trials, tf.int64) + trial, arrives)
