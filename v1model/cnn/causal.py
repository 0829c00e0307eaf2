"""What layers in time are made of: CausalLayer, a convolution over bins, running means.

Time goes from the oldest bin to the newest and the last output belongs to the last
input. Lags count backwards: tau = 0 is the newest bin that an output sees.
"""

import math

import keras
import tensorflow as tf

LONGEST_PRODUCT = 128  # bins; a product with a T x T matrix grows with the square of T


class CausalLayer(keras.layers.Layer):
    """A layer that loses `memory_bins` of T bins and never looks ahead.

    Args:
        params: The layer's part of the YAML file, a `Params` or what it was dumped to.
        sampling_rate: Bins per second, Hz.

    Attributes:
        memory_bins: Bins before an output that it needs, 0 or more.
        needs_statistics: Whether calls must have `statistics`.
    """

    params_type = None  # pydantic class of `params`
    memory_bins = 0
    needs_statistics = False

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(**kwargs)
        self.params = self.params_type.model_validate(params)
        self.sampling_rate = float(sampling_rate)

    def compute_output_shape(self, input_shape):
        batch, bins, *rest = input_shape
        return (batch, None if bins is None else bins - self.memory_bins, *rest)

    def get_config(self):
        return super().get_config() | {
            "params": self.params.model_dump(mode="json"),
            "sampling_rate": self.sampling_rate,
        }


def bins_of(milliseconds, sampling_rate):
    """Whole bins that last at least so long."""
    # A hair less, so that 25 ms at 120 Hz are 3 bins whatever the rounding.
    return math.ceil(milliseconds * sampling_rate / 1000 - 1e-9)


def convolve_time(x, kernels):
    """Each pixel and channel filtered in time.

        y[t, c M + m] = sum_tau kernels[tau, m] x[t - tau, c]

    As one product with a banded (T' M, T) matrix where T is short: forward and backward
    it is 10 times as fast as a sum over shifted movies and 1.3 to 2 times as fast as
    Conv3D (16 segments of 64 bins and 24 x 24 pixels, 16 taps, 4 kernels, 2 threads).

    Args:
        x: (B, T, H, W, C), T >= K.
        kernels: (K, M); row 0 belongs to the newest bin.

    Returns:
        (B, T - K + 1, H, W, C M).
    """
    n_taps, n_kernels = kernels.shape
    kernels = tf.cast(kernels, x.dtype)
    sizes = tf.shape(x)
    n_out = sizes[1] - n_taps + 1
    if x.shape[1] is not None and x.shape[1] <= LONGEST_PRODUCT:
        y = _product_in_time(x, kernels, sizes, n_out)
    else:
        columns = tf.reshape(x, (sizes[0], sizes[1], -1, 1))
        y = tf.nn.conv2d(columns, kernels[::-1, None, None], 1, "VALID")
    height, width, channels = x.shape[2:]
    shape = (sizes[0], n_out, sizes[2], sizes[3], channels * n_kernels)
    y = tf.reshape(y, shape)
    out = None if x.shape[1] is None else x.shape[1] - n_taps + 1
    return tf.ensure_shape(y, (x.shape[0], out, height, width, channels * n_kernels))


def _product_in_time(x, kernels, sizes, n_out):
    """(B, T', P C, M)."""
    n_taps, n_kernels = kernels.shape
    lag = tf.range(n_out)[:, None] + n_taps - 1 - tf.range(sizes[1])[None]
    is_tap = (lag >= 0) & (lag < n_taps)
    band = tf.gather(
        tf.transpose(kernels), tf.clip_by_value(lag, 0, n_taps - 1), axis=1
    )
    band = tf.where(is_tap, band, tf.zeros((), x.dtype))  # (M, T', T)
    band = tf.reshape(tf.transpose(band, (1, 0, 2)), (-1, sizes[1]))
    y = tf.matmul(band, tf.reshape(x, (sizes[0], sizes[1], -1)))
    y = tf.reshape(y, (sizes[0], n_out, n_kernels, -1))
    return tf.transpose(y, (0, 1, 3, 2))


def running_weights(n_bins, decay_bins):
    """Exponential running means as products: weight of bin s in the mean at bin t.

        E[0] = x[0],  E[t] = q E[t - 1] + (1 - q) x[t],  q = exp(-1 / decay_bins)

    They begin as if the first bin had lasted for ever before it.

    Args:
        n_bins: T.
        decay_bins: Time constants in bins, (K,), float32.

    Returns:
        (K, T, T) float32; rows have the sum 1, what is later than t has 0.
    """
    bins = tf.range(n_bins)
    lag = bins[:, None] - bins[None]
    age = tf.cast(tf.maximum(lag, 0), tf.float32) / tf.reshape(decay_bins, (-1, 1, 1))
    share = 1 - tf.exp(-1 / tf.reshape(decay_bins, (-1, 1, 1)))
    share = tf.where(bins == 0, tf.ones((), tf.float32), share)
    return tf.where(lag >= 0, tf.exp(-age) * share, 0.0)


def running_mean(x, decay_bins):
    """`running_weights` applied to x (B, T, F): (B, T, F, K), float32."""
    weights = running_weights(tf.shape(x)[1], decay_bins)
    return tf.einsum("kts,bsf->btfk", weights, x)


def last_bins(x, like):
    """The last bins of x (B, T, ...), as many as `like` (B, T', ...) has."""
    return x[:, tf.shape(x)[1] - tf.shape(like)[1] :]
