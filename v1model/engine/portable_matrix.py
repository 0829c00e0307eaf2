"""Sparse products of TensorFlow, spread over the threads of a CPU.

TensorFlow computes a sparse product in one thread, but several products at a time. A
matrix is therefore kept in pieces of about as many synapses each.

Indices are int64: TensorFlow keeps int32 tensors in the memory of the host, also where
there is a GPU.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

N_PIECES = 8


class Piece(NamedTuple):
    """Some consecutive rows of a sparse matrix.

    indices: Row in the piece and column of each synapse, (P, 2).  shape: (2,).
    order: Canonical position of each synapse, (P,).
    """

    indices: tf.Tensor
    shape: tf.Tensor
    order: tf.Tensor


def matrix_pieces(row, column, order, shape):
    """A sparse matrix as Pieces, from its first row to its last.

    Args:
        row, column: Place of each synapse, not decreasing in row, (S,).
        order: Canonical position of each synapse, (S,).
        shape: Rows and columns of the matrix.
    """
    n_rows, n_columns = shape
    start = np.searchsorted(row, np.arange(n_rows + 1))
    shares = np.linspace(0, len(row), N_PIECES + 1)[1:-1]
    borders = np.unique([0, *np.searchsorted(start, shares), n_rows])
    pieces = []
    for first, last in zip(borders[:-1], borders[1:], strict=True):
        part = slice(start[first], start[last])
        indices = np.stack((row[part] - first, column[part]), 1)
        arrays = (indices, (last - first, n_columns), order[part])
        pieces.append(Piece(*(tf.constant(array, tf.int64) for array in arrays)))
    return tuple(pieces)


def weights_of(pieces, weights):
    """The weights of each piece, from those in canonical order."""
    return [tf.gather(weights, piece.order) for piece in pieces]


def product(pieces, values, dense):
    """A b.

    Args:
        pieces: A, in Pieces.
        values: See `weights_of`.
        dense: b, (columns, lanes).

    Returns:
        (rows, lanes).
    """
    return tf.concat(
        [
            tf.raw_ops.SparseTensorDenseMatMul(
                a_indices=piece.indices, a_values=part, a_shape=piece.shape, b=dense
            )
            for piece, part in zip(pieces, values, strict=True)
        ],
        0,
    )


def transposed_product(pieces, values, dense):
    """A^T b, for b (rows, lanes): (columns, lanes)."""
    sizes = [piece.shape[0] for piece in pieces]
    return tf.add_n(
        [
            tf.raw_ops.SparseTensorDenseMatMul(
                a_indices=piece.indices,
                a_values=part,
                a_shape=piece.shape,
                b=rows,
                adjoint_a=True,
            )
            for piece, part, rows in zip(
                pieces, values, tf.split(dense, sizes), strict=True
            )
        ]
    )
