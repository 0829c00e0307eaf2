"""GaussianReadout: a Gaussian over pixels and weights of channels, per neuron."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.layer_params import GaussianReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.base import Readout

_FARTHEST = 0.99  # where a place starts at most: tanh is flat at 1


class GaussianPlaces(Readout):
    """A Gaussian for each neuron: what three kinds of read-outs begin with.

    Centres are tanh of what is learned, so that they stay on the map. Widths are

        sqrt(exp(2 s) + smallest^2)

    with s learned and the smallest 0.3 pixels, where a Gaussian is lost between pixels.
    """

    def add_weights(self):
        n = self.n_neurons
        spread = self.params.initial_mean_scale
        self.raw_centers = self.add_weight(
            shape=(n, 2),
            initializer=keras.initializers.RandomNormal(stddev=spread),
            name="places",
        )
        first = np.log(self._raw_width(self.params.initial_std))
        self.log_widths = self.add_weight(
            shape=(n, 2), initializer=keras.initializers.Constant(first), name="widths"
        )
        self.angles = self.add_weight(shape=(n,), initializer="zeros", name="angles")
        self.features = self._add_channel_weights()

    def start_at(self, centers):
        centers = np.clip(np.asarray(centers, np.float32), -_FARTHEST, _FARTHEST)
        self.raw_centers.assign(np.arctanh(centers))

    def centers(self):
        return tf.tanh(self.raw_centers)

    def widths(self):
        smallest = places.smallest_width(self.height, self.width)
        return tf.sqrt(tf.exp(2 * self.log_widths) + smallest**2)

    def feature_weights(self):
        return tf.convert_to_tensor(self.features)

    def channel_variables(self):
        return [self.features]

    def spread(self):
        """width_y width_x in areas of the map."""
        sides = places.longer_half(self.height, self.width) ** 2
        return tf.reduce_prod(self.widths(), -1) * sides / self.n_pixels

    def limit_widths(self, widest):
        smallest = places.smallest_width(self.height, self.width)
        raw = tf.sqrt(tf.maximum(tf.square(widest) - smallest**2, (smallest / 10) ** 2))
        self.log_widths.assign(tf.minimum(self.log_widths, tf.math.log(raw)))
        return True

    def geometry(self):
        """Centres, widths, angles, height and width, as places.gaussian_masks wants."""
        return (
            self.centers(),
            self.widths(),
            tf.convert_to_tensor(self.angles),
            self.height,
            self.width,
        )

    def _raw_width(self, width):
        smallest = places.smallest_width(self.height, self.width)
        return max(width**2 - smallest**2, (smallest / 10) ** 2) ** 0.5


@keras.saving.register_keras_serializable(package="v1model")
class GaussianReadout(GaussianPlaces):
    """A turned Gaussian over pixels, with sum 1, times weights of channels.

    F[p, c, n] = G_n(p) w[c, n]
    """

    params_class = GaussianReadoutParams

    def filters(self):
        masks = tf.transpose(places.gaussian_masks(*self.geometry()))
        return masks[:, None] * self.features
