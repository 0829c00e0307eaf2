"""MLP and MLPWithSkips: the networks that encoder, evolver and decoder are made of.

Weights are named as in the published code and drawn as torch.nn.Linear draws them:
kernels and biases uniform in +-1/sqrt(fan in).
"""

import keras
import tensorflow as tf

from v1model.latent.activations import ACTIVATION_FUNCTIONS
from v1model.latent.folding import Folded

_PACKAGE = "v1model"


class _Network(keras.layers.Layer):
    """What MLP and MLPWithSkips share: L hidden layers, then a linear one.

    The last layer is apart, so that a decoder can be asked for some neurons only:
    `call(x) = features(x) @ output.kernel + output.bias`.
    """

    def __init__(
        self,
        n_outputs,
        n_hidden,
        n_layers,
        activation="ReLU",
        zero_init=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if activation not in ACTIVATION_FUNCTIONS:
            raise ValueError(
                f"activation '{activation}' is unknown; choose from "
                f"{', '.join(ACTIVATION_FUNCTIONS)}."
            )
        self.n_outputs, self.n_hidden, self.n_layers = n_outputs, n_hidden, n_layers
        self.activation, self.zero_init, self.seed = activation, zero_init, seed
        self._act = ACTIVATION_FUNCTIONS[activation]
        self._draws = keras.random.SeedGenerator(seed)

    def _linear(self, name, n_inputs, n_outputs, is_zero=False):
        return Linear(n_inputs, n_outputs, is_zero, self._draws, self, name)

    def call(self, x):
        return self.output_layer(self.features(x))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.n_outputs)

    def get_config(self):
        return super().get_config() | {
            "n_outputs": self.n_outputs,
            "n_hidden": self.n_hidden,
            "n_layers": self.n_layers,
            "activation": self.activation,
            "zero_init": self.zero_init,
            "seed": self.seed,
        }


class Linear:
    """A kernel (I, O) and a bias (O,) of a layer: x -> x kernel + bias."""

    def __init__(self, n_inputs, n_outputs, is_zero, draws, layer, name):
        bound = n_inputs**-0.5
        draw = keras.initializers.RandomUniform(-bound, bound, seed=draws)
        initializer = "zeros" if is_zero else draw
        self.kernel = layer.add_weight(
            shape=(n_inputs, n_outputs), initializer=initializer, name=f"{name}_kernel"
        )
        self.bias = layer.add_weight(
            shape=(n_outputs,), initializer=initializer, name=f"{name}_bias"
        )

    def __call__(self, x):
        return tf.tensordot(x, self.kernel, 1) + self.bias


