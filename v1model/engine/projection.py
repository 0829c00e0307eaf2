"""Sparse projection of an input movie onto the receptors: y = W x at every step.

All steps of all trials share one pass over the synapses. Rows of W are summed in
canonical order, as the published sparse product does.
"""

from typing import NamedTuple

import numba
import numpy as np
import tensorflow as tf

from v1model.engine.buffers import aligned_zeros
from v1model.engine.kernel import kernel
from v1model.engine.row_sums import add_row_in_order
from v1model.engine.threads import thread_pool

_TILE = 32  # steps that are projected together: two cache lines per input
_CHUNK = 256  # steps whose inputs stay in the second-level cache together
_GROUP = 16  # float32 numbers in a cache line
_LANES = (0,) * _TILE  # see engine/row_sums.py


class ProjectionTable(NamedTuple):
    """Synapses as rows of W; only targets that receive something have a row.

    target: post * R + receptor of each row, (rows,) int32.
    start: First synapse of each row, (rows + 1,) int64.
    pre: Input of each synapse, in canonical order, (S,) int32.
    """

    target: np.ndarray
    start: np.ndarray
    pre: np.ndarray


def projection_table(synapses, n_receptors):
    """The ProjectionTable of Synapses in canonical order."""
    flat = synapses.post * np.int32(n_receptors) + synapses.receptor
    if (np.diff(flat) < 0).any():
        raise ValueError("input synapses must be in canonical order: sort them.")
    target, first = np.unique(flat, return_index=True)
    start = np.append(first, len(flat)).astype(np.int64)
    return ProjectionTable(target.astype(np.int32), start, synapses.pre)


def stepwise_projection(x, weights, table, n_targets):
    """y = W x with TensorFlow's sparse product: the reference.

    Args:
        x: (B, T, I).
        weights: (S,).
        table: ProjectionTable.
        n_targets: N * R.

    Returns:
        (B, T, N * R).
    """
    row = np.repeat(table.target, np.diff(table.start))
    indices = np.stack((row, table.pre), 1).astype(np.int64)
    n_inputs = x.shape[-1]
    matrix = tf.SparseTensor(indices, weights, (n_targets, n_inputs))
    flat = tf.reshape(x, (-1, n_inputs))
    y = tf.transpose(tf.sparse.sparse_dense_matmul(matrix, flat, adjoint_b=True))
    return tf.reshape(y, (-1, tf.shape(x)[1], n_targets))


def compiled_projection(x, weights, table, n_targets):
    """The same on CPU with compiled loops; arguments as `stepwise_projection`."""

    def run(x, weights):
        flat = x.reshape(-1, x.shape[-1])
        y = aligned_zeros((*x.shape[:2], n_targets))
        with thread_pool():
            _project(flat, weights, *table, y.reshape(-1, n_targets))
        return y

    def run_weights_gradient(x, y_b):
        with thread_pool():
            return _weights_gradient(
                x.reshape(-1, x.shape[-1]), y_b.reshape(-1, n_targets), *table
            )

    def run_input_gradient(y_b, weights):
        flat = y_b.reshape(-1, n_targets)
        with thread_pool():
            return _input_gradient(flat, weights, *table, n_inputs).reshape(
                *y_b.shape[:2], n_inputs
            )

    n_inputs = x.shape[-1]

    @tf.custom_gradient
    def project(x, weights):
        y = tf.numpy_function(run, (x, weights), tf.float32, stateful=False)
        y.set_shape((x.shape[0], x.shape[1], n_targets))

        def gradient(y_b):
            # Two calls without side effects: the graph drops the one nobody needs.
            x_b = tf.numpy_function(
                run_input_gradient, (y_b, weights), tf.float32, stateful=False
            )
            weights_b = tf.numpy_function(
                run_weights_gradient, (x, y_b), tf.float32, stateful=False
            )
            x_b.set_shape(x.shape)
            weights_b.set_shape(weights.shape)
            return x_b, weights_b

        return y, gradient

    return project(x, weights)


@kernel(parallel=True)
def _project(x, weights, target, start, pre, y):
    """x (steps, I) -> y (steps, n_targets), zero on entry."""
    n_steps = x.shape[0]
    for tile in numba.prange((n_steps + _TILE - 1) // _TILE):
        _project_tile(tile * _TILE, x, weights, target, start, pre, y)


@kernel()
def _project_tile(first, x, weights, target, start, pre, y):
    """Writes _TILE steps of y."""
    n_inputs = x.shape[1]
    size = min(_TILE, len(x) - first)
    inputs = np.zeros((n_inputs, _TILE), np.float32)
    for step in range(size):
        for i in range(n_inputs):
            inputs[i, step] = x[first + step, i]
    flat = inputs.reshape(-1)
    sums = np.empty((_GROUP, _TILE), np.float32)
    for row in range(0, len(target), _GROUP):
        n_rows = min(_GROUP, len(target) - row)
        sums[:] = 0
        totals = sums.reshape(-1)
        for j in range(n_rows):
            begin, end = start[row + j], start[row + j + 1]
            at = j * _TILE
            add_row_in_order(totals, at, weights, pre, begin, end, flat, _TILE, _LANES)
        # A cache line of the result at a time.
        for step in range(size):
            for j in range(n_rows):
                y[first + step, target[row + j]] = sums[j, step]


@kernel(parallel=True, fastmath={"reassoc", "contract"})
def _weights_gradient(x, y_b, target, start, pre):
    """x (steps, I), y_b (steps, n_targets) -> gradient of each weight (S,)."""
    n_steps, n_inputs = x.shape
    n_rows = len(target)
    gradient = np.zeros(len(pre), np.float32)
    inputs = np.zeros((n_inputs, _CHUNK), np.float32)
    n_groups = (n_rows + _GROUP - 1) // _GROUP
    for first in range(0, n_steps, _CHUNK):
        size = min(_CHUNK, n_steps - first)
        for task in numba.prange(_CHUNK // _GROUP):
            # A cache line of inputs at a time; steps past the end stay zero.
            for i in range(n_inputs):
                for step in range(task * _GROUP, (task + 1) * _GROUP):
                    inputs[i, step] = x[first + step, i] if step < size else 0
        for group in numba.prange(n_groups):
            first_row = group * _GROUP
            last_row = min(first_row + _GROUP, n_rows)
            rows = np.zeros((_GROUP, _CHUNK), np.float32)
            for step in range(size):
                for row in range(first_row, last_row):
                    rows[row - first_row, step] = y_b[first + step, target[row]]
            for row in range(first_row, last_row):
                for k in range(start[row], start[row + 1]):
                    source = pre[k]
                    total = np.float32(0)
                    for step in range(_CHUNK):
                        total += rows[row - first_row, step] * inputs[source, step]
                    gradient[k] += total
    return gradient


@kernel(parallel=True)
def _input_gradient(y_b, weights, target, start, pre, n_inputs):
    """y_b (steps, n_targets) -> gradient of the inputs (steps, I)."""
    n_steps = y_b.shape[0]
    x_b = np.zeros((n_steps, n_inputs), np.float32)
    for step in numba.prange(n_steps):
        for row in range(len(target)):
            upstream = y_b[step, target[row]]
            for k in range(start[row], start[row + 1]):
                x_b[step, pre[k]] += weights[k] * upstream
    return x_b
