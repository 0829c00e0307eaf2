"""BillehColumn: weights, constraints, one step, configuration."""

import copy
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.engine import reference
from tests.engine.circuits import calm_network, sparse_input
from tests.models.columns import network_of, round_trip
from tests.networks import columns_equal
from v1model.models import BillehColumn, ColumnRNN


def test_weights_have_the_published_name_scale_and_order():
    network = network_of()
    cell = BillehColumn(network)
    (variable,) = cell.trainable_variables
    assert variable.name == "sparse_recurrent_weights"
    synapses = network.recurrent
    k = network.type_index[synapses.post]
    scaled = synapses.weight / (network.types.V_th - network.types.E_L)[k]
    np.testing.assert_allclose(variable.numpy(), scaled, rtol=1e-6)
    order = np.lexsort((synapses.pre, synapses.receptor, synapses.post))
    np.testing.assert_array_equal(order, np.arange(len(synapses)))


def test_a_weight_scale_multiplies_the_initial_weights():
    network = network_of()
    double = BillehColumn(network, recurrent_weight_scale=2.0)
    once = BillehColumn(network)
    np.testing.assert_allclose(double.recurrent_weights, 2 * once.recurrent_weights)


def test_building_twice_gives_the_same_and_leaves_the_network_untouched():
    network = network_of()
    before = copy.deepcopy(network)
    first, second = BillehColumn(network), BillehColumn(network)
    assert columns_equal(before, network)
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name])
    np.testing.assert_array_equal(first.recurrent_weights, second.recurrent_weights)


def test_training_one_cell_changes_neither_the_network_nor_another_cell():
    network = network_of()
    first, second = BillehColumn(network), BillehColumn(network)
    kept = network.recurrent.weight.copy()
    first.recurrent_weights.assign(first.recurrent_weights * 0)
    np.testing.assert_array_equal(network.recurrent.weight, kept)
    assert np.any(second.recurrent_weights)
    assert np.any(first.arrays["initial_weights"])


def test_the_zero_state_is_silent_and_at_reset():
    network = network_of()
    state = BillehColumn(network).zero_state(3)
    types = network.types
    v_reset = (types.V_reset - types.E_L) / (types.V_th - types.E_L)
    np.testing.assert_allclose(
        state.v, np.tile(v_reset[network.type_index], (3, 1)), rtol=1e-5, atol=1e-6
    )
    assert state.z_buffer.shape == (3, 5 * 60)
    assert state.psc.shape == state.psc_rise.shape == (3, 240)
    for name in ("z_buffer", "r", "asc_1", "asc_2", "psc_rise", "psc"):
        assert not np.any(getattr(state, name))


def test_calls_step_by_step_equal_plain_loops_in_mV():
    network = calm_network(5, n=60)
    cell = BillehColumn(network)
    x = 2 * sparse_input(1, 60, 240, np.random.default_rng(0))
    spikes, voltages = reference.simulate(network, x[0].reshape(60, 60, 4))
    assert spikes.any()
    state = cell.zero_state(1)
    for t in range(60):
        (z, v), state = cell(x[:, t], state)
        np.testing.assert_array_equal(z[0], spikes[t])
        np.testing.assert_allclose(v[0], voltages[t], atol=1e-3)


@pytest.mark.parametrize("use_dale_law", [True, False])
def test_dales_law_follows_the_presynaptic_type_also_for_zero_weights(use_dale_law):
    network = network_of()
    weight = network.recurrent.weight.copy()
    weight[::3] = 0
    recurrent = network.recurrent.replace(weight=weight)
    network = dataclasses.replace(network, recurrent=recurrent)
    variable = BillehColumn(network, use_dale_law=use_dale_law).recurrent_weights
    if not use_dale_law:
        assert variable.constraint is None
        return
    is_excitatory = network.is_excitatory[recurrent.pre]
    moves = np.random.default_rng(0).normal(size=len(weight)).astype(np.float32)
    clipped = np.asarray(variable.constraint(tf.constant(moves)))
    assert (clipped[is_excitatory] >= 0).all()
    assert (clipped[~is_excitatory] <= 0).all()
    kept = (moves > 0) == is_excitatory
    np.testing.assert_array_equal(clipped, np.where(kept, moves, 0))


def test_a_cell_and_its_copy_from_the_config_have_the_same_config():
    cell = BillehColumn(network_of(), gauss_std=0.3, max_delay=3, stiff_cost=2.0)
    copied = round_trip(cell)
    assert copied.get_config() == cell.get_config()
    assert copied.recurrent_weights.shape == cell.recurrent_weights.shape
    assert copied.state_size == cell.state_size


@pytest.mark.parametrize("costs", [{"stiff_cost": 0.5}, {"l2_cost": 0.5}])
def test_regularisers_add_a_loss_of_the_weights(costs):
    cell = BillehColumn(network_of(), **costs)
    start = cell.recurrent_weights.numpy()
    cell.recurrent_weights.assign(start + 0.1)
    if "stiff_cost" in costs:
        expected = 0.5 * 0.01 * len(start)
    else:
        expected = 0.5 * np.sum(np.square(start + 0.1)) / 2
    (loss,) = cell.losses
    assert float(loss) == pytest.approx(expected, rel=1e-3)


def test_weights_can_be_left_untrained():
    assert not BillehColumn(network_of(), train_recurrent=False).trainable_variables


@pytest.mark.parametrize("name", ["dt", "gauss_std", "dampening_factor", "max_delay"])
def test_non_positive_options_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"{name} must be positive, got 0"):
        BillehColumn(network_of(), **{name: 0})


def test_two_regularisers_are_refused():
    with pytest.raises(ValueError, match="stiff_cost and l2_cost"):
        BillehColumn(network_of(), stiff_cost=1.0, l2_cost=1.0)


def test_a_cell_without_a_network_is_refused():
    with pytest.raises(ValueError, match="needs a network"):
        BillehColumn()


def test_a_float64_cell_runs_stepwise_in_double_precision():
    network = calm_network(5, n=60)
    cell = BillehColumn(network, dtype="float64")
    x = 2 * sparse_input(1, 40, 240, np.random.default_rng(0)).astype(np.float64)
    _, voltages = reference.simulate(network, x[0].reshape(40, 60, 4))
    activity = ColumnRNN(cell, dtype="float64")(x)
    assert activity.voltages.dtype == "float64"
    # The network keeps its weights in single precision.
    np.testing.assert_allclose(activity.voltages[0], voltages, atol=1e-6)
