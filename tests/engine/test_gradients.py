"""Gradients: automatic ones against finite differences, compiled ones against those."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from tests.engine.circuits import calm_network, random_circuit, sparse_input
from tests.engine.rollouts import (
    ENGINES,
    HEIGHT,
    WIDTH,
    busy_state,
    column_of,
    compiled_column,
    rest,
    rollout,
    run,
    to_millivolt,
)
from v1model.engine.compiled_rollout import compiled_rollout
from v1model.engine.glif3 import GLIF3State
from v1model.engine.surrogate import gaussian_spike, smooth_spike


def weighted_sum(outputs, weights):
    """A scalar loss that feels every output."""
    flat = (*outputs[:2], *outputs[2])
    terms = [tf.reduce_sum(a * b) for a, b in zip(flat, weights, strict=True)]
    return tf.add_n(terms)


def random_upstream(column, state, n_steps, rng):
    """Random derivatives of a loss by spikes, voltages and the last state."""
    batch, n = state.v.shape
    shapes = [(batch, n_steps, n)] * 2 + [part.shape for part in state]
    arrays = [rng.normal(size=shape).astype(state.v.dtype) for shape in shapes]
    arrays[2 + GLIF3State._fields.index("r")][:] = 0  # r has no gradient by design
    return arrays


def gradients(engine, column, x, state, upstream, spike_function=None):
    """Loss, outputs and gradients by input, weights and each part of the state."""
    x, weights = tf.constant(x), tf.constant(column.weights)
    state = GLIF3State(*(tf.constant(part) for part in state))
    with tf.GradientTape() as tape:
        tape.watch([x, weights, *state])
        outputs = rollout(engine, column, x, weights, state, spike_function)
        loss = weighted_sum(outputs, upstream)
    names = ("x", "weights", *GLIF3State._fields)
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(loss, [x, weights, *state], unconnected_gradients=zero)
    return outputs, {k: g.numpy() for k, g in zip(names, found, strict=True)}


def assert_same(found, expected, tolerance):
    for name, value in expected.items():
        size = np.linalg.norm(value)
        distance = np.linalg.norm(found[name] - value)
        assert distance <= tolerance * size + 1e-7, (name, distance, size)


def test_the_gaussian_is_the_true_derivative_of_the_smooth_spike():
    x = tf.constant(np.linspace(-1, 1, 41))
    step = 1e-6
    smooth = smooth_spike(WIDTH, HEIGHT)
    slope = (smooth(x + step) - smooth(x - step)) / (2 * step)
    with tf.GradientTape() as tape:
        tape.watch(x)
        spikes = gaussian_spike(WIDTH, HEIGHT)(x)
    surrogate = tape.gradient(spikes, x)
    np.testing.assert_array_equal(spikes, np.linspace(-1, 1, 41) > 0)
    np.testing.assert_allclose(surrogate, slope, atol=1e-8)
    expected = HEIGHT * np.exp(-np.square(np.linspace(-1, 1, 41) / WIDTH))
    np.testing.assert_allclose(surrogate, expected, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_equal_finite_differences_on_smooth_spikes(seed):
    """In double precision, along random directions in each argument.

    A spike of 0.1 would start a refractory period of a tenth, which ends with a jump.
    Only the refractory periods that the initial state brings are kept.
    """
    rng = np.random.default_rng(seed)
    column = column_of(random_circuit(5, 30, 4.6, rng), dtype="float64")
    no_t_ref = np.zeros_like(column.parameters.t_ref)
    column = column._replace(parameters=column.parameters._replace(t_ref=no_t_ref))
    state = busy_state(column, 2, rng, "float64")
    assert (state.r > 1).any()
    x = rng.normal(size=(2, 8, column.n_targets))
    upstream = random_upstream(column, state, 8, rng)
    spike = smooth_spike(WIDTH, HEIGHT)
    _, found = gradients("stepwise", column, x, state, upstream, spike)

    def loss(x, weights, state):
        return float(
            weighted_sum(
                rollout("stepwise", column, x, weights, state, spike), upstream
            )
        )

    step = 1e-5
    base = {"x": x, "weights": column.weights, **state._asdict()}
    for name in base:
        direction = rng.normal(size=base[name].shape)
        ends = []
        for sign in (1, -1):
            moved = {**base, name: base[name] + sign * step * direction}
            last = [tf.constant(moved[part]) for part in GLIF3State._fields]
            values = (tf.constant(moved["x"]), tf.constant(moved["weights"]))
            ends.append(loss(*values, GLIF3State(*last)))
        slope = (ends[0] - ends[1]) / (2 * step)
        predicted = float(np.sum(found[name] * direction))
        assert predicted == pytest.approx(slope, rel=1e-5, abs=1e-7), name


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    n=st.integers(2, 7),
    n_synapses=st.integers(0, 60),
    longest_delay=st.floats(0.3, 8.0),
    n_trials=st.integers(1, 3),
    n_steps=st.integers(1, 13),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_compiled_engine_equals_automatic_differentiation(
    n, n_synapses, longest_delay, n_trials, n_steps, seed
):
    """Spikes bit for bit, voltages and the last state to rounding, all gradients."""
    rng = np.random.default_rng(seed)
    network = random_circuit(n, n_synapses, longest_delay, rng)
    column = column_of(network, max_delay=7)
    state = busy_state(column, n_trials, rng)
    x = rng.normal(0, 2, (n_trials, n_steps, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, n_steps, rng)
    expected, slopes = gradients("stepwise", column, x, state, upstream)
    found, compiled = gradients("compiled", column, x, state, upstream)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[2].z_buffer, expected[2].z_buffer)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-5)
    for part, value in zip(found[2], expected[2], strict=True):
        np.testing.assert_allclose(part, value, rtol=1e-5, atol=1e-5)
    assert_same(compiled, slopes, 1e-4)


@pytest.fixture(scope="module")
def long_run():
    """600 ms at the rates of a healthy column, delays of 1 to 5 ms, in float64.

    A dict of what the engines in single precision need, and what they must give.
    """
    rng = np.random.default_rng(0)
    network = calm_network(0, n=80)
    exact, column = column_of(network, dtype="float64"), column_of(network)
    x = 1.5 * sparse_input(2, 600, column.n_targets, rng)
    state = busy_state(column, 2, rng)
    upstream = random_upstream(column, state, 600, rng)
    double_state = GLIF3State(*(part.astype("float64") for part in state))
    double_upstream = [part.astype("float64") for part in upstream]
    outputs, slopes = gradients(
        "stepwise", exact, x.astype("float64"), double_state, double_upstream
    )
    assert 1 < 1000 * np.mean(outputs[0]) < 50
    return {
        "arguments": (column, x, state, upstream),
        "outputs": outputs,
        "slopes": slopes,
    }


@pytest.mark.parametrize("engine", ["compiled", "portable"])
def test_600_ms_agree_with_double_precision(engine, long_run):
    """Spikes; voltages as far as single precision goes; every gradient to 1e-4."""
    column, x, state, upstream = long_run["arguments"]
    outputs, found = gradients(engine, column, x, state, upstream)
    np.testing.assert_array_equal(outputs[0], long_run["outputs"][0])
    v, expected = (
        to_millivolt(column, np.asarray(of[1])) for of in (outputs, long_run["outputs"])
    )
    assert np.abs(v - expected).max() < 2e-3
    assert_same(found, long_run["slopes"], 1e-4)
    for name, value in found.items():
        assert np.any(value) == (name != "r"), name


@pytest.mark.parametrize("engine", ["compiled", "portable"])
def test_voltages_of_600_ms_equal_the_stepwise_ones(engine, long_run):
    column, x, state, _ = long_run["arguments"]
    spikes, v, _ = run("stepwise", column, x, state)
    again, found, _ = run(engine, column, x, state)
    np.testing.assert_array_equal(again, spikes)
    distance = to_millivolt(column, found) - to_millivolt(column, v)
    assert np.abs(distance).max() < 1e-4


@pytest.mark.parametrize("n_trials", [2, 4, 6, 9])
def test_any_number_of_trials_shares_a_pass_over_the_synapses(n_trials):
    """Sizes that fill the vectors of the processor, and that do not; two groups."""
    rng = np.random.default_rng(n_trials)
    column = column_of(random_circuit(12, 150, 4.6, rng))
    state = busy_state(column, n_trials, rng)
    x = rng.normal(0, 2, (n_trials, 10, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 10, rng)
    outputs, expected = gradients("stepwise", column, x, state, upstream)
    again, found = gradients("compiled", column, x, state, upstream)
    np.testing.assert_array_equal(again[0], outputs[0])
    assert_same(found, expected, 1e-4)


def test_windows_of_several_blocks_give_the_same_gradients(monkeypatch):
    """As in columns whose receptors are more than an index of two bytes addresses."""
    rng = np.random.default_rng(6)
    network = random_circuit(20, 300, 4.6, rng)
    column = column_of(network)
    state = busy_state(column, 3, rng)
    x = rng.normal(0, 2, (3, 10, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 10, rng)
    _, expected = gradients("compiled", column, x, state, upstream)
    monkeypatch.setattr("v1model.engine.wiring._ADDRESSES", 64)
    column = column_of(network)
    assert len(column.wiring.adjoint.receptor) > 5 * column.wiring.adjoint.block
    _, found = gradients("compiled", column, x, state, upstream)
    assert_same(found, expected, 1e-6)


@pytest.mark.parametrize("n_parts", [2, 3, 7])
def test_a_trial_cut_into_parts_for_the_threads_gives_the_same_bits(
    n_parts, monkeypatch
):
    rng = np.random.default_rng(7)
    column = column_of(calm_network(0, n=60))
    x = 1.5 * sparse_input(2, 80, column.n_targets, rng)
    whole = run("compiled", column, x, busy_state(column, 2, np.random.default_rng(1)))
    monkeypatch.setattr(
        "v1model.engine.compiled._parts_of_a_trial", lambda *sizes: n_parts
    )
    cut = run("compiled", column, x, busy_state(column, 2, np.random.default_rng(1)))
    assert whole[0].sum() > 10
    for found, expected in zip(
        (*cut[:2], *cut[2]), (*whole[:2], *whole[2]), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_rest_of_the_refractory_period_carries_no_gradient(engine):
    """Spikes drive r, and r vetoes spikes, but neither is a slope of the loss."""
    rng = np.random.default_rng(1)
    column = column_of(random_circuit(4, 20, 3.0, rng))
    state = busy_state(column, 1, rng)
    x = rng.normal(0, 2, (1, 6, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 6, rng)
    _, found = gradients(engine, column, x, state, upstream)
    assert not found["r"].any()


@pytest.mark.parametrize("engine", ["compiled", "portable"])
def test_gradients_pass_from_chunk_to_chunk(engine):
    """Two chunks with the state between them equal one run."""
    rng = np.random.default_rng(2)
    column = column_of(random_circuit(6, 40, 4.6, rng))
    state = busy_state(column, 2, rng)
    x = rng.normal(0, 2, (2, 9, column.n_targets)).astype(np.float32)
    upstream = random_upstream(column, state, 9, rng)
    _, expected = gradients(engine, column, x, state, upstream)
    for cut in (1, 2, 4, 8):
        inputs, weights = tf.constant(x), tf.constant(column.weights)
        first = GLIF3State(*(tf.constant(part) for part in state))
        with tf.GradientTape() as tape:
            tape.watch([inputs, weights, *first])
            z, v, middle = rollout(engine, column, inputs[:, :cut], weights, first)
            rest_z, rest_v, last = rollout(
                engine, column, inputs[:, cut:], weights, middle
            )
            whole = (tf.concat((z, rest_z), 1), tf.concat((v, rest_v), 1), last)
            loss = weighted_sum(whole, upstream)
        found = tape.gradient(loss, [inputs, weights, *first])
        names = ("x", "weights", *GLIF3State._fields)
        assert_same(
            dict(zip(names, map(np.asarray, found), strict=True)), expected, 1e-5
        )


def test_a_tolerance_drops_only_small_derivatives():
    rng = np.random.default_rng(3)
    column = column_of(calm_network(0, n=60))
    x = tf.constant(1.5 * sparse_input(1, 60, column.n_targets, rng))
    state = GLIF3State(*(tf.constant(part) for part in rest(column, 1)))

    def weight_gradient(tolerance):
        weights = tf.constant(column.weights)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            compiled = compiled_column(column, tolerance)
            z, v, _ = compiled_rollout(x, weights, state, compiled)
            loss = tf.reduce_sum(z) + tf.reduce_sum(v)
        return tape.gradient(loss, weights).numpy()

    exact = weight_gradient(0.0)
    close = weight_gradient(1e-4)
    assert np.linalg.norm(close - exact) < 1e-2 * np.linalg.norm(exact)
    # Above the height of the Gaussian no spike has a slope.
    assert not np.array_equal(weight_gradient(1.0), exact)


def test_the_compiled_engine_runs_inside_a_graph_of_unknown_batch_and_length():
    rng = np.random.default_rng(4)
    column = column_of(calm_network(1, n=20))
    n_targets = column.n_targets

    @tf.function(input_signature=[tf.TensorSpec((None, None, n_targets))])
    def slope(x):
        p = column.parameters
        sizes = [tf.shape(x)[0]]
        state = [tf.zeros((sizes[0], part.shape[1])) for part in rest(column, 1)]
        state = GLIF3State(*state)._replace(
            v=tf.zeros((sizes[0], column.n_neurons)) + p.v_reset
        )
        with tf.GradientTape() as tape:
            tape.watch(x)
            z, v, _ = rollout("compiled", column, x, tf.constant(column.weights), state)
            loss = tf.reduce_sum(v)
        return z, tape.gradient(loss, x)

    for n_trials, n_steps in ((1, 4), (3, 11)):
        x = 2 * sparse_input(n_trials, n_steps, n_targets, rng)
        z, x_b = slope(tf.constant(x))
        np.testing.assert_array_equal(z, run("compiled", column, x)[0])
        assert x_b.shape == x.shape
