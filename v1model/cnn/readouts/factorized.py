"""FactorizedReadout: weights of pixels times those of channels (Klindt et al. 2017)."""

import keras
import tensorflow as tf

from v1model.cnn.readout_params import FactorizedReadoutParams
from v1model.cnn.readouts import places
from v1model.cnn.readouts.base import Readout

_FIRST_WIDTH = 0.3  # of the weights of pixels, half sides


@keras.saving.register_keras_serializable(package="v1model")
class FactorizedReadout(Readout):
    """A learned picture of pixels, of length 1, times weights of channels.

        F[p, c, n] = s[n, p] / |s[n]| f[c, n]

    With is_positive, |s| takes the place of s. Pictures begin as Gaussians.
    """

    params_class = FactorizedReadoutParams
    neuron_axes = Readout.neuron_axes | {"kernel": 0}

    def add_weights(self):
        self.pictures = self.add_weight(
            shape=(self.n_neurons, self.n_pixels),
            initializer=lambda shape, dtype: self._bumps(tf.zeros((shape[0], 2))),
            name="kernel",
        )
        self.features = self._add_channel_weights()

    def masks(self):
        """Weights of pixels, (N, H W), each of length 1."""
        pictures = tf.convert_to_tensor(self.pictures)
        if self.params.is_positive:
            pictures = tf.abs(pictures)
        return tf.math.l2_normalize(pictures, axis=1)

    def filters(self):
        return tf.transpose(self.masks())[:, None] * self.features

    def start_at(self, centers):
        self.pictures.assign(self._bumps(tf.constant(centers, tf.float32)))

    def centers(self):
        energies = tf.square(self.masks())
        return places.energy_centers(energies, self.height, self.width)

    def widths(self):
        energies = tf.square(self.masks())
        return places.energy_widths(energies, self.height, self.width)

    def spread(self):
        energies = tf.square(self.masks())
        return places.energy_spreads(energies, self.height, self.width)

    def feature_weights(self):
        return tf.convert_to_tensor(self.features)

    def channel_variables(self):
        return [self.features]

    def _bumps(self, centers):
        n = self.n_neurons
        widths, angles = tf.fill((n, 2), _FIRST_WIDTH), tf.zeros(n)
        masks = places.gaussian_masks(centers, widths, angles, self.height, self.width)
        return tf.math.l2_normalize(masks, axis=1)
