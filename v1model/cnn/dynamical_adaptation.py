"""DynamicalAdaptation: a response divided by its own recent past."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.causal import CausalLayer, bins_of, convolve_time
from v1model.cnn.frontend_params import DynamicalAdaptationParams
from v1model.cnn.temporal_kernels import gamma_density, midpoints_ms

GREY = 0.5  # what is added to a movie of -0.5 to 0.5, so that black is 0
EDGE = 1e-3  # how near a share that is learned comes to 0 or 1


@keras.saving.register_keras_serializable("v1model")
class DynamicalAdaptation(CausalLayer):
    """Gain control of photoreceptors (Clark et al., PLoS Comput Biol 2013), per pixel.

        s = x + 0.5                       luminance; x is -0.5 to 0.5, 0 is grey
        r = alpha Ky s / (1 + beta relu(Kz s))
        Kz = gamma Ky + (1 - gamma) Ks    Ky, Ks: t^n exp(-t / tau), of the sum 1
        y = r - r(grey)                   so that lasting grey, as a padded border, is 0

    The recurrence is cut to kernels of `kernel_ms`. alpha, beta, tau_y and tau_z are
    learned as logarithms, gamma as a logit; a beta of 0 stays 0.
    (B, T, H, W, C) -> (B, T - memory_bins, H, W, C).
    """

    params_type = DynamicalAdaptationParams

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        self.n_taps = max(bins_of(self.params.kernel_ms, self.sampling_rate), 1)
        self.memory_bins = self.n_taps - 1

    def build(self, input_shape):
        options = self.params
        gamma = np.clip(options.gamma, EDGE, 1 - EDGE)
        numbers = {
            "log_alpha": np.log(options.alpha),
            "log_beta": np.log(options.beta) if options.beta else 0.0,
            "log_tau_y": np.log(options.tau_y_ms),
            "log_tau_z": np.log(options.tau_z_ms),
            "logit_gamma": np.log(gamma / (1 - gamma)),
        }
        self.numbers = [
            self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(value),
                trainable=options.is_learned,
                autocast=False,
                name=name,
            )
            for name, value in numbers.items()
        ]
        super().build(input_shape)

    def _kernels(self):
        """Ky and Kz (K, 2), alpha, beta."""
        options = self.params
        log_alpha, log_beta, log_tau_y, log_tau_z, logit = map(
            tf.convert_to_tensor, self.numbers
        )
        t = midpoints_ms(self.n_taps, self.sampling_rate)
        fast = gamma_density(t, tf.exp(log_tau_y), options.n_y)
        slow = gamma_density(t, tf.exp(log_tau_z), options.n_z)
        gamma = tf.sigmoid(logit)
        both = tf.stack([fast, gamma * fast + (1 - gamma) * slow], 1)
        beta = tf.exp(log_beta) if options.beta else tf.zeros(())
        return both, tf.exp(log_alpha), beta

    def kernels(self):
        """Ky, (memory_bins + 1, 1) float32; row 0 is lag 0."""
        return self._kernels()[0][:, :1]

    def call(self, x):
        kernels, alpha, beta = self._kernels()
        filtered = convolve_time(tf.cast(x, tf.float32) + GREY, kernels)
        # Channels of the movie, then the two kernels.
        y, z = filtered[..., ::2], filtered[..., 1::2]
        at_grey = alpha * GREY / (1 + beta * GREY)
        return tf.cast(alpha * y / (1 + beta * tf.nn.relu(z)) - at_grey, x.dtype)
