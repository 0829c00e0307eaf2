"""The portable engine against the step-by-step loop and automatic differentiation."""

import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from tests.engine.circuits import calm_network, circuit, random_circuit, sparse_input
from tests.engine.rollouts import (
    HEIGHT,
    WIDTH,
    busy_state,
    column_of,
    rest,
    rollout,
    run,
)
from tests.engine.test_gradients import (
    assert_same,
    gradients,
    random_upstream,
    weighted_sum,
)
from tests.engine.test_projection import dense, value_and_gradients
from tests.networks import small_network
from v1model.engine import portable_projection as projection_module
from v1model.engine.exact import ExactParameters
from v1model.engine.glif3 import GLIF3State, glif3_parameters
from v1model.engine.portable import portable_rollout
from v1model.engine.portable_adjoint import BLOCK, CHUNK
from v1model.engine.portable_projection import portable_projection
from v1model.engine.portable_tables import expand_rows, portable_tables
from v1model.engine.projection import projection_table, stepwise_projection

SLOPE = (WIDTH, HEIGHT, 0.0)


def tensors(parts):
    """A GLIF3State or GLIF3Parameters of tensors."""
    return type(parts)(*(tf.constant(part) for part in parts))


def portable_gradients(column, x, state, upstream, channels=None, surrogate=SLOPE):
    """As `gradients` of test_gradients, for the portable engine with its options."""
    x, weights, state = tf.constant(x), tf.constant(column.weights), tensors(state)
    parameters = tensors(column.parameters)
    with tf.GradientTape() as tape:
        tape.watch([x, weights, *state])
        outputs = portable_rollout(
            x, weights, state, parameters, column.wiring, surrogate, 1.0, channels
        )
        loss = weighted_sum(outputs, upstream)
    names = ("x", "weights", *GLIF3State._fields)
    found = tape.gradient(loss, [x, weights, *state])
    return outputs, {k: g.numpy() for k, g in zip(names, found, strict=True)}


def assert_same_run(found, expected):
    """Spikes bit for bit, voltages and the last state to rounding."""
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[2].z_buffer, expected[2].z_buffer)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-5)
    for part, value in zip(found[2], expected[2], strict=True):
        np.testing.assert_allclose(part, value, rtol=1e-5, atol=1e-5)


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    n=st.integers(2, 7),
    n_synapses=st.integers(0, 60),
    longest_delay=st.floats(0.3, 8.0),
    n_trials=st.integers(1, 3),
    n_steps=st.integers(1, 13),
    share=st.none() | st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_spikes_and_gradients_equal_those_of_the_step_by_step_loop(
    n, n_synapses, longest_delay, n_trials, n_steps, share, seed
):
    """Input into all receptors, or into a share of them (maybe none)."""
    rng = np.random.default_rng(seed)
    column = column_of(random_circuit(n, n_synapses, longest_delay, rng), max_delay=7)
    state = busy_state(column, n_trials, rng)
    shape = (n_trials, n_steps, column.n_targets)
    x = rng.normal(0, 2, shape).astype(np.float32)
    channels = None
    if share is not None:
        is_channel = rng.random(column.n_targets) < share
        channels = np.flatnonzero(is_channel).astype(np.int32)
        x[..., ~is_channel] = 0
    upstream = random_upstream(column, state, n_steps, rng)
    outputs, expected = gradients("stepwise", column, x, state, upstream)
    if channels is not None:
        x, expected["x"] = x[..., channels], expected["x"][..., channels]
    again, found = portable_gradients(column, x, state, upstream, channels)
    assert_same_run(again, outputs)
    assert_same(found, expected, 1e-4)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4, 5, 6, 60, 61, 62])
