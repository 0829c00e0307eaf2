"""The portable engine: event-driven loops of TensorFlow operations, for any device.

Forwards, only the synapses of neurons that fired are visited: rows of the event table
are laid end to end and added into their targets. The additions into one target run by
source, as in the published sparse product, so that on CPU the float32 sums round alike
and spikes agree with the step-by-step loop. The way back is in `portable_adjoint.py`.

Every operation has a GPU kernel.
"""

import numpy as np
import tensorflow as tf

from v1model.engine.channels import input_column, spread
from v1model.engine.glif3 import GLIF3Parameters, GLIF3State, glif3_step
from v1model.engine.portable_adjoint import Run, adjoint
from v1model.engine.portable_tables import (
    PortableTables,
    expand_rows,
    portable_tables,
)


def portable_rollout(
    x, weights, state, parameters, wiring, surrogate, dt, channels=None
):
    """T steps of the column, with a hand-written adjoint as gradient.

    Args:
        x: Input currents, (B, T, N * R), or (B, T, P) with `channels`.
        weights: Recurrent weights in canonical order, (S,).
        state: GLIF3State before the first step; its buffer holds 0 and 1.
        parameters: GLIF3Parameters, as tensors.
        wiring: Wiring, or its PortableTables: who traces several graphs keeps one copy.
        surrogate: Width, height and tolerance of the spikes' Gaussian derivative; what
            is below the tolerance counts as zero.
        dt: ms.
        channels: Receptors (post * R + receptor) that the columns of x belong to,
            sorted and unique, (P,); the others receive no input. None: all receptors.

    Returns:
        Spikes (B, T, N), scaled voltages (B, T, N), and the last GLIF3State.

    Raises:
        TypeError: The parameters are those of another integration, whose adjoint is
            not the one written here.
    """
    if not isinstance(parameters, GLIF3Parameters):
        raise TypeError(
            "the portable engine integrates as published, with GLIF3Parameters, got "
            f"{type(parameters).__name__}."
        )
    tables = wiring if isinstance(wiring, PortableTables) else portable_tables(wiring)
    if channels is not None:
        channels = np.asarray(channels, np.int64)

    @tf.custom_gradient
    def rollout(x, weights, *state):
        state = GLIF3State(*state)
        run, last = _simulate(x, weights, state, parameters, tables, dt, channels)

        def gradient(*upstream):
            x_b, weights_b, state_b = adjoint(
                run, upstream, weights, parameters, tables, surrogate, dt, channels
            )
            return x_b, weights_b, *state_b

        return (run.spikes, run.voltages, *last), gradient

    spikes, voltages, *last = rollout(x, weights, *state)
    return spikes, voltages, GLIF3State(*last)


def _simulate(x, weights, state, parameters, tables, dt, channels):
    """Returns the Run and the last GLIF3State."""
    n_steps = tf.shape(x)[1]
    column = None if channels is None else input_column(channels, tables.n_targets)
    in_table_order = tf.gather(weights, tables.order)

    def step(t, state, *arrays):
        current = _recurrent_current(state.z_buffer, in_table_order, tables)
        current += x[:, t] if column is None else spread(x[:, t], column)
        z, v, state = glif3_step(state, current, parameters, _heaviside, dt)
        found = (z, v, state.r > 0)
        written = (a.write(t, part) for a, part in zip(arrays, found, strict=True))
        return t + 1, state, *written

    arrays = [tf.TensorArray(kind, n_steps) for kind in (x.dtype, x.dtype, tf.bool)]
    shapes = GLIF3State(*(part.shape for part in state))
    _, last, *arrays = tf.while_loop(
        lambda t, *_: t < n_steps,
        step,
        (tf.constant(0), state, *arrays),
        shape_invariants=(tf.TensorShape(()), shapes, *[tf.TensorShape(None)] * 3),
    )
    outputs = [tf.transpose(array.stack(), (1, 0, 2)) for array in arrays]
    for tensor in outputs:
        tensor.set_shape((x.shape[0], x.shape[1], tables.n_neurons))
    return Run(*outputs, state.z_buffer), last


def _heaviside(x):
    return tf.cast(x > 0, x.dtype)


def _recurrent_current(z_buffer, weights, tables):
    """Currents of all spikes that arrive now, (B, N * R); weights in table order."""
    n, n_rows = tables.n_neurons, tables.n_rows
    spike = tf.where(z_buffer)  # trial, column of the buffer
    trial, delay, source = spike[:, 0], spike[:, 1] // n, spike[:, 1] % n
    # By trial and source, then delay: the order of the sums.
    event = tf.sort(trial * n_rows + source * tables.n_delays + delay)
    synapse, origin = expand_rows(event % n_rows, tables.start)
    offset = tf.gather(event // n_rows * tables.n_targets, origin)
    n_trials = tf.shape(z_buffer)[0]
    current = tf.math.unsorted_segment_sum(
        tf.gather(weights, synapse),
        offset + tf.gather(tables.target, synapse),
        n_trials * tables.n_targets,
    )
    return tf.reshape(current, (n_trials, tables.n_targets))
