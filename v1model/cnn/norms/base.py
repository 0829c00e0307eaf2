"""Norm: what all norms share, their gain and offset."""

import tensorflow as tf

from v1model.cnn.causal import CausalLayer
from v1model.cnn.norm_params import PlainNormParams


class Norm(CausalLayer):
    """(B, T, H, W, C) -> (B, T - memory_bins, H, W, C), float32 inside.

    Call arguments:
        x: (B, T, H, W, C).
        training: As in Keras.
        statistics: (B, T0, F), T0 >= T, whose last bin is that of x; see
            StimulusStatistics. Only norms with `needs_statistics` read it.
    """

    params_type = PlainNormParams

    def add_affine(self, n_channels, gain="ones"):
        """Weights `gain` and `offset`, (C,) each."""
        self.gain = self.add_channels(n_channels, gain, "gain")
        self.offset = self.add_channels(n_channels, "zeros", "offset")

    def add_channels(self, n_channels, initializer, name, is_trained=True):
        return self.add_weight(
            shape=(n_channels,),
            initializer=initializer,
            trainable=is_trained,
            autocast=False,
            name=name,
        )


class PlainNorm(Norm):
    """A norm of PlainNormParams, with a gain and an offset per channel or without."""

    start_gain = "ones"

    def build(self, input_shape):
        self.gain = self.offset = None
        if self.params.affine:
            self.add_affine(input_shape[-1], self.start_gain)
        super().build(input_shape)

    def scaled(self, x, scale, shift=None):
        """gain (x scale + shift) + offset, in as few passes over x as there can be.

        Args:
            x: (B, T, H, W, C), any precision.
            scale: float32; what has fewer numbers than x is multiplied first.
            shift: The same, or None for 0.
        """
        if self.gain is not None:
            scale = scale * self.gain
            shift = self.offset if shift is None else shift * self.gain + self.offset
        y = x * tf.cast(scale, x.dtype)
        return y if shift is None else y + tf.cast(shift, x.dtype)
