"""The compiled engine: forward run and exact adjoint of the column on CPU."""

import threading
from typing import NamedTuple

import numpy as np

from v1model.engine.adjoint_kernels import (
    BLOCK,
    advance_currents,
    advance_neurons,
    block_slopes,
    pass_over_synapses,
)
from v1model.engine.forward_kernel import simulate
from v1model.engine.glif3 import GLIF3State

# Numba's portable thread pool may be entered by one Python thread at a time.
_POOL = threading.Lock()


class Constants(NamedTuple):
    """GLIF3Parameters in the layout of the kernels, float32, contiguous."""

    decay: np.ndarray
    factor: np.ndarray
    reset: np.ndarray
    t_ref: np.ndarray
    asc_decay: np.ndarray
    asc_amps: np.ndarray
    syn_decay: np.ndarray
    initial: np.ndarray


def kernel_constants(parameters):
    """Constants of a column's GLIF3Parameters."""
    p = parameters
    columns = (
        p.decay,
        p.current_factor,
        np.asarray(p.v_reset, np.float32) - np.float32(1),
        p.t_ref,
        np.transpose(p.asc_decay),
        np.transpose(p.asc_amps),
        np.ravel(p.syn_decay),
        np.ravel(p.psc_initial),
    )
    return Constants(*(np.ascontiguousarray(c, np.float32) for c in columns))


def forward(x, weights, state, constants, events, dt):
    """Simulates T steps.

    Args:
        x: Input currents, (B, T, N * R).
        weights: In canonical order, (S,).
        state: GLIF3State of arrays.
        constants: Constants.
        events: EventTable.
        dt: ms.

    Returns:
        Spikes, scaled voltages (B, T, N), refractory flags (B, T, N) uint8, and the
        last GLIF3State.

    Raises:
        ValueError: The state is of another number of trials than the currents. The
            kernel would read and write outside the arrays.
    """
    trials = {len(part) for part in state}
    if trials != {len(x)}:
        raise ValueError(f"currents of {len(x)} trials, state of {sorted(trials)}.")
    with _POOL:
        spikes, voltages, refractory, last = simulate(
            x,
            weights[events.order],
            events.start,
            events.target,
            tuple(constants),
            tuple(state),
            np.float32(dt),
        )
    return spikes, voltages, refractory, GLIF3State(*last)


class Upstream(NamedTuple):
    """Derivatives of the loss by the outputs of `forward`."""

    spikes: np.ndarray
    voltages: np.ndarray
    state: GLIF3State


def backward(run, up, weights, constants, events, surrogate, dt):
    """The exact adjoint of `forward`.

    Args:
        run: Spikes, voltages, refractory flags of the forward run, and its initial
            spike buffer (B, D * N).
        up: Upstream.
        weights, constants, events, dt: As in `forward`.
        surrogate: Width, height and tolerance of the spikes' Gaussian derivative.

    Returns:
        Gradients of the input currents (B, T, N * R), of the weights in canonical
        order (S,), and of the initial state (GLIF3State).
    """
    spikes, voltages, refractory, buffer = run
    width, height, tolerance = (np.float32(value) for value in surrogate)
    c = constants
    n_trials, n_steps, n = spikes.shape
    n_targets = c.initial.shape[0]
    n_delays = buffer.shape[1] // n
    lanes = BLOCK * n_trials
    table_weights = weights[events.order]

    x_b = np.empty((n_trials, n_steps, n_targets), np.float32)
    weight_b = np.zeros(len(weights), np.float32)
    window = np.zeros((n_targets, (n_delays + 2) * n_trials), np.float32)
    rise_b, psc_b = np.zeros((2, n_trials, n_targets), np.float32)
    v_b = np.zeros((BLOCK, n_trials, n), np.float32)
    asc_b = np.zeros((2, n_trials, n), np.float32)
    buffer_b = np.zeros_like(buffer)
    slopes = np.empty((n, lanes), np.float32)
    worth = np.zeros((n, lanes), np.float32)

    current_up = (up.state.psc_rise, up.state.psc)
    last = up.state
    neuron_up = (
        up.spikes,
        up.voltages,
        last.z_buffer,
        last.v,
        last.asc_1,
        last.asc_2,
    )
    current_constants = (c.factor, c.syn_decay, c.initial, np.float32(dt))
    neuron_constants = (c.decay, c.factor, c.reset, c.asc_decay, c.asc_amps)
    steps_above_zero = -(-n_steps // BLOCK) * BLOCK
    steps_below_zero = -(-n_delays // BLOCK) * BLOCK
    with _POOL:
        for newest in range(steps_above_zero - 1, -steps_below_zero - 1, -BLOCK):
            advance_currents(
                newest,
                n_steps,
                window,
                v_b,
                rise_b,
                psc_b,
                current_up,
                current_constants,
                x_b,
            )
            active = block_slopes(
                newest, voltages, refractory, width, height, tolerance, slopes
            )
            pass_over_synapses(
                window,
                table_weights,
                events.start,
                events.target,
                active,
                _block_spikes(newest, spikes, buffer),
                worth,
                weight_b,
            )
            if newest >= 0:
                advance_neurons(
                    newest,
                    n_steps,
                    v_b,
                    asc_b,
                    slopes,
                    worth,
                    neuron_up,
                    neuron_constants,
                )
            else:
                _store_buffer_adjoint(newest, worth, buffer_b)
    # In a run shorter than the longest delay, old spikes are still in the last buffer.
    n_kept = max(n_delays - n_steps, 0) * n
    buffer_b[:, :n_kept] += last.z_buffer[:, n_steps * n : n_steps * n + n_kept]
    first_v = v_b[BLOCK - 1]
    buffer_b[:, :n] += (
        c.reset * first_v + c.asc_amps[0] * asc_b[0] + c.asc_amps[1] * asc_b[1]
    )
    weight_gradient = np.empty_like(weight_b)
    weight_gradient[events.order] = weight_b
    state_b = GLIF3State(
        z_buffer=buffer_b,
        v=c.decay * first_v,
        r=np.zeros_like(first_v),
        asc_1=c.asc_decay[0] * asc_b[0] + c.factor * first_v,
        asc_2=c.asc_decay[1] * asc_b[1] + c.factor * first_v,
        psc_rise=rise_b,
        psc=psc_b,
    )
    return x_b, weight_gradient, state_b


def _block_spikes(newest, spikes, buffer):
    """Spikes of the block, oldest step first, (N, BLOCK * B); before 0 the buffer's."""
    n_trials, n_steps, n = spikes.shape
    n_delays = buffer.shape[1] // n
    block = np.zeros((BLOCK, n_trials, n), np.float32)
    for row, step in enumerate(range(newest - BLOCK + 1, newest + 1)):
        if 0 <= step < n_steps:
            block[row] = spikes[:, step]
        elif -n_delays <= step < 0:
            block[row] = buffer[:, (-step - 1) * n : -step * n]
    return np.ascontiguousarray(block.reshape(-1, n).T)


def _store_buffer_adjoint(newest, worth, buffer_b):
    """Writes what the spikes before step 0 are worth into the buffer's gradient."""
    n, lanes = worth.shape
    n_trials = lanes // BLOCK
    n_delays = buffer_b.shape[1] // n
    by_step = worth.T.reshape(BLOCK, n_trials, n)
    for row, step in enumerate(range(newest - BLOCK + 1, newest + 1)):
        if -n_delays <= step < 0:
            buffer_b[:, (-step - 1) * n : -step * n] = by_step[row]
