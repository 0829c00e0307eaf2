"""The activation functions of read-out models, by the names of the YAML files."""

import keras
import tensorflow as tf

from v1model.cnn.layer_params import ACTIVATIONS

ACTIVATION_FUNCTIONS = {
    "none": tf.identity,
    "relu": tf.nn.relu,
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.01),
    "gelu": lambda x: tf.nn.gelu(x, approximate=False),
    "silu": tf.nn.silu,
    "elu": tf.nn.elu,
    "tanh": tf.tanh,
    "softplus": tf.math.softplus,
    "square": tf.square,
}
SPLIT_RELU = "split_relu"


@keras.saving.register_keras_serializable("v1model")
class Activation(keras.layers.Layer):
    """One of ACTIVATION_FUNCTIONS; shapes stay."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self._act = ACTIVATION_FUNCTIONS[function]

    def call(self, x):
        return self._act(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"function": self.function}


@keras.saving.register_keras_serializable("v1model")
class SplitReLU(keras.layers.Layer):
    """Both signs, as ON and OFF cells have them.

        y = [|g| relu(x), relu(-x)]        (..., C) -> (..., 2 C)

    g (C,) is 1 before training.
    """

    def build(self, input_shape):
        self.gain = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", name="gain"
        )
        super().build(input_shape)

    def call(self, x):
        gain = tf.abs(tf.cast(self.gain, x.dtype))
        # One relu of the whole is a quarter faster than two of its halves.
        return tf.nn.relu(tf.concat([x * gain, -x], -1))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 2 * input_shape[-1])


def make_activation(name, **kwargs):
    """The layer of a name in ACTIVATIONS.

    Args:
        name: One of them.
        **kwargs: Of a Keras layer, as `dtype`.

    Raises:
        ValueError: There is no such activation.
    """
    if name == SPLIT_RELU:
        return SplitReLU(**kwargs)
    if name not in ACTIVATION_FUNCTIONS:
        raise ValueError(
            f"activation '{name}' is unknown; choose from {', '.join(ACTIVATIONS)}."
        )
    return Activation(name, **kwargs)
