"""ColumnModel: trials, states, files."""

import dataclasses
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import (
    N_INPUTS,
    inputs_of,
    make_column,
    network_of,
    round_trip,
)
from v1model.models import BillehColumn, ColumnModel

# Keras 3.15 and older hand NumPy 2 their variables in the old way when they save.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

NOISE_POOL = np.linspace(-0.1, 0.3, 50)


@pytest.fixture(scope="module")
def column():
    return make_column()


def outputs_equal(first, second):
    """Whether two ColumnOutputs are the same, bit for bit."""
    parts = [(*output[:3], *output.state) for output in (first, second)]
    return all(np.array_equal(a, b) for a, b in zip(*parts, strict=True))


def test_a_trial_does_not_depend_on_the_batch_it_sits_in(column):
    """Its noise follows from its own seed."""
    together = column(inputs_of(4))
    assert np.any(together.spikes)
    for b in (0, 2, 3):
        one = {name: value[b : b + 1] for name, value in inputs_of(4).items()}
        alone = column(one)
        np.testing.assert_array_equal(alone.spikes[0], together.spikes[b])
        np.testing.assert_array_equal(alone.logits[0], together.logits[b])


def test_noise_of_the_background_reaches_the_column(column):
    silent = inputs_of(2)
    silent["lgn"] = 0 * silent["lgn"]
    first, second = column(silent).voltages
    assert not np.allclose(first, second)


def test_predictions_are_probabilities(column):
    output = column(inputs_of(2))
    assert output.logits.shape == (2, 4, 2)
    np.testing.assert_allclose(np.sum(output.prediction, -1), 1, rtol=1e-6)


def test_every_trained_weight_receives_a_gradient():
    column = make_column()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(column(inputs_of(2)).logits))
    names = {variable.name for variable in column.trainable_variables}
    expected = {"sparse_input_weights", "sparse_recurrent_weights", "log_readout_scale"}
    assert names == expected
    variables = [variable.value for variable in column.trainable_variables]
    for slope in tape.gradient(loss, variables):
        assert np.any(slope)
        assert np.isfinite(slope).all()


def test_a_state_handed_over_continues_the_run(column):
    whole = inputs_of(2)
    noiseless = make_column()
    noiseless.noise = None
    first = {"lgn": whole["lgn"][:, :10]}
    middle = noiseless(first)
    second = {"lgn": whole["lgn"][:, 10:], "state": middle.state}
    last = noiseless(second)
    expected = noiseless({"lgn": whole["lgn"]})
    spikes = np.concatenate((middle.spikes, last.spikes), 1)
    np.testing.assert_array_equal(spikes, expected.spikes)
    np.testing.assert_array_equal(last.state.v, expected.state.v)


def test_only_trials_that_continue_start_from_the_kept_state():
    column = make_column()
    column.carry_state(2)
    assert column.carries_state
    kept = column(inputs_of(2)).state
    inputs = inputs_of(2, seed=1)
    column.keep_state(kept, inputs)
    output = column({**inputs, "continues": np.array([1.0, 0.0], np.float32)})
    carried_on = column({**inputs, "state": kept})
    at_rest = column(inputs)
    np.testing.assert_array_equal(output.voltages[0], carried_on.voltages[0])
    np.testing.assert_array_equal(output.voltages[1], at_rest.voltages[1])
    assert not np.array_equal(output.voltages[1], carried_on.voltages[1])


def test_the_config_of_a_copy_is_the_same(column):
    assert round_trip(column).get_config() == column.get_config()


@pytest.mark.parametrize("noise_pool", [None, NOISE_POOL], ids=["poisson", "decoded"])
def test_a_saved_column_gives_the_same_answers(tmp_path, noise_pool):
    column = make_column(noise_pool=noise_pool, has_threshold=True)
    cell = column.rsnn.cell
    cell.recurrent_weights.assign(1.5 * cell.recurrent_weights.value)
    column.readout.log_scale.assign(2.0)
    column.save(tmp_path / "column.keras")
    loaded = keras.saving.load_model(tmp_path / "column.keras")
    assert isinstance(loaded, ColumnModel)
    assert outputs_equal(loaded(inputs_of(2)), column(inputs_of(2)))


