"""Norms that take away a mean and divide by a spread: layer, RMS, instance, batch."""

import keras
import tensorflow as tf

from v1model.cnn.causal import last_bins
from v1model.cnn.norms.base import Norm, PlainNorm
from v1model.cnn.norms.moments import per_frame, windowed_moments

BATCH_MOMENTUM = 0.9


@keras.saving.register_keras_serializable("v1model")
class LayerNorm(PlainNorm):
    """(x - m) / sqrt(v + eps), moments over the channels of each pixel and bin."""

    def call(self, x, training=None, statistics=None):
        mean, variance = tf.nn.moments(tf.cast(x, tf.float32), -1, keepdims=True)
        scale = tf.math.rsqrt(variance + self.params.eps)
        return self.scaled((x - tf.cast(mean, x.dtype)), scale)


@keras.saving.register_keras_serializable("v1model")
class RMSNorm(PlainNorm):
    """x / sqrt(mean of x^2 over channels + eps), in each pixel and bin."""

    def call(self, x, training=None, statistics=None):
        power = tf.reduce_mean(tf.square(tf.cast(x, tf.float32)), -1, keepdims=True)
        return self.scaled(x, tf.math.rsqrt(power + self.params.eps))


@keras.saving.register_keras_serializable("v1model")
class InstanceNorm(PlainNorm):
    """(x - m) / sqrt(v + eps), moments per channel over pixels.

    frame_instance: over those of each frame; no memory.
    instance: over those of the last `window_bins` frames, the present one included. The
        original is over a whole clip, its future too; `memory_bins` is window_bins - 1.
    """

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        is_frame = self.params.type == "frame_instance"
        self.window_bins = 1 if is_frame else self.params.window_bins
        self.memory_bins = self.window_bins - 1

    def call(self, x, training=None, statistics=None):
        mean, variance = windowed_moments(x, self.window_bins)
        scale = tf.math.rsqrt(variance + self.params.eps)
        scale, shift = per_frame(scale), per_frame(-mean * scale)
        return self.scaled(last_bins(x, mean), scale, shift)


@keras.saving.register_keras_serializable("v1model")
class BatchNorm(Norm):
    """Keras' BatchNormalization over batch, bins and pixels; of all devices together.

    In training it mixes the recordings of a batch, the bins of a segment and thus what
    is later than a bin; afterwards running averages of the training take their place
    and the layer is causal. Norms of one sample do none of this.
    """

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        self.norm = keras.layers.BatchNormalization(
            momentum=BATCH_MOMENTUM,
            epsilon=self.params.eps,
            center=self.params.affine,
            scale=self.params.affine,
            synchronized=True,
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        self.norm.build((None, input_shape[-1]))
        super().build(input_shape)

    def call(self, x, training=None, statistics=None):
        # Keras wants rows: all axes but the last are the batch.
        rows = self.norm(tf.reshape(x, (-1, x.shape[-1])), training=training)
        return tf.reshape(rows, tf.shape(x))
