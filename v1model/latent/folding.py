"""Folded: a network in the form that is cheapest to apply many times.

A projection without activation in front of a layer is a matrix that can be multiplied
into that layer's. What is left per step has 2.3 times fewer products for the published
evolver, and its part that depends on the stimulus can be computed for all steps at
once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf


class Folded(NamedTuple):
    """A network of L hidden layers of width h, I inputs and O outputs.

        g   = x kernel + bias                      g_1 ... g_L, g_o are its parts
        h_1 = act(g_1),   h_i = act(h_(i-1) hidden_i + g_i)
        y   = h_L hidden_o + g_o

    Attributes:
        kernel: (I, L h + O).
        bias: (L h + O,).
        hidden: L matrices, (h, h) and the last one (h, O).
        activation: act.
    """

    kernel: Any
    bias: Any
    hidden: tuple
    activation: Callable

    @classmethod
    def linear(cls, layer):
        """A network without hidden layers."""
        kernel, bias = (tf.convert_to_tensor(w) for w in (layer.kernel, layer.bias))
        return cls(kernel, bias, (), tf.identity)

    @property
    def widths(self):
        """Widths of the parts of g."""
        n = len(self.hidden)
        width = int(self.hidden[0].shape[0]) if n else 0
        return [width] * n + [int(self.kernel.shape[1]) - n * width]

    def apply(self, g):
        """y (B, O) of g (B, L h + O)."""
        *parts, last = tf.split(g, self.widths, -1)
        h = None
        for i, part in enumerate(parts):
            h = self.activation(part if i == 0 else h @ self.hidden[i - 1] + part)
        return last if h is None else h @ self.hidden[-1] + last