@keras.saving.register_keras_serializable(_PACKAGE)
class MLP(_Network):
    """L times a linear layer, batch normalization if wanted, activation; then linear.

    Args:
        n_outputs: O.
        n_hidden: Width h of the hidden layers.
        n_layers: L; 0 is one linear map.
        activation: Of the hidden layers.
        zero_init: Whether the last layer starts at 0.
        use_batch_norm: Whether hidden layers are normalized (momentum 0.1 of torch).
        seed: Of the initial weights.

    Call arguments:
        x: (..., I).

    Returns:
        (..., O).
    """

    def __init__(self, *args, use_batch_norm=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.use_batch_norm = use_batch_norm
        self.norms = [
            keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
            for _ in range(self.n_layers if use_batch_norm else 0)
        ]

    def build(self, input_shape):
        n_inputs, self.hidden = input_shape[-1], []
        for i in range(self.n_layers):
            name = f"hidden_{i + 1}"
            self.hidden.append(self._linear(name, n_inputs, self.n_hidden))
            n_inputs = self.n_hidden
        self.output_layer = self._linear(
            "output", n_inputs, self.n_outputs, self.zero_init
        )
        for norm in self.norms:
            norm.build((None, self.n_hidden))
        super().build(input_shape)

    def call(self, x, training=False):
        return self.output_layer(self.features(x, training))

    def features(self, x, training=False):
        """What the last layer is given, (..., F)."""
        for i, linear in enumerate(self.hidden):
            x = linear(x)
            if self.norms:
                # Keras wants rows alone: all axes but the last are the batch.
                rows = tf.reshape(x, (-1, self.n_hidden))
                rows = self.norms[i](rows, training=training)
                leading = tf.shape(x)[:-1]
                x = tf.reshape(rows, tf.concat([leading, (self.n_hidden,)], 0))
            x = self._act(x)
        return x

    def features_of_many(self, rows):
        """`features` of (R, I); there is nothing to fold."""
        return self.features(rows)

    def folded(self):
        """Folded, the same function.

        Raises:
            ValueError: It has batch normalization.
        """
        if self.norms:
            raise ValueError("a network with batch normalization cannot be folded.")
        if not self.hidden:
            return Folded.linear(self.output_layer)
        n_inputs = self.hidden[0].kernel.shape[0]
        none = tf.zeros((n_inputs, self.n_hidden))
        later = len(self.hidden) - 1
        kernels = [self.hidden[0].kernel, *[none] * later]
        kernels.append(tf.zeros((n_inputs, self.n_outputs)))
        return Folded(
            tf.concat(kernels, 1),
            tf.concat([layer.bias for layer in (*self.hidden, self.output_layer)], 0),
            tuple(
                tf.convert_to_tensor(layer.kernel)
                for layer in (*self.hidden[1:], self.output_layer)
            ),
            self._act,
        )

    def get_config(self):
        return super().get_config() | {"use_batch_norm": self.use_batch_norm}


@keras.saving.register_keras_serializable(_PACKAGE)
class MLPWithSkips(_Network):
    """A network whose input reaches every layer, through a projection P_i of its own.

        h_0 = x
        h_i = act(W_i [h_(i-1); P_i x] + b_i)    i = 1 ... L
        y   = W_o [h_L; P_o x] + b_o             L = 0: y = W_o x + b_o

    Every P_i is a linear map with bias to h numbers, without activation.

    Args:
        n_outputs: O.
        n_hidden: h.
        n_layers: L.
        activation: Of the hidden layers.
        zero_init: Whether W_o and b_o start at 0.
        seed: Of the initial weights.

    Call arguments:
        x: (..., I).

    Returns:
        (..., O).
    """

    def build(self, input_shape):
        n_inputs, width = input_shape[-1], self.n_hidden
        n_projections = self.n_layers + 1 if self.n_layers else 0
        self.projections, self.hidden, n_before = [], [], n_inputs
        for i in range(n_projections):
            name = f"projection_{i + 1}"
            self.projections.append(self._linear(name, n_inputs, width))
        for i in range(self.n_layers):
            self.hidden.append(self._linear(f"hidden_{i + 1}", n_before + width, width))
            n_before = width
        n_features = 2 * width if self.n_layers else n_inputs
        self.output_layer = self._linear(
            "output", n_features, self.n_outputs, self.zero_init
        )
        super().build(input_shape)

    def features(self, x):
        """What the last layer is given, (..., 2 h)."""
        if not self.hidden:
            return x
        h = x
        for linear, projection in zip(self.hidden, self.projections, strict=False):
            h = self._act(linear(tf.concat([h, projection(x)], -1)))
        return tf.concat([h, self.projections[-1](x)], -1)

    def features_of_many(self, rows):
        """`features` of (R, I), in fewer products if R is above the width."""
        if not self.hidden:
            return rows
        folded = self._folded(self.hidden)
        h = self._act(folded.apply(rows @ folded.kernel + folded.bias))
        return tf.concat([h, self.projections[-1](rows)], -1)

    def folded(self):
        """Folded, the same function: projections are multiplied into the layers."""
        if not self.hidden:
            return Folded.linear(self.output_layer)
        return self._folded((*self.hidden, self.output_layer))

    def _folded(self, layers):
        """Folded, of the first layers; what the last of them gives is not activated."""
        width, kernels, biases, hidden = self.n_hidden, [], [], []
        for i, (layer, projection) in enumerate(
            zip(layers, self.projections, strict=False)
        ):
            all_rows = tf.convert_to_tensor(layer.kernel)
            before, beside = all_rows[:-width], all_rows[-width:]
            kernel = projection.kernel @ beside
            if i == 0:  # the hidden state before the first layer is the input itself
                kernel += before
            else:
                hidden.append(before)
            kernels.append(kernel)
            bias = tf.linalg.matvec(beside, projection.bias, transpose_a=True)
            biases.append(bias + layer.bias)
        return Folded(
            tf.concat(kernels, 1), tf.concat(biases, 0), tuple(hidden), self._act
        )


def network(with_skips, *args, use_batch_norm=False, **kwargs):
    """MLPWithSkips or MLP, with the same arguments.

    Raises:
        ValueError: Batch normalization is wanted together with skips.
    """
    if not with_skips:
        return MLP(*args, use_batch_norm=use_batch_norm, **kwargs)
    if use_batch_norm:
        raise ValueError("use_batch_norm must be off with use_input_skips.")
    return MLPWithSkips(*args, **kwargs)
