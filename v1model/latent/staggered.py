"""What is observed when, in the shape in which a decoder can answer it cheaply.

Of neurons that are observed in turn, one in time_units is in each step. If all rollouts
of a batch begin at the same phase of the cycle, everybody who is observed in a step is
the same group of neurons in all of them, and the last layer of the decoder is applied
to that group only: time_units times fewer products than decoding everything.
"""

import numpy as np
import tensorflow as tf


class PhaseGroups:
    """Neurons by the step of the cycle in which they are observed.

    Args:
        phases: (N,), from 0 to time_units - 1.
        time_units: Steps of a cycle.

    Attributes:
        members: (time_units, K) int32, neurons; short groups are filled up with 0.
        is_member: (time_units, K) bool, false where they are.
    """

    def __init__(self, phases, time_units):
        phases = np.asarray(phases)
        sizes = np.bincount(phases, minlength=time_units)
        members = np.zeros((time_units, max(sizes.max(), 1)), np.int32)
        is_member = np.arange(members.shape[1]) < sizes[:, None]
        members[is_member] = np.argsort(phases, kind="stable")
        self.time_units = time_units
        self.members, self.is_member = tf.constant(members), tf.constant(is_member)

    def in_turn(self, first):
        """Members and is_member in the order of a cycle that begins at a phase."""
        order = (tf.range(self.time_units) + first) % self.time_units
        return tf.gather(self.members, order), tf.gather(self.is_member, order)

    def decoded(self, decoder, z, members):
        """The decoder's output for the group of each step.

        Args:
            decoder: MLP or MLPWithSkips.
            z: (M, n, B, L), the first n steps of M cycles.
            members: (n, K).

        Returns:
            (n, M, B, K).
        """
        z = tf.transpose(z, (1, 0, 2, 3))
        shape = tf.shape(z)
        features = decoder.features_of_many(tf.reshape(z, (-1, shape[-1])))
        output = decoder.output_layer
        kernel = tf.gather(tf.transpose(output.kernel), members)  # (n, K, F)
        rows = tf.reshape(features, (shape[0], -1, output.kernel.shape[0]))
        raw = tf.matmul(rows, kernel, transpose_b=True)
        raw += tf.gather(output.bias, members)[:, None]
        return tf.reshape(raw, (*tf.unstack(shape[:3]), members.shape[1]))


def same_phase(starts, time_units):
    """Starts (B,) moved by less than a cycle to the phase of the first one, from 0 on.

    Those that would fall below 0 are moved forward instead, less than a cycle.
    """
    moved = starts - (starts - starts[0]) % time_units
    return tf.where(moved < 0, moved + time_units, moved)
