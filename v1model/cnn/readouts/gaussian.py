"""GaussianReadout: a Gaussian over pixels and weights of channels, per neuron.

With the places and widths that other kinds of read-outs have, too.
"""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.readout_params import GaussianReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.base import Readout

_FARTHEST = 0.99  # where a place starts at most: tanh is flat at 1


class PlacedReadout(Readout):
    """A learned place for each neuron: tanh keeps it on the map."""

    neuron_axes = Readout.neuron_axes | {"places": 0}

    def add_weights(self):
        self.raw_centers = self.add_weight(
            shape=(self.n_neurons, 2),
            initializer=keras.initializers.RandomNormal(
                stddev=self.params.initial_mean_scale
            ),
            name="places",
        )

    def start_at(self, centers):
        centers = np.clip(np.asarray(centers, np.float32), -_FARTHEST, _FARTHEST)
        self.raw_centers.assign(np.arctanh(centers))

    def centers(self):
        return tf.tanh(self.raw_centers)


class GaussianPlaces(PlacedReadout):
    """A Gaussian for each neuron: what three kinds of read-outs begin with.

    Its widths are

        sqrt(exp(2 s) + smallest^2)

    with s learned and the smallest 0.3 pixels: narrower ones get lost between pixels.
    """

    has_limited_width = True
    neuron_axes = PlacedReadout.neuron_axes | {"widths": 0, "angles": 0}

    def add_weights(self):
        super().add_weights()
        first = float(np.log(self._raw_width(self.params.initial_std)))
        self.log_widths = self.add_weight(
            shape=(self.n_neurons, 2),
            initializer=keras.initializers.Constant(first),
            name="widths",
        )
        self.angles = self.add_weight(
            shape=(self.n_neurons,), initializer="zeros", name="angles"
        )
        self.features = self._add_channel_weights()

    def widths(self):
        return tf.sqrt(tf.exp(2 * self.log_widths) + self._smallest**2)

    def feature_weights(self):
        return tf.convert_to_tensor(self.features)

    def channel_variables(self):
        return [self.features]

    def spread(self):
        """width_y width_x in areas of the map."""
        area = places.longer_half(self.height, self.width) ** 2 / self.n_pixels
        return tf.reduce_prod(self.widths(), -1) * area

    def limit_widths(self, widest):
        """Makes wider Gaussians this wide, in half of the map's longer side."""
        highest = tf.math.log(self._raw_width(widest))
        self.log_widths.assign(tf.minimum(self.log_widths, highest))

    def geometry(self):
        """Centres, widths, angles, height and width, as places.gaussian_masks wants."""
        return (
            self.centers(),
            self.widths(),
            tf.convert_to_tensor(self.angles),
            self.height,
            self.width,
        )

    @property
    def _smallest(self):
        return places.smallest_width(self.height, self.width)

    def _raw_width(self, width):
        """exp(s) of a width; a tenth of the smallest for a smaller one."""
        square = tf.square(tf.cast(width, tf.float32)) - self._smallest**2
        return tf.sqrt(tf.maximum(square, (self._smallest / 10) ** 2))


@keras.saving.register_keras_serializable(package="v1model")
class GaussianReadout(GaussianPlaces):
    """A turned Gaussian over pixels, with sum 1, times weights of channels.

    F[p, c, n] = G_n(p) w[c, n]
    """

    params_class = GaussianReadoutParams

    def filters(self):
        masks = tf.transpose(places.gaussian_masks(*self.geometry()))
        return masks[:, None] * self.features
