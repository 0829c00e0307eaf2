"""PixelsReadout: every pixel and channel, for models without a core."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.readout_params import LinearReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.base import INITIAL_WEIGHT, Readout

_WIDTH = 0.3  # of what a filter starts within, half sides


@keras.saving.register_keras_serializable(package="v1model")
class PixelsReadout(Readout):
    """A weight for each pixel and channel; of movies, the linear-nonlinear model.

        F[p, c, n] = any,   or   sum_r s[r, p, n] f[r, c, n]

    A low rank has as many products of a picture and channels: with a temporal frontend
    rank 1 is a filter that is separable in space and time.
    """

    params_class = LinearReadoutParams
    neuron_axes = Readout.neuron_axes | {"kernel": -1}

    def add_weights(self):
        rank, n = self.params.rank, self.n_neurons
        if rank:
            self.pictures = self._add_picture_weights((rank, self.n_pixels, n))
            self.features = self._add_channel_weights(rank)
        else:
            shape = (self.n_pixels, self.channels, n)
            self.kernel = self._add_picture_weights(shape)

    def _add_picture_weights(self, shape):
        spread = INITIAL_WEIGHT / np.sqrt(self.n_pixels * self.channels)
        spread = self.n_pixels**-0.5 if self.params.rank else spread
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.RandomNormal(stddev=spread),
            name="kernel",
        )

    def filters(self):
        if self.params.rank:
            return tf.einsum("rpn,rcn->pcn", self.pictures, self.features)
        return tf.convert_to_tensor(self.kernel)

    def start_at(self, centers):
        """Leaves of the first weights what lies near the places."""
        n = self.n_neurons
        near = places.gaussian_masks(
            tf.constant(centers, tf.float32),
            tf.fill((n, 2), _WIDTH),
            tf.zeros(n),
            self.height,
            self.width,
        )
        near = tf.transpose(near / tf.reduce_max(near, 1, keepdims=True))
        if self.params.rank:
            self.pictures.assign(self.pictures * near)
        else:
            self.kernel.assign(self.kernel * near[:, None])

    def centers(self):
        return places.energy_centers(self._energies(), self.height, self.width)

    def widths(self):
        return places.energy_widths(self._energies(), self.height, self.width)

    def spread(self):
        return places.energy_spreads(self._energies(), self.height, self.width)

    def feature_weights(self):
        """Response to a channel that is 1 everywhere, (C, N)."""
        return tf.reduce_sum(self.filters(), 0)

    def channel_variables(self):
        return [self.features if self.params.rank else self.kernel]

    def spatial_kernels(self):
        """Filters as pictures, (H, W, C, N), for their smoothness."""
        shape = (self.height, self.width, self.channels, self.n_neurons)
        return tf.reshape(self.filters(), shape)

    def _energies(self):
        return tf.transpose(tf.reduce_sum(tf.square(self.filters()), 1))
