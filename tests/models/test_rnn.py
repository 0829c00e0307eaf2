"""ColumnRNN: engines, states, precision and shapes."""

import numpy as np
import pytest
import tensorflow as tf

from tests.engine.circuits import sparse_input
from tests.models.columns import network_of, round_trip
from v1model.models import BillehColumn, ColumnRNN


@pytest.fixture(scope="module")
def cell():
    return BillehColumn(network_of())


def currents(n_trials, n_steps, seed=0):
    return 2 * sparse_input(n_trials, n_steps, 240, np.random.default_rng(seed))


def test_all_engines_give_the_same_spikes_and_gradients(cell):
    results = []
    for engine in ("stepwise", "compiled", "portable"):
        x = tf.constant(currents(2, 50))
        with tf.GradientTape() as tape:
            tape.watch(x)
            activity = ColumnRNN(cell, engine)(x)
            v = cell.to_scaled(activity.voltages)
            loss = tf.reduce_sum(tf.square(v)) + tf.reduce_sum(activity.spikes)
        weights = cell.recurrent_weights.value
        results.append((activity, *tape.gradient(loss, [x, weights])))
    (one, *slopes), *others = results
    assert np.any(one.spikes)
    for other, *found in others:
        np.testing.assert_array_equal(one.spikes, other.spikes)
        for slope, expected in zip(found, slopes, strict=True):
            size = np.linalg.norm(expected)
            assert np.linalg.norm(slope - expected) < 1e-4 * size


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_a_recording_in_chunks_equals_one_long_call(cell, engine):
    rnn = ColumnRNN(cell, engine)
    x = currents(1, 40)
    whole = rnn(x)
    state, spikes = None, []
    for start, stop in ((0, 3), (3, 25), (25, 40)):
        activity = rnn(x[:, start:stop], initial_state=state)
        state = activity.state
        spikes.append(activity.spikes)
    assert np.any(whole.spikes)
    np.testing.assert_array_equal(np.concatenate(spikes, 1), whole.spikes)
    np.testing.assert_array_equal(state.v, whole.state.v)


def test_scaled_voltages_and_millivolts_are_inverse(cell):
    v = np.random.default_rng(0).normal(size=(2, 3, 60)).astype(np.float32)
    np.testing.assert_allclose(cell.to_scaled(cell.to_millivolt(v)), v, atol=1e-5)
    types = network_of().types
    at_threshold = types.V_th[network_of().type_index]
    np.testing.assert_allclose(
        cell.to_millivolt(np.ones((1, 60), np.float32))[0], at_threshold, rtol=1e-6
    )


def test_mixed_precision_keeps_states_and_spikes_in_single_precision():
    network = network_of()
    single = ColumnRNN(BillehColumn(network))(currents(1, 50))
    cell = BillehColumn(network, dtype="mixed_float16")
    mixed = ColumnRNN(cell, dtype="mixed_float16")(currents(1, 50))
    assert mixed.spikes.dtype == "float16"
    assert {part.dtype for part in mixed.state} == {tf.float32}
    assert cell.recurrent_weights.dtype == "float32"
    np.testing.assert_array_equal(mixed.spikes, single.spikes)
    np.testing.assert_array_equal(mixed.state.v, single.state.v)


def test_mixed_precision_takes_currents_in_half_precision():
    cell = BillehColumn(network_of(), dtype="mixed_float16")
    rnn = ColumnRNN(cell, dtype="mixed_float16")
    activity = rnn(currents(1, 20).astype(np.float16))
    assert np.isfinite(activity.voltages).all()


def test_a_column_copied_from_its_config_has_the_same_config(cell):
    rnn = ColumnRNN(cell, "stepwise", name="rsnn")
    copied = round_trip(rnn)
    assert copied.get_config() == rnn.get_config()
    assert copied.name == "rsnn"


def test_shapes_follow_the_input(cell):
    shape = ColumnRNN(cell).compute_output_shape((2, 7, 240))
    activity = ColumnRNN(cell)(currents(2, 7))
    assert tuple(activity.spikes.shape) == shape.spikes == (2, 7, 60)
    assert tuple(activity.voltages.shape) == shape.voltages
    assert [tuple(part.shape) for part in activity.state] == list(shape.state)


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_compact_currents_equal_currents_of_all_receptors(cell, engine):
    """Spikes bit for bit, and the gradient of each column that there is."""
    compact = 4 * currents(2, 60)[..., cell.input_receptors]
    whole = np.zeros((2, 60, 240), np.float32)
    whole[..., cell.input_receptors] = compact
    results = []
    for x in (tf.constant(compact), tf.constant(whole)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            activity = ColumnRNN(cell, engine)(x)
            loss = tf.reduce_sum(activity.voltages) + tf.reduce_sum(activity.spikes)
        results.append((activity, tape.gradient(loss, x).numpy()))
    (found, slope), (expected, slope_of_all) = results
    assert np.sum(expected.spikes) > 0
    np.testing.assert_array_equal(found.spikes, expected.spikes)
    np.testing.assert_array_equal(found.voltages, expected.voltages)
    np.testing.assert_array_equal(found.state.psc, expected.state.psc)
    np.testing.assert_allclose(
        slope, slope_of_all[..., cell.input_receptors], rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_an_empty_batch_gives_an_empty_answer(cell, engine):
    activity = ColumnRNN(cell, engine)(np.zeros((0, 5, 240), np.float32))
    assert activity.spikes.shape == (0, 5, 60)
    assert activity.state.v.shape == (0, 60)


@pytest.mark.parametrize("shape", [(2, 7, 61), (2, 240)])
def test_currents_of_the_wrong_shape_are_refused_quoting_it(cell, shape):
    with pytest.raises(ValueError, match=r"240.*got"):
        ColumnRNN(cell)(np.zeros(shape, np.float32))


def test_a_built_layer_still_refuses_currents_of_the_wrong_shape(cell):
    rnn = ColumnRNN(cell)
    rnn(currents(1, 2))
    with pytest.raises(ValueError, match=r"240.*got"):
        rnn(np.zeros((1, 2, 61), np.float32))


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_a_state_of_another_batch_size_is_refused(cell, engine):
    with pytest.raises(ValueError, match=r"z_buffer.*\(3, 300\).*\(2, 300\)"):
        ColumnRNN(cell, engine)(currents(3, 2), initial_state=cell.zero_state(2))


def test_a_state_of_another_batch_size_is_refused_inside_a_graph(cell):
    """Where no shape is known, and before the kernel leaves its arrays."""
    unknown = [tf.TensorSpec((None, size)) for size in cell.state_size]

    @tf.function(input_signature=[tf.TensorSpec((None, None, 240)), unknown])
    def run(x, state):
        return ColumnRNN(cell, "compiled")(x, initial_state=state).spikes

    state = list(cell.zero_state(2))
    assert run(currents(2, 3), state).shape == (2, 3, 60)
    with pytest.raises(tf.errors.InvalidArgumentError, match="3 trials, state of"):
        run(currents(3, 3), state)


def test_an_unknown_engine_is_refused(cell):
    with pytest.raises(ValueError, match="unknown engine 'fast'"):
        ColumnRNN(cell, "fast")


def test_the_compiled_engine_refuses_double_precision():
    cell = BillehColumn(network_of(), dtype="float64")
    with pytest.raises(ValueError, match="float32, got dtype float64"):
        ColumnRNN(cell, "compiled", dtype="float64")(np.zeros((1, 2, 240)))
