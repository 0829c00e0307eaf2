"""Runs either engine on a network, for the tests of this folder."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.engine.compiled import CompiledColumn
from v1model.engine.compiled_rollout import compiled_rollout
from v1model.engine.glif3 import GLIF3Parameters, GLIF3State, glif3_parameters
from v1model.engine.portable import portable_rollout
from v1model.engine.stepwise import stepwise_rollout
from v1model.engine.surrogate import gaussian_spike
from v1model.engine.wiring import Wiring, wiring_of

ENGINES = ("stepwise", "compiled", "portable")
WIDTH, HEIGHT = 0.28, 0.5


class Column(NamedTuple):
    """What an engine needs of a network.

    parameters: GLIF3Parameters.  wiring: Wiring.  weights: scaled, (S,).
    """

    parameters: GLIF3Parameters
    wiring: Wiring
    weights: np.ndarray

    @property
    def n_neurons(self):
        return self.wiring.n_neurons

    @property
    def n_targets(self):
        return self.wiring.n_neurons * self.wiring.n_receptors


def column_of(network, max_delay=5, dtype="float32"):
    """The Column of a network."""
    types = network.types.astype(dtype)
    parameters = glif3_parameters(types, network.type_index)
    wiring = wiring_of(network.recurrent, network.n_neurons, 4, max_delay)
    scale = parameters.voltage_scale[network.recurrent.post]
    return Column(parameters, wiring, (network.recurrent.weight / scale).astype(dtype))


def rest(column, batch_size, dtype="float32"):
    """GLIF3State at V_reset."""
    n, n_targets = column.n_neurons, column.n_targets
    sizes = (column.wiring.n_delays * n, n, n, n, n, n_targets, n_targets)
    state = GLIF3State(*(np.zeros((batch_size, size), dtype) for size in sizes))
    return state._replace(v=state.v + column.parameters.v_reset.astype(dtype))


def busy_state(column, batch_size, rng, dtype="float32"):
    """A GLIF3State in which everything is different from zero somewhere."""

    def normal(size, scale):
        return (scale * rng.normal(size=(batch_size, size))).astype(dtype)

    n, n_targets = column.n_neurons, column.n_targets
    spikes = rng.random((batch_size, column.wiring.n_delays * n)) < 0.15
    return GLIF3State(
        z_buffer=spikes.astype(dtype),
        v=normal(n, 0.5),
        r=np.maximum(normal(n, 1.0), 0),
        asc_1=normal(n, 0.2),
        asc_2=normal(n, 0.2),
        psc_rise=normal(n_targets, 0.2),
        psc=normal(n_targets, 0.2),
    )


def compiled_column(column, tolerance=0.0, channels=None):
    """The CompiledColumn of a Column."""
    surrogate = (WIDTH, HEIGHT, tolerance)
    return CompiledColumn(column.parameters, column.wiring, surrogate, 1.0, channels)


def rollout(engine, column, x, weights, state, spike_function=None):
    """Spikes, scaled voltages, last state, of one of ENGINES."""
    if engine == "compiled":
        return compiled_rollout(x, weights, state, compiled_column(column))
    tensors = GLIF3Parameters(*(tf.constant(value) for value in column.parameters))
    if engine == "portable":
        surrogate = (WIDTH, HEIGHT, 0.0)
        return portable_rollout(
            x, weights, state, tensors, column.wiring, surrogate, 1.0
        )
    spike_function = spike_function or gaussian_spike(WIDTH, HEIGHT)
    return stepwise_rollout(
        x, weights, state, tensors, column.wiring, spike_function, 1.0
    )


def run(engine, column, x, state=None):
    """`rollout` in NumPy, from rest by default."""
    state = rest(column, len(x)) if state is None else state
    tensors = GLIF3State(*(tf.constant(part) for part in state))
    spikes, v, last = rollout(
        engine, column, tf.constant(x), tf.constant(column.weights), tensors
    )
    return spikes.numpy(), v.numpy(), GLIF3State(*(part.numpy() for part in last))


def to_millivolt(column, v):
    """Scaled voltages in mV."""
    p = column.parameters
    return v * p.voltage_scale + p.voltage_offset
