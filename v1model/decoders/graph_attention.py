"""GraphAttention: units that listen to a few other units."""

import keras
import numpy as np
from keras import ops

from v1model.decoders.layers import PACKAGE

_WEAKEST = 1e-3  # strength of an edge, so that its logarithm exists


@keras.saving.register_keras_serializable(package=PACKAGE)
class GraphAttention(keras.layers.Layer):
    """Attention over the neighbours of each unit and itself (Brody et al. 2022).

        z_j  = W x_j,   s_ij = a . leaky_relu(Q x_i + z_j) + b_ij
        y_i  = sum_j softmax_j(s_ij) z_j

    over the k neighbours j of unit i and i itself, by head. b_ij is the logarithm of
    the strength of the edge, 0 for i itself. Each sample of a batch has its messages
    passed over the same edges; there are N (k + 1) edges, never N^2.

    Input (B, N, F), output (B, N, D).

    Args:
        width: D.
        n_heads: Heads; must divide D.
        n_neighbours: k.
        is_learned: Whether b_ij are trained, from where `set_graph` puts them.
    """

    def __init__(self, width, n_heads, n_neighbours, is_learned=False, **kwargs):
        super().__init__(**kwargs)
        if width % n_heads:
            raise ValueError(f"n_heads must divide the width {width}, got {n_heads}.")
        self.width = width
        self.n_heads = n_heads
        self.n_neighbours = n_neighbours
        self.is_learned = is_learned

    def build(self, input_shape):
        n_units, n_features = input_shape[1:]
        edges = (n_units, self.n_neighbours)
        shape = (n_features, self.width)
        self.message = self.add_weight(shape=shape, name="message")
        self.question = self.add_weight(shape=shape, name="question")
        per_head = self.width // self.n_heads
        self.attention = self.add_weight(
            shape=(self.n_heads, per_head), name="attention"
        )
        self.bias = self.add_weight(
            shape=(self.width,), initializer="zeros", name="bias"
        )
        self.neighbours = self.add_weight(
            shape=edges,
            dtype="int32",
            initializer="zeros",
            trainable=False,
            name="neighbours",
        )
        self.edge_bias = self.add_weight(
            shape=edges,
            initializer="zeros",
            trainable=self.is_learned,
            name="edge_bias",
        )

    def set_graph(self, neighbours, strength):
        """Sets the edges.

        Args:
            neighbours: (N, k) int32.
            strength: (N, k), 0 to 1.

        Raises:
            ValueError: A shape is wrong, or a neighbour is no unit.
        """
        neighbours, strength = np.asarray(neighbours), np.asarray(strength)
        shape = tuple(self.neighbours.shape)
        if neighbours.shape != shape or strength.shape != shape:
            raise ValueError(
                f"the graph must have shape {shape}, got neighbours "
                f"{neighbours.shape} and strength {strength.shape}."
            )
        if neighbours.min() < 0 or neighbours.max() >= shape[0]:
            raise ValueError(
                f"neighbours must lie in 0..{shape[0] - 1}, got {neighbours.min()} to "
                f"{neighbours.max()}."
            )
        self.neighbours.assign(neighbours.astype(np.int32))
        self.edge_bias.assign(np.log(np.maximum(strength, _WEAKEST)))

    def call(self, inputs):
        # Units first: a gather then moves whole rows of (B, heads, D / heads).
        by_unit = ops.transpose(inputs, (1, 0, 2))
        messages = self._by_head(by_unit @ self.message)  # (N, B, H, D/H)
        questions = self._by_head(by_unit @ self.question)
        heard = ops.take(messages, self.neighbours, axis=0)  # (N, k, B, H, D/H)
        heard = ops.concatenate([messages[:, None], heard], axis=1)
        pairs = ops.leaky_relu(questions[:, None] + heard, negative_slope=0.2)
        scores = ops.sum(pairs * self.attention, axis=-1)  # (N, k + 1, B, H)
        bias = ops.pad(self.edge_bias, ((0, 0), (1, 0)))
        share = ops.softmax(scores + bias[:, :, None, None], axis=1)
        mixed = ops.sum(share[..., None] * heard, axis=1)
        shape = (inputs.shape[1], -1, self.width)
        mixed = ops.reshape(mixed, shape) + self.bias
        return ops.transpose(mixed, (1, 0, 2))

    def _by_head(self, values):
        shape = (values.shape[0], -1, self.n_heads, self.width // self.n_heads)
        return ops.reshape(values, shape)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], self.width)

    def get_config(self):
        own = {
            "width": self.width,
            "n_heads": self.n_heads,
            "n_neighbours": self.n_neighbours,
            "is_learned": self.is_learned,
        }
        return {**super().get_config(), **own}
