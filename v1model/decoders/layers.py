"""Keras layers of the decoders: positions, Transformer blocks, pooling over time."""

import math

import keras
import numpy as np
from keras import ops

PACKAGE = "v1model.decoders"


@keras.saving.register_keras_serializable(package=PACKAGE)
class PositionalEncoding(keras.layers.Layer):
    """Adds sines and cosines of the place in time (Vaswani et al. 2017).

        p[t, 2i] = sin(t / 10000^(2i/D)),   p[t, 2i + 1] = cos(t / 10000^(2i/D))

    Input and output: (B, T, D), any T.
    """

    def call(self, inputs):
        n_steps, width = inputs.shape[1:]
        return inputs + ops.cast(positions(n_steps, width), inputs.dtype)


def positions(n_steps, width):
    """The numbers that `PositionalEncoding` adds, (T, D) float32."""
    even = np.arange(0, width, 2)
    angle = np.arange(n_steps)[:, None] / 10_000 ** (even / width)
    both = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return both.reshape(n_steps, -1)[:, :width].astype(np.float32)


@keras.saving.register_keras_serializable(package=PACKAGE)
class TransformerBlock(keras.layers.Layer):
    """Every step looks at all steps, then at itself; normalised before each.

        x = x + attention(norm(x))
        x = x + W2 gelu(W1 norm(x))

    Input and output: (B, T, D).

    Args:
        n_heads: Heads of the attention; must divide D.
        dropout: Share of both branches' outputs that training leaves out.
        expansion: Width of the inner layer, times D.
    """

    def __init__(self, n_heads, dropout=0.0, expansion=2, **kwargs):
        super().__init__(**kwargs)
        self.n_heads = n_heads
        self.dropout = dropout
        self.expansion = expansion
        self.norm_before = keras.layers.LayerNormalization(name="norm_before")
        self.norm_between = keras.layers.LayerNormalization(name="norm_between")
        self.drop_attended = keras.layers.Dropout(dropout)
        self.drop_inner = keras.layers.Dropout(dropout)

    def build(self, input_shape):
        width = input_shape[-1]
        if width % self.n_heads:
            raise ValueError(
                f"n_heads must divide the width {width}, got {self.n_heads}."
            )
        self.attention = keras.layers.MultiHeadAttention(
            self.n_heads, width // self.n_heads, name="attention"
        )
        self.inner = keras.layers.Dense(self.expansion * width, "gelu", name="inner")
        self.outer = keras.layers.Dense(width, name="outer")
        self.attention.build(input_shape, input_shape)
        self.norm_before.build(input_shape)
        self.norm_between.build(input_shape)
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.expansion * width))

    def call(self, inputs, training=None):
        seen = self.norm_before(inputs)
        seen = self.attention(seen, seen, training=training)
        between = inputs + self.drop_attended(seen, training=training)
        thought = self.outer(self.inner(self.norm_between(between)))
        return between + self.drop_inner(thought, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {
            "n_heads": self.n_heads,
            "dropout": self.dropout,
            "expansion": self.expansion,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package=PACKAGE)
class AttentionPooling(keras.layers.Layer):
    """The weighted mean over steps, weighted by how telling each is.

        y = sum_t softmax_t(x_t . q / sqrt(D)) x_t

    Begins as the plain mean (q = 0). Input (B, T, D), output (B, D).
    """

    def build(self, input_shape):
        self.query = self.add_weight(
            shape=input_shape[-1:], initializer="zeros", name="query"
        )

    def call(self, inputs):
        score = ops.matmul(inputs, self.query) / math.sqrt(inputs.shape[-1])
        share = ops.softmax(score, axis=1)
        return ops.sum(share[..., None] * inputs, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[2]