def test_every_length_has_exact_gradients(n_steps):
    """Blocks and chunks of the adjoint end anywhere; delays are longer than a block."""
    assert BLOCK * CHUNK == 60
    rng = np.random.default_rng(n_steps)
    column = column_of(random_circuit(5, 30, 4.6, rng), dtype="float64")
    state = busy_state(column, 2, rng, "float64")
    x = rng.normal(0, 2, (2, n_steps, column.n_targets))
    upstream = random_upstream(column, state, n_steps, rng)
    outputs, expected = gradients("stepwise", column, x, state, upstream)
    again, found = portable_gradients(column, x, state, upstream)
    assert_same_run(again, outputs)
    assert_same(found, expected, 1e-10)


def test_voltages_of_500_ms_equal_those_of_the_step_by_step_loop_bit_for_bit():
    """As long as no receptor has two synapses from one cell."""
    column = column_of(calm_network(1, n=100))
    x = sparse_input(2, 500, column.n_targets, np.random.default_rng(1))
    spikes, voltages, _ = run("stepwise", column, x)
    assert spikes.any()
    again = run("portable", column, x)
    np.testing.assert_array_equal(again[0], spikes)
    np.testing.assert_array_equal(again[1], voltages)


def test_a_network_without_synapses_has_the_gradients_of_its_input():
    rng = np.random.default_rng(3)
    column = column_of(circuit(3))
    state = busy_state(column, 2, rng)
    x = rng.normal(0, 2, (2, 7, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 7, rng)
    _, expected = gradients("stepwise", column, x, state, upstream)
    _, found = portable_gradients(column, x, state, upstream)
    assert found["weights"].shape == (0,)
    assert_same(found, expected, 1e-4)


def test_a_tolerance_drops_only_small_derivatives():
    rng = np.random.default_rng(0)
    column = column_of(calm_network(0, n=60))
    x = 1.5 * sparse_input(1, 60, column.n_targets, rng)
    state = rest(column, 1)
    upstream = random_upstream(column, state, 60, rng)
    exact, close, none = (
        portable_gradients(column, x, state, upstream, None, (WIDTH, HEIGHT, t))[1]
        for t in (0.0, 1e-3, 1.0)
    )
    difference = np.linalg.norm(close["weights"] - exact["weights"])
    assert 0 < difference < 1e-2 * np.linalg.norm(exact["weights"])
    # Above the height of the Gaussian no spike has a slope, and voltages pass on v_b.
    silent = [0 * upstream[0], *upstream[1:]]
    _, without = portable_gradients(
        column, x, state, silent, None, (WIDTH, HEIGHT, 1.0)
    )
    np.testing.assert_array_equal(none["v"], without["v"])


def test_the_engine_runs_inside_a_graph_of_unknown_batch_and_length():
    rng = np.random.default_rng(4)
    column = column_of(calm_network(1, n=20))
    sizes = [part.shape[1] for part in rest(column, 1)]
    signature = [tf.TensorSpec((None, None, column.n_targets))]
    signature += [tf.TensorSpec((None, size)) for size in sizes]

    @tf.function(input_signature=signature)
    def slopes(x, *state):
        weights = tf.constant(column.weights)
        with tf.GradientTape() as tape:
            tape.watch([x, weights, *state])
            z, v, _ = rollout("portable", column, x, weights, GLIF3State(*state))
            loss = tf.reduce_sum(v) + tf.reduce_sum(z)
        return z, tape.gradient(loss, [x, weights, *state])

    for n_trials, n_steps in ((1, 4), (3, 11), (2, 1)):
        x = 2 * sparse_input(n_trials, n_steps, column.n_targets, rng)
        state = busy_state(column, n_trials, rng)
        upstream = [
            np.zeros_like(part) for part in random_upstream(column, state, n_steps, rng)
        ]
        upstream[0][:] = upstream[1][:] = 1
        outputs, expected = gradients("stepwise", column, x, state, upstream)
        z, found = slopes(tf.constant(x), *tensors(state))
        np.testing.assert_array_equal(z, outputs[0])
        assert_same(dict(zip(expected, found, strict=True)), expected, 1e-4)


def test_two_replicas_have_the_gradients_of_one():
    command = [sys.executable, "-m", "tests.engine.portable_replicas"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_tables_that_a_caller_keeps_serve_as_well_as_the_wiring():
    rng = np.random.default_rng(5)
    column = column_of(random_circuit(5, 30, 4.6, rng))
    state = busy_state(column, 1, rng)
    x = rng.normal(0, 2, (1, 6, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 6, rng)
    _, expected = portable_gradients(column, x, state, upstream)
    kept = column._replace(wiring=portable_tables(column.wiring))
    _, found = portable_gradients(kept, x, state, upstream)
    assert_same(found, expected, 1e-6)


def test_another_integration_is_refused():
    network = calm_network(0, n=20)
    column = column_of(network)
    other = glif3_parameters(network.types, network.type_index, integration="exact")
    assert isinstance(other, ExactParameters)
    x = tf.zeros((1, 2, column.n_targets))
    with pytest.raises(TypeError, match="ExactParameters"):
        portable_rollout(
            x, column.weights, rest(column, 1), other, column.wiring, SLOPE, 1.0
        )


@hypothesis.given(
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=8),
    picks=st.lists(st.integers(0, 7), max_size=6),
)
@hypothesis.settings(max_examples=50, deadline=None)
def test_rows_are_laid_end_to_end(counts, picks):
    """Also empty ones, and none at all."""
    start = np.concatenate(([0], np.cumsum(counts)))
    rows = [pick for pick in picks if pick < len(counts)]
    place, origin = expand_rows(
        tf.constant(rows, tf.int64), tf.constant(start, tf.int64)
    )
    expected = [
        (k, i) for i, row in enumerate(rows) for k in range(start[row], start[row + 1])
    ]
    pairs = zip(place.numpy().tolist(), origin.numpy().tolist(), strict=True)
    assert list(pairs) == expected


@pytest.mark.parametrize("at_once", [1, 60, 1 << 22])
@pytest.mark.parametrize(("n_trials", "n_steps"), [(1, 1), (2, 7), (1, 50)])
def test_the_projection_and_its_gradients_equal_a_dense_product(
    monkeypatch, at_once, n_trials, n_steps
):
    """However many synapses the gradient visits at once."""
    monkeypatch.setattr(projection_module, "_AT_ONCE", at_once)
    rng = np.random.default_rng(n_steps)
    population = small_network(20).lgn
    table, weights = (
        projection_table(population.synapses, 4),
        population.synapses.weight,
    )
    x = rng.normal(size=(n_trials, n_steps, 20)).astype(np.float32)
    upstream = rng.normal(size=(n_trials, n_steps, 80)).astype(np.float32)
    matrix = dense(table, weights, 80, 20)
    row = np.repeat(table.target, np.diff(table.start))
    outer = np.einsum("btn,bti->ni", upstream, x, dtype=np.float64)
    expected = (x @ matrix.T, upstream @ matrix, outer[row, table.pre])
    found = value_and_gradients(portable_projection, x, weights, table, 80, upstream)
    for value, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(
        found[0], stepwise_projection(tf.constant(x), weights, table, 80)
    )


def test_the_projection_of_unknown_length_keeps_its_shape():
    population = small_network(20).lgn
    table, weights = (
        projection_table(population.synapses, 4),
        population.synapses.weight,
    )

    @tf.function(input_signature=[tf.TensorSpec((None, None, 20))])
    def project(x):
        y = portable_projection(x, tf.constant(weights), table, 80)
        assert y.shape.as_list() == [None, None, 80]
        return y

    assert project(tf.ones((2, 5, 20))).shape == (2, 5, 80)


def test_a_projection_without_synapses_gives_nothing():
    table = projection_table(circuit(3).lgn.synapses, 4)
    found = value_and_gradients(
        portable_projection,
        np.ones((2, 3, 1), np.float32),
        np.zeros(0, np.float32),
        table,
        12,
        np.ones((2, 3, 12), np.float32),
    )
    assert not any(np.any(value) for value in found)
    assert [value.shape for value in found] == [(2, 3, 12), (2, 3, 1), (0,)]
