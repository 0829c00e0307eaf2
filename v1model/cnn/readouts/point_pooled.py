"""PointPooledReadout: one point in maps of several resolutions (Sinz et al. 2018)."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.bilinear import tent_weights
from v1model.cnn.readout_params import PointPooledReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.gaussian import PlacedReadout


@keras.saving.register_keras_serializable(package="v1model")
class PointPooledReadout(PlacedReadout):
    """Features at a learned point of the map and of coarser ones, each with weights.

        F[p, c, n] = sum over levels k of M[k, n, p] w[k, c, n]

    Level k is the mean of the map over squares of 2^k pixels. Beyond the centres of a
    level's outer squares its outer squares count, so that M always has the sum 1.
    """

    params_class = PointPooledReadoutParams

    def add_weights(self):
        super().add_weights()
        self.features = self._add_channel_weights(self.params.pool_steps + 1)

    def filters(self):
        pixels = places.to_pixels(self.centers(), self.height, self.width)
        result = 0.0
        for level in range(self.params.pool_steps + 1):
            rows = _level_weights(pixels[:, 0], self.height, 2**level)
            columns = _level_weights(pixels[:, 1], self.width, 2**level)
            masks = tf.reshape(rows[:, :, None] * columns[:, None], (-1, self.n_pixels))
            result += tf.transpose(masks)[:, None] * self.features[level]
        return result

    def feature_weights(self):
        """Response to a channel that is 1 everywhere, (C, N)."""
        return tf.reduce_sum(self.features, 0)

    def channel_variables(self):
        return [self.features]


def _level_weights(pixels, size, side):
    """Weights of pixels along an axis for points, (N,), in the means of `side` pixels.

    Returns:
        (N, size), with sum 1.
    """
    of_square = np.arange(size) // side
    n_squares = of_square[-1] + 1
    members = of_square == np.arange(n_squares)[:, None]
    means = (members / members.sum(axis=1, keepdims=True)).astype(np.float32)
    place = tf.clip_by_value((pixels - (side - 1) / 2) / side, 0, n_squares - 1)
    return tent_weights(place, int(n_squares)) @ means
