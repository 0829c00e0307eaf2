"""The reference engine: one TensorFlow step at a time, differentiated automatically."""

import tensorflow as tf

from v1model.engine.glif3 import GLIF3State, glif3_step


def sparse_weights(weights, wiring):
    """The recurrent matrix (N * R, D * N) as a SparseTensor."""
    indices = tf.stack(
        (tf.cast(wiring.target, tf.int64), tf.cast(wiring.column, tf.int64)), 1
    )
    shape = (
        wiring.n_neurons * wiring.n_receptors,
        wiring.n_neurons * wiring.n_delays,
    )
    return tf.SparseTensor(indices, weights, shape)


def recurrent_current(matrix, z_buffer):
    """Currents of all spikes that arrive now, (B, N * R)."""
    return tf.transpose(tf.sparse.sparse_dense_matmul(matrix, z_buffer, adjoint_b=True))


def stepwise_rollout(x, weights, state, parameters, wiring, spike_function, dt):
    """T steps of the column.

    Args:
        x: Input currents, (B, T, N * R).
        weights: Recurrent weights in canonical order, (S,).
        state: GLIF3State before the first step.
        parameters: GLIF3Parameters, as tensors.
        wiring: Wiring.
        spike_function: See `engine/surrogate.py`.
        dt: ms.

    Returns:
        Spikes (B, T, N), scaled voltages (B, T, N), and the last GLIF3State.
    """
    n_steps = tf.shape(x)[1]
    matrix = sparse_weights(weights, wiring)
    inputs = tf.TensorArray(x.dtype, size=n_steps).unstack(tf.transpose(x, (1, 0, 2)))
    spikes = tf.TensorArray(x.dtype, size=n_steps)
    voltages = tf.TensorArray(x.dtype, size=n_steps)

    def step(t, spikes, voltages, state):
        current = recurrent_current(matrix, state.z_buffer) + inputs.read(t)
        z, v, state = glif3_step(state, current, parameters, spike_function, dt)
        return t + 1, spikes.write(t, z), voltages.write(t, v), state

    _, spikes, voltages, state = tf.while_loop(
        lambda t, *_: t < n_steps,
        step,
        (tf.constant(0), spikes, voltages, GLIF3State(*state)),
    )
    n = wiring.n_neurons
    outputs = [tf.transpose(array.stack(), (1, 0, 2)) for array in (spikes, voltages)]
    for array in outputs:
        array.set_shape((x.shape[0], x.shape[1], n))
    return *outputs, state
