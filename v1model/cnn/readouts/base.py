"""Readout: what all read-outs share."""

import keras
import numpy as np
import tensorflow as tf

INITIAL_WEIGHT = 0.1  # of channels: rates start near their means


class Readout(keras.layers.Layer):
    """Features of a map to one number per neuron and bin, in float32.

        u[t, n] = b[n] + sum over pixels p and channels c of F[p, c, n] x[t, p, c]

    is one matrix product. What differs is what the filters F are made of: a kind of
    read-out says that in `filters`. It may also say where its neurons look.

    Measured on two processors, forward and backward, 768 maps of 12 x 12 pixels: with
    16 channels and 24 neurons 1.5 ms, 5.3 if masks and 6.5 if channels come first; with
    64 channels and 200 neurons 22, 67 and 99 ms.

    Args:
        params: The kind's options.
        n_neurons: N.
    """

    params_class = None
    has_limited_width = False  # whether there is `limit_widths`
    neuron_axes = {"bias": 0, "features": -1}  # by name of the variable

    def __init__(self, params, n_neurons, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.params, self.n_neurons = params, n_neurons

    def build(self, input_shape):
        """Takes the map's height, width and channels from (B, T, H, W, C)."""
        self.height, self.width, self.channels = input_shape[2:]
        self.n_pixels = self.height * self.width
        self.add_weights()
        self.bias = None
        if self.params.bias:
            self.bias = self.add_weight(
                shape=(self.n_neurons,), initializer="zeros", name="bias"
            )

    def add_weights(self):
        """Adds the weights that filters are made of."""
        raise NotImplementedError

    def filters(self):
        """F, (H W, C, N)."""
        raise NotImplementedError

    def call(self, features, training=None):
        """u, (B, T, N) float32, of features, (B, T, H, W, C)."""
        filters = tf.reshape(self.filters(), (-1, self.n_neurons))
        shape = tf.shape(features)
        rows = tf.reshape(features, (-1, self.n_pixels * self.channels))
        u = tf.reshape(rows @ filters, (shape[0], shape[1], self.n_neurons))
        return self.with_bias(u)

    def with_bias(self, u):
        return u if self.bias is None else u + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], self.n_neurons)

    def set_bias(self, u):
        """Sets what neurons say of a map without features, (N,).

        Raises:
            ValueError: The read-out has no bias.
        """
        if self.bias is None:
            raise ValueError(
                f"readout {self.params.type} has no bias to start at the mean rates; "
                "set readout.bias to true."
            )
        self.bias.assign(np.asarray(u, np.float32))

    def start_at(self, centers):
        """Moves neurons to places before training.

        Args:
            centers: (N, 2), y, x in [-1, 1] of the map.
        """
        raise NotImplementedError

    def centers(self):
        """Where neurons look, (N, 2): y, x in [-1, 1] of the map."""
        raise NotImplementedError

    def widths(self):
        """How widely, (N, 2) in half of the map's longer side; None where none is."""
        return None

    def feature_weights(self):
        """What neurons take of each channel, (C, N)."""
        raise NotImplementedError

    def channel_variables(self):
        """Variables with a neuron's weights of channels; the last axis is neurons."""
        raise NotImplementedError

    def neuron_axis(self, variable):
        """Axis of a variable that neurons are along; None where they share it."""
        return self.neuron_axes[variable.name]

    def spread(self):
        """The locality of each neuron, (N,), in areas of the map; None without one."""
        return None

    def get_config(self):
        return super().get_config() | {
            "params": self.params.model_dump(mode="json"),
            "n_neurons": self.n_neurons,
        }

    @classmethod
    def from_config(cls, config):
        params = cls.params_class.model_validate(config["params"])
        return super().from_config(config | {"params": params})

    def _add_channel_weights(self, *leading, name="features"):
        """Weights of channels, (..., C, N), small at first."""
        spread = INITIAL_WEIGHT * self.channels**-0.5
        return self.add_weight(
            shape=(*leading, self.channels, self.n_neurons),
            initializer=keras.initializers.RandomNormal(stddev=spread),
            name=name,
        )
