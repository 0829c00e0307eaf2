"""AUG: neurons that are not connected to a neuron do not matter to it."""

import numpy as np
import tensorflow as tf


class Augmentation:
    """Activity in which only some neurons and their sources are left.

    Args:
        connectome: scipy.sparse array (N, N), rows post, columns pre.
        n_chosen: Neurons that are chosen at a time.

    Raises:
        ValueError: There is no connectome.
    """

    def __init__(self, connectome, n_chosen):
        if connectome is None:
            raise ValueError(
                "training.unconnected_to_zero.num_neurons needs a recording with "
                f"connections, got {n_chosen} and a recording without."
            )
        rows = connectome.tocsr()
        self.n_neurons, self.n_chosen = rows.shape[0], n_chosen
        n_sources = np.diff(rows.indptr)
        # Short rows are filled up with the neuron itself, which stays anyway.
        table = np.repeat(np.arange(self.n_neurons)[:, None], n_sources.max() + 1, 1)
        post = np.repeat(np.arange(self.n_neurons), n_sources)
        place = np.arange(len(post)) - np.repeat(rows.indptr[:-1], n_sources)
        table[post, place] = rows.indices
        self.sources = tf.constant(table, tf.int32)

    def chosen(self, seed):
        """The chosen neurons (K,) and who is left, (N,) bool."""
        chosen = tf.random.stateless_uniform(
            (self.n_chosen,), seed, maxval=self.n_neurons, dtype=tf.int32
        )
        left = tf.reshape(tf.gather(self.sources, chosen), (-1, 1))
        counts = tf.scatter_nd(left, tf.ones_like(left[:, 0]), (self.n_neurons,))
        return chosen, counts > 0
