"""The compiled loops of the exact integration: the spikes of the steps, bit for bit."""

import dataclasses

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from tests.engine import exact_reference
from tests.engine.circuits import calm_network, circuit, random_circuit, sparse_input
from tests.engine.rollouts import (
    HEIGHT,
    WIDTH,
    Column,
    busy_state,
    compiled_column,
    rest,
)
from v1model.engine.compiled_rollout import compiled_rollout
from v1model.engine.exact import ExactParameters
from v1model.engine.glif3 import GLIF3State, glif3_parameters
from v1model.engine.stepwise import stepwise_rollout
from v1model.engine.surrogate import gaussian_spike
from v1model.engine.wiring import wiring_of

SPIKE = gaussian_spike(WIDTH, HEIGHT)
NAMES = ("spikes", "v", *GLIF3State._fields)  # of what `run` returns


def exact_column(network):
    """The Column of a network, exactly integrated in single precision."""
    types = network.types.astype("float32")
    parameters = glif3_parameters(types, network.type_index, 1.0, "exact")
    wiring = wiring_of(network.recurrent, network.n_neurons, 4, 5)
    scale = parameters.voltage_scale[network.recurrent.post]
    weights = (network.recurrent.weight / scale).astype("float32")
    return Column(parameters, wiring, weights)


def stepwise(column):
    """Function of input and state: spikes, scaled voltages and the last GLIF3State."""

    def rollout(x, state):
        tensors = ExactParameters(*map(tf.constant, column.parameters))
        weights = tf.constant(column.weights)
        return stepwise_rollout(x, weights, state, tensors, column.wiring, SPIKE, 1.0)

    return rollout


def compiled(column):
    """The same of the compiled loops."""
    loops = compiled_column(column)

    def rollout(x, state):
        return compiled_rollout(x, tf.constant(column.weights), state, loops)

    return rollout


def run(rollout, x, state):
    """Spikes, scaled voltages and the parts of the last state, in NumPy."""
    spikes, v, last = rollout(tf.constant(x), GLIF3State(*map(tf.constant, state)))
    return [part.numpy() for part in (spikes, v, *last)]


def assert_equal(found, expected):
    for name, a, b in zip(NAMES, found, expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def two_receptors(network):
    """The network with synapses to receptors 0 and 1 only.

    The order in which TensorFlow adds up a neuron's receptors shows from three on.
    """
    synapses = network.recurrent
    synapses = synapses.replace(receptor=synapses.receptor % 2).sorted()
    return dataclasses.replace(network, recurrent=synapses)


@hypothesis.given(
    seed=st.integers(0, 2**16),
    n=st.integers(2, 20),
    batch=st.integers(1, 3),
    n_steps=st.integers(1, 25),
    longest_delay=st.floats(0.5, 7),
)
@hypothesis.settings(max_examples=25, deadline=None)
def test_random_circuits_fire_and_end_as_in_the_stepwise_engine(
    seed, n, batch, n_steps, longest_delay
):
    """From any state.

    Sums over three receptors, or over two synapses of one pair, may round otherwise.
    """
    rng = np.random.default_rng(seed)
    column = exact_column(random_circuit(n, 6 * n, longest_delay, rng))
    x = sparse_input(batch, n_steps, column.n_targets, rng, size=40)
    state = busy_state(column, batch, rng)
    state = state._replace(r=np.round(state.r))  # whole steps, as always
    expected = run(stepwise(column), x, state)
    found = run(compiled(column), x, state)
    np.testing.assert_array_equal(found[0], expected[0])
    for name, a, b in zip(NAMES[1:], found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=name)


def test_500_ms_of_300_cells_equal_nests_update_in_double_precision():
    network = calm_network(0)
    column = exact_column(network)
    x = sparse_input(1, 500, column.n_targets, np.random.default_rng(0))
    scale = column.parameters.voltage_scale
    arriving = x[0].reshape(500, 300, 4).astype(float) * scale[:, None]
    spikes, voltages = exact_reference.simulate(network, arriving, column.wiring.delay)
    found, v, *_ = run(compiled(column), x, rest(column, 1))
    assert 2 < 1000 * spikes.mean() < 40
    np.testing.assert_array_equal(found[0], spikes)
    v = v[0] * scale + column.parameters.voltage_offset
    np.testing.assert_allclose(v[~spikes], voltages[~spikes], atol=1e-3)


def test_a_traced_graph_adds_up_in_the_same_order():
    """TensorFlow rewrites sums when it optimizes a graph."""
    column = exact_column(two_receptors(calm_network(1, n=60)))
    x = 2 * sparse_input(2, 60, column.n_targets, np.random.default_rng(1))
    x[..., 2::4] = 0
    expected, found = (
        run(tf.function(make(column), autograph=False), x, rest(column, 2))
        for make in (stepwise, compiled)
    )
    assert expected[0].sum() > 10
    assert_equal(found, expected)


@pytest.mark.parametrize("n_parts", [2, 3, 7])
def test_parts_for_the_threads_do_not_change_a_bit(n_parts, monkeypatch):
    rng = np.random.default_rng(2)
    column = exact_column(calm_network(0, n=60))
    x = 2 * sparse_input(2, 80, column.n_targets, rng)
    whole = run(compiled(column), x, rest(column, 2))
    monkeypatch.setattr(
        "v1model.engine.compiled._parts_of_a_trial", lambda *sizes: n_parts
    )
    assert whole[0].sum() > 10
    assert_equal(run(compiled(column), x, rest(column, 2)), whole)


def test_chunks_with_the_state_passed_on_equal_one_long_run():
    column = exact_column(calm_network(3, n=60))
    x = 3 * sparse_input(2, 30, column.n_targets, np.random.default_rng(0))
    rollout = compiled(column)
    whole = run(rollout, x, rest(column, 2))
    state, chunks = rest(column, 2), []
    for part in np.split(x, [2, 5, 13], axis=1):
        spikes, v, *state = run(rollout, part, state)
        chunks.append((spikes, v))
    assert whole[0].any()
    spikes, v = (np.concatenate(parts, 1) for parts in zip(*chunks, strict=True))
    assert_equal((spikes, v, *state), whole)


def test_nothing_is_kept_for_an_adjoint_that_does_not_exist():
    column = exact_column(circuit(3))
    loops = compiled_column(column)
    x = np.zeros((1, 4, column.n_targets), np.float32)
    _, _, refractory, _ = loops.forward(x, column.weights, rest(column, 1))
    assert refractory.shape == (1, 4, 0)


@pytest.mark.parametrize("is_traced", [False, True])
def test_a_gradient_is_refused_when_it_is_built(is_traced):
    column = exact_column(circuit(2))
    state = GLIF3State(*map(tf.constant, rest(column, 1)))
    rollout = compiled(column)

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(rollout(x, state)[1])
        return tape.gradient(loss, x)

    slope = tf.function(slope) if is_traced else slope
    with pytest.raises(NotImplementedError, match='exact.*engine="stepwise"'):
        slope(tf.zeros((1, 3, column.n_targets)))


def test_a_gradient_through_a_traced_run_is_refused_too():
    column = exact_column(circuit(2))
    state = GLIF3State(*map(tf.constant, rest(column, 1)))
    traced = tf.function(compiled(column))
    x = tf.zeros((1, 3, column.n_targets))
    assert not traced(x, state)[0].numpy().any()
    with (
        pytest.raises(NotImplementedError, match='engine="stepwise"'),
        tf.GradientTape() as tape,
    ):
        tape.watch(x)
        tape.gradient(tf.reduce_sum(traced(x, state)[1]), x)