def test_a_saved_column_gives_the_same_answers_in_a_fresh_process(tmp_path):
    """It needs neither the network nor anything that was set up here."""
    column = make_column(recurrent_weight_regularization=0.5)
    column.save(tmp_path / "column.keras")
    expected = column(inputs_of(2))
    np.savez(tmp_path / "inputs.npz", **inputs_of(2))
    program = f"""
        import keras, numpy as np
        import v1model.models
        column = keras.saving.load_model({str(tmp_path / "column.keras")!r})
        with np.load({str(tmp_path / "inputs.npz")!r}) as inputs:
            output = column(dict(inputs))
        np.savez({str(tmp_path / "outputs.npz")!r}, logits=output.logits,
                 spikes=output.spikes, voltages=output.voltages)
        assert float(sum(column.losses)) == 0
        is_positive = column.rsnn.cell.recurrent_weights.constraint.is_positive
        assert is_positive.any() and not is_positive.all()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    with np.load(tmp_path / "outputs.npz") as found:
        for name in found:
            np.testing.assert_array_equal(found[name], getattr(expected, name))


def test_a_loaded_column_can_be_saved_again(tmp_path):
    column = make_column()
    column.save(tmp_path / "first.keras")
    loaded = keras.saving.load_model(tmp_path / "first.keras")
    loaded.save(tmp_path / "second.keras")
    again = keras.saving.load_model(tmp_path / "second.keras")
    assert outputs_equal(again(inputs_of(1)), column(inputs_of(1)))


def test_weights_of_the_same_network_are_loaded(tmp_path):
    column, fresh = make_column(), make_column()
    for variable in column.trainable_variables:
        variable.assign(1.1 * variable.value)
    column.save_weights(tmp_path / "column.weights.h5")
    fresh.load_weights(tmp_path / "column.weights.h5")
    for found, expected in zip(fresh.variables, column.variables, strict=True):
        np.testing.assert_array_equal(found.value, expected.value)


def test_weights_of_another_network_are_refused_naming_the_layer(tmp_path):
    make_column(network_of(1)).save_weights(tmp_path / "column.weights.h5")
    with pytest.raises(ValueError, match=r"layer \w+: .* another network"):
        make_column().load_weights(tmp_path / "column.weights.h5")


def test_weights_of_another_network_of_the_same_sizes_are_refused(tmp_path):
    """Only the delays differ."""
    network = network_of()
    swapped = network.recurrent.replace(delay=network.recurrent.delay[::-1])
    other = BillehColumn(dataclasses.replace(network, recurrent=swapped), name="cell")
    store = {}
    other.save_own_variables(store)
    with pytest.raises(ValueError, match="layer cell: .*another network"):
        BillehColumn(network, name="cell").load_own_variables(store)


def test_the_layers_work_in_a_functional_model():
    column = make_column()
    inputs = keras.Input((20, N_INPUTS), name="lgn")
    activity = column.rsnn(column.input_layer(inputs))
    model = keras.Model(inputs, [column.readout(activity.spikes), activity.voltages])
    lgn = inputs_of(2)["lgn"]
    expected = column.rsnn(column.input_layer(lgn))
    logits, voltages = model(lgn)
    np.testing.assert_array_equal(voltages, expected.voltages)
    np.testing.assert_array_equal(logits, column.readout(expected.spikes))


def test_keras_is_told_that_xla_cannot_compile_the_column(column):
    """On a machine with a GPU `compile` would ask for XLA by itself."""
    for layer in (column.input_layer, column.rsnn, column.rsnn.cell):
        assert not layer.supports_jit


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_an_empty_batch_gives_an_empty_answer(engine):
    output = make_column(engine=engine)(inputs_of(0))
    assert output.logits.shape == (0, 4, 2)
    assert output.spikes.shape == (0, 20, 60)


def test_lgn_input_of_the_wrong_size_is_refused_quoting_it(column):
    inputs = inputs_of(1)
    inputs["lgn"] = inputs["lgn"][..., :-1]
    with pytest.raises(ValueError, match=f"{N_INPUTS} inputs, got .*{N_INPUTS - 1}"):
        column(inputs)


def test_steps_that_are_no_multiple_of_the_chunk_are_refused(column):
    with pytest.raises(ValueError, match="12 steps are no multiple of chunks of 5"):
        column(inputs_of(5, n_steps=12))


@pytest.mark.parametrize("engine", ["compiled", "portable"])
def test_all_engines_give_the_same_answers(engine):
    found = make_column(engine=engine)(inputs_of(2))
    expected = make_column(engine="stepwise")(inputs_of(2))
    np.testing.assert_array_equal(found.spikes, expected.spikes)
    np.testing.assert_array_equal(found.logits, expected.logits)


def test_the_options_of_the_gradient_reach_the_cell():
    column = make_column(gauss_std=0.3, dampening_factor=0.4, gradient_tolerance=1e-3)
    assert column.rsnn.cell.surrogate == (0.3, 0.4, 1e-3)


def test_mixed_precision_gives_the_same_spikes(column):
    """Only the spikes themselves are half precision, and they are 0 or 1."""
    mixed = make_column(mixed_precision=True)
    output, single = mixed(inputs_of(4)), column(inputs_of(4))
    assert {part.dtype for part in output.state} == {tf.float32}
    assert output.logits.dtype == "float32"
    assert output.spikes.dtype == "float16"
    np.testing.assert_array_equal(output.spikes, single.spikes)
    np.testing.assert_array_equal(output.voltages, single.voltages)
