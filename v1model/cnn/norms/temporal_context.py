"""TemporalContextNorm: gain control by the power of the recent past."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.causal import running_mean
from v1model.cnn.norm_params import TemporalContextParams
from v1model.cnn.norms.base import Norm
from v1model.cnn.norms.moments import per_frame, pixel_mean

START_FLOOR = 0.1  # sigma^2; about the power of a picture in +-0.5 of full contrast


@keras.saving.register_keras_serializable("v1model")
class TemporalContextNorm(Norm):
    """Divisive gain control with a running mean, one gain for all channels and pixels.

        E_i[t] = q_i E_i[t - 1] + (1 - q_i) mean of x[t]^2    q_i = exp(-1 / (fs tau_i))
        E = sum_i pi_i E_i                                    pi = softmax
        y[t] = gain x[t] / sqrt(sigma^2 + E[t - delay] + eps) + offset

    with center, x is less its own running mean m (C,), and E less the mean of m^2: what
    is left is the running variance. tau_i, pi and sigma^2 are learned, tau_i as a
    logarithm and sigma^2 through a softplus.

    The mean begins with the first frame, as if that one had lasted for ever. Its memory
    is not finite, so `memory_bins` is 0 and rates depend on where a segment begins; how
    much, falls with exp(-t / tau).
    """

    params_type = TemporalContextParams
    has_endless_memory = True

    def build(self, input_shape):
        taus = np.log(self.params.taus_ms)
        self.log_taus = self.add_channels(
            len(taus), lambda shape, dtype: tf.constant(taus, dtype), "log_taus"
        )
        self.logits = self.add_channels(len(taus), "zeros", "logits")
        floor = np.log(np.expm1(START_FLOOR))
        self.raw_floor = self.add_channels(
            1, keras.initializers.Constant(floor), "raw_floor"
        )
        self.add_affine(input_shape[-1])
        super().build(input_shape)

    @property
    def taus_ms(self):
        """Time constants as they are now, ms."""
        return tf.exp(tf.convert_to_tensor(self.log_taus))

    def call(self, x, training=None, statistics=None):
        power = tf.square(tf.cast(x, tf.float32))
        power = tf.reduce_mean(power, (2, 3, 4))[..., None]
        if self.params.center:
            mean = self._context(pixel_mean(x))
            squared = tf.reduce_mean(tf.square(mean), -1, keepdims=True)
            variance = tf.nn.relu(self._context(power) - squared)
        else:
            mean, variance = None, self._context(power)
        floor = tf.math.softplus(tf.convert_to_tensor(self.raw_floor))
        gain = self.gain * tf.math.rsqrt(floor + variance + self.params.eps)
        shift = self.offset if mean is None else self.offset - gain * mean
        if mean is not None:
            shift = per_frame(shift)
        return x * tf.cast(per_frame(gain), x.dtype) + tf.cast(shift, x.dtype)

    def _context(self, x):
        """The mixture of running means of x (B, T, F), as it was `delay_bins` ago."""
        means = running_mean(x, self.taus_ms * (self.sampling_rate / 1000))
        means = tf.linalg.matvec(
            means, tf.nn.softmax(tf.convert_to_tensor(self.logits))
        )
        if not self.params.delay_bins:
            return means
        bins = tf.range(tf.shape(x)[1]) - self.params.delay_bins
        return tf.gather(means, tf.maximum(bins, 0), axis=1)
