"""Runs the exact integration step by step, for the tests of this folder."""

import numpy as np
import tensorflow as tf

from v1model.engine.exact import ExactParameters
from v1model.engine.glif3 import GLIF3State, glif3_parameters
from v1model.engine.stepwise import stepwise_rollout
from v1model.engine.surrogate import gaussian_spike
from v1model.engine.wiring import wiring_of

SPIKE = gaussian_spike(0.28, 0.5)


def rest(parameters, wiring):
    """GLIF3State of one trial at V_reset."""
    n, n_receptors = parameters.syn_decay.shape
    sizes = (wiring.n_delays * n, n, n, n, n, n * n_receptors, n * n_receptors)
    dtype = parameters.decay.dtype
    state = GLIF3State(*(np.zeros((1, size), dtype) for size in sizes))
    return state._replace(v=state.v + parameters.v_reset)


def run(network, arriving, dtype="float64", dt=1.0, state=None):
    """Spikes (T, N) bool, voltages (T, N) in mV and the last state, exact.

    Args:
        arriving: Weighted spikes of each step, (T, N, R), pA.
    """
    types = network.types.astype(dtype)
    p = glif3_parameters(types, network.type_index, dt, "exact")
    wiring = wiring_of(network.recurrent, network.n_neurons, 4, 5, dt)
    weights = network.recurrent.weight / p.voltage_scale[network.recurrent.post]
    x = arriving / p.voltage_scale[:, None]
    state = rest(p, wiring) if state is None else state
    spikes, v, last = stepwise_rollout(
        tf.constant(x.reshape(1, len(x), -1), dtype),
        tf.constant(weights, dtype),
        GLIF3State(*map(tf.constant, state)),
        ExactParameters(*map(tf.constant, p)),
        wiring,
        SPIKE,
        dt,
    )
    voltages = v.numpy()[0] * p.voltage_scale + p.voltage_offset
    return spikes.numpy()[0] > 0, voltages, last
