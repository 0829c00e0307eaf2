"""AttentionReadout: neurons look where the features are what they look for."""

import keras
import tensorflow as tf

from v1model.cnn.readout_params import AttentionReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.gaussian import GaussianPlaces


@keras.saving.register_keras_serializable(package="v1model")
class AttentionReadout(GaussianPlaces):
    """A softmax over pixels of a Gaussian and of keys that each pixel has.

        a[t, n, p] = softmax over p of (log G_n(p) + q[n] . K x[t, p] / sqrt(D))
        u[t, n] = b[n] + sum_p a[t, n, p] w[n] . x[t, p]

    Queries q begin at 0, where it is the Gaussian read-out; keys have D channels.
    """

    params_class = AttentionReadoutParams
    neuron_axes = GaussianPlaces.neuron_axes | {
        "keys_kernel": None,
        "queries_kernel": -1,
    }

    def add_weights(self):
        super().add_weights()
        depth = self.params.key_channels
        self.keys = self.add_weight(
            shape=(self.channels, depth),
            initializer="glorot_uniform",
            name="keys_kernel",
        )
        self.queries = self.add_weight(
            shape=(depth, self.n_neurons), initializer="zeros", name="queries_kernel"
        )

    def filters(self):
        """Those of the Gaussian, of which features only move the weights of pixels."""
        masks = tf.transpose(places.gaussian_masks(*self.geometry()))
        return masks[:, None] * self.features

    def call(self, features, training=None):
        shape = tf.shape(features)
        rows = tf.reshape(features, (-1, self.channels))
        size = (shape[0], shape[1], self.n_pixels, self.n_neurons)
        keys = tf.matmul(self.keys, self.queries) * self.params.key_channels**-0.5
        logs = tf.reshape(rows @ keys, size)
        logs += tf.transpose(places.gaussian_logs(*self.geometry()))
        values = tf.reshape(tf.matmul(rows, self.features), size)
        attended = tf.reduce_sum(tf.nn.softmax(logs, axis=2) * values, 2)
        return self.with_bias(attended)
