"""GaussianSampledReadout: one point of the map per neuron (Lurz et al., ICLR 2021)."""

import keras
import tensorflow as tf

from v1model.cnn.bilinear import point_weights
from v1model.cnn.readout_params import GaussianReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.gaussian import GaussianPlaces


@keras.saving.register_keras_serializable(package="v1model")
class GaussianSampledReadout(GaussianPlaces):
    """Features at a point, between pixels; in training it is drawn from a Gaussian.

        point = center + R(angle) (width * eps),   eps ~ N(0, 1) per segment and neuron

    kept on the map. Otherwise it is the centre. The width is learned, since the loss
    says whether points far from the centre still tell what the neuron does.

    Filters with the weights of the four pixels around a point and 0 elsewhere are
    multiplied as any others: on maps of some hundred pixels that was 2 to 4 times
    faster than to gather pixels, whose gradient has to be scattered back.
    """

    params_class = GaussianReadoutParams

    def __init__(self, params, n_neurons, **kwargs):
        super().__init__(params, n_neurons, **kwargs)
        self._draws = keras.random.SeedGenerator()

    def filters(self):
        return self._filters_at(self.centers())

    def call(self, features, training=None):
        if not training:
            return super().call(features)
        shape = tf.shape(features)
        points = self.points(shape[0])
        filters = tf.reshape(
            self._filters_at(points),
            (shape[0], self.n_pixels * self.channels, self.n_neurons),
        )
        rows = (shape[0], shape[1], self.n_pixels * self.channels)
        return self.with_bias(tf.matmul(tf.reshape(features, rows), filters))

    def points(self, n_segments):
        """Places that are drawn, (B, N, 2) in [-1, 1] of the map."""
        noise = keras.random.normal((n_segments, self.n_neurons, 2), seed=self._draws)
        away = places.turned(self.widths() * noise, tf.convert_to_tensor(self.angles))
        half = places.half_sides(self.height, self.width).clip(min=0.5)
        away *= places.longer_half(self.height, self.width) / half
        return tf.clip_by_value(self.centers() + away, -1, 1)

    def _filters_at(self, points):
        """(..., H W, C, N) of places, (..., N, 2)."""
        pixels = places.to_pixels(points, self.height, self.width)
        weights = point_weights(pixels, self.height, self.width)
        return tf.linalg.matrix_transpose(weights)[..., None, :] * self.features
