"""From a read-out to rates: spikes per bin, always above 0 and in float32."""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

LOWEST_RATE = 1e-8  # spikes per bin; the logarithm of any rate is finite
_LOWEST_MEAN = 1e-6  # spikes per bin that a silent neuron starts with
_CALIBRATION_SHIFT = 4.0  # the offset starts at softplus(-4) = 1.8 % of the mean rate

_ACTIVATIONS = {
    "softplus": (tf.math.softplus, tfp.math.softplus_inverse),
    "exp": (tf.math.exp, tf.math.log),
}


@keras.saving.register_keras_serializable(package="v1model")
class Output(keras.layers.Layer):
    """Any real number to a rate in spikes per bin.

        rate = 1e-8 + softplus(u)   or   1e-8 + exp(u)

    The floor is added and not clipped, so that a spike where none was thought possible
    still pulls the rate up.

    Args:
        activation: softplus or exp.

    Raises:
        ValueError: There is no activation of that name.
    """

    def __init__(self, activation="softplus", **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        if activation not in _ACTIVATIONS:
            raise ValueError(
                f"output_activation must be one of {', '.join(_ACTIVATIONS)}, got "
                f"{activation!r}."
            )
        self.activation = activation
        self._forward, self._inverse = _ACTIVATIONS[activation]

    def call(self, u):
        """Rates, (B, T, N) float32, of what read-outs say, (B, T, N)."""
        return LOWEST_RATE + self._forward(u)

    def inverse(self, rates):
        """What a read-out must say for these rates in spikes per bin; 0 is 1e-6."""
        rates = tf.maximum(tf.cast(rates, tf.float32) - LOWEST_RATE, _LOWEST_MEAN)
        return self._inverse(rates)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"activation": self.activation}


@keras.saving.register_keras_serializable(package="v1model")
class Calibration(keras.layers.Layer):
    """A gain and an offset per neuron, learned; rates stay positive.

        r' = exp(g) r + mean rate * softplus(c - 4),   g = c = 0 at first

    which begins as the identity but for an offset of 1.8 % of the mean rate.

    Args:
        n_neurons: N.
        mean_rates: (N,), spikes per bin; None is 1 until `set_mean_rates`.
    """

    def __init__(self, n_neurons, mean_rates=None, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.n_neurons = n_neurons
        mean_rates = np.ones(n_neurons) if mean_rates is None else mean_rates
        self._first = np.asarray(mean_rates, np.float32)

    def build(self, input_shape):
        shape = (self.n_neurons,)
        self.log_gain = self.add_weight(shape=shape, initializer="zeros", name="gain")
        self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")
        self.mean_rates = self.add_weight(
            shape=shape,
            initializer=lambda shape, dtype: tf.constant(self._first, dtype, shape),
            trainable=False,
            name="mean_rates",
        )

    def set_mean_rates(self, mean_rates):
        """Sets what offsets are shares of: (N,), spikes per bin."""
        self.mean_rates.assign(np.asarray(mean_rates, np.float32))

    def call(self, rates):
        """Rates, (B, T, N), of rates, (B, T, N); spikes per bin."""
        share = tf.math.softplus(self.offset - _CALIBRATION_SHIFT)
        return tf.exp(self.log_gain) * rates + self.mean_rates * share

    def squared_change(self):
        """g^2 + c^2 of each neuron, (N,)."""
        return tf.square(self.log_gain) + tf.square(self.offset)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"n_neurons": self.n_neurons}
