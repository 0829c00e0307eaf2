"""Norms that divide responses by the responses of others: GRN and LRN."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.causal import last_bins
from v1model.cnn.norms.base import PlainNorm
from v1model.cnn.norms.moments import per_frame, windowed_mean

SMALLEST_POWER = 1e-12  # the square root has no slope at 0


@keras.saving.register_keras_serializable("v1model")
class GlobalResponseNorm(PlainNorm):
    """Global response norm (Woo et al., CVPR 2023), causal.

        G_c = |x_c|                    over pixels of the last `window_bins` frames
        N_c = G_c / (mean_c G_c + eps)
        y = x + gain x N + offset

    The root of the mean of squares stands for the norm, so that eps means the same for
    any number of pixels. The original is over all bins of a clip, its future too;
    `memory_bins` is window_bins - 1. gain begins at 0.1; without `affine` it is 1.
    """

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        self.memory_bins = self.params.window_bins - 1

    # ConvNeXt V2 begins with 0, which is no norm at all.
    start_gain = keras.initializers.Constant(0.1)

    def call(self, x, training=None, statistics=None):
        power = tf.reduce_mean(tf.square(tf.cast(x, tf.float32)), (2, 3))
        power = windowed_mean(power, self.params.window_bins)
        length = tf.sqrt(power + SMALLEST_POWER)
        share = length / (tf.reduce_mean(length, -1, keepdims=True) + self.params.eps)
        if self.gain is not None:
            share *= self.gain
        x = last_bins(x, share)
        y = x * tf.cast(per_frame(1 + share), x.dtype)
        return y if self.offset is None else y + tf.cast(self.offset, x.dtype)


@keras.saving.register_keras_serializable("v1model")
class LocalResponseNorm(PlainNorm):
    """Divided by the responses nearby, of all channels and in the same bin.

        y = x / (k + alpha n sum_c' mean_p x_c'^2)^beta

    p are the n = window_pixels^2 pixels around; at the border the mean is of those that
    there are (Krizhevsky et al., NeurIPS 2012, have the sum over channels alone).
    """

    def call(self, x, training=None, statistics=None):
        options = self.params
        power = tf.reduce_sum(tf.square(tf.cast(x, tf.float32)), -1)
        rows, columns = (_box(side, options.window_pixels) for side in x.shape[2:4])
        around = _along_last(_along_last(power, columns), rows)
        strength = options.alpha * options.window_pixels**2
        scale = (options.k + strength * around) ** -options.beta
        return self.scaled(x, scale[..., None])


def _along_last(x, weights):
    """(B, T, I, J) times (J, J) along J, with the last two axes exchanged.

    A product of two plain matrices: with a batch of matrices, the product, the scale
    and the sum after it gave NaN and spoilt memory in graphs (TensorFlow 2.21, CPU).
    """
    shape = tf.shape(x)
    y = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), weights, transpose_b=True)
    return tf.transpose(tf.reshape(y, shape), (0, 1, 3, 2))


def _box(n_pixels, width):
    """Means over `width` neighbours of a line of pixels, or those there are: (n, n)."""
    places = np.arange(n_pixels)
    is_near = np.abs(places[:, None] - places) <= width // 2
    return (is_near / is_near.sum(1, keepdims=True)).astype(np.float32)
