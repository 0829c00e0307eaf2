"""The projection of an input movie, y = W x, with a gradient of bounded memory.

Automatic differentiation of the sparse product makes tensors of a number per synapse,
step and trial. Here the weights' gradient visits some synapses at a time.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.engine.portable_matrix import (
    Piece,
    matrix_pieces,
    product,
    transposed_product,
    weights_of,
)

_AT_ONCE = 1 << 22  # numbers of a tensor of synapses by steps: 16 MB in float32


class ProjectionTensors(NamedTuple):
    """A ProjectionTable as tensors; all indices are int64.

    pieces: W.  target, pre: Row and column of each synapse, (S,).
    """

    pieces: tuple[Piece, ...]
    target: tf.Tensor
    pre: tf.Tensor


def projection_tensors(table, n_targets, n_inputs):
    """The ProjectionTensors of a ProjectionTable."""
    row = np.repeat(table.target, np.diff(table.start))
    order = np.arange(len(row))
    with tf.init_scope():  # see `portable_tables`
        return ProjectionTensors(
            matrix_pieces(row, table.pre, order, (n_targets, n_inputs)),
            tf.constant(row, tf.int64),
            tf.constant(table.pre, tf.int64),
        )


def portable_projection(x, weights, table, n_targets):
    """y = W x; arguments and result as in `stepwise_projection`.

    The table may also be its ProjectionTensors: who traces several graphs keeps one
    copy.
    """
    if not isinstance(table, ProjectionTensors):
        table = projection_tensors(table, n_targets, x.shape[-1])
    pieces, target, pre = table

    @tf.custom_gradient
    def project(x, weights):
        values = weights_of(pieces, weights)
        lanes = _lanes(x)
        y = _movie(product(pieces, values, lanes), x)

        def gradient(y_b):
            lanes_b = _lanes(y_b)
            x_b = _movie(transposed_product(pieces, values, lanes_b), x)
            return x_b, _row_products(lanes_b, target, lanes, pre)

        return y, gradient

    return project(x, weights)


def _lanes(movie):
    """(B, T, K) as (K, B * T)."""
    return tf.transpose(tf.reshape(movie, (-1, movie.shape[-1])))


def _movie(lanes, like):
    """(K, B * T) as (B, T, K), with B and T of another movie."""
    shape = tf.shape(like)
    movie = tf.reshape(tf.transpose(lanes), (shape[0], shape[1], lanes.shape[0]))
    movie.set_shape((like.shape[0], like.shape[1], None))
    return movie


def _row_products(first, first_row, second, second_row):
    """Scalar products of some rows of two matrices, for each pair of row numbers.

    Args:
        first, second: (rows, L).
        first_row, second_row: (S,).

    Returns:
        (S,).
    """
    n_pairs = first_row.shape[0]
    step = tf.maximum(_AT_ONCE // tf.maximum(tf.shape(first)[1], 1), 1)
    n_parts = tf.maximum(-(-n_pairs // step), 1)

    def part(i, parts):
        rows = slice(i * step, tf.minimum((i + 1) * step, n_pairs))
        a = tf.gather(first, first_row[rows])
        b = tf.gather(second, second_row[rows])
        return i + 1, parts.write(i, tf.reduce_sum(a * b, 1))

    parts = tf.TensorArray(
        first.dtype, n_parts, infer_shape=False, element_shape=(None,)
    )
    _, parts = tf.while_loop(lambda i, _: i < n_parts, part, (0, parts))
    products = parts.concat()
    products.set_shape((n_pairs,))
    return products
