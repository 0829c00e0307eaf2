"""SparseLayer: names, scale, values, shapes."""

import numpy as np
import pytest

from tests.models.columns import network_of, round_trip
from v1model.models import SparseLayer


def test_weights_have_the_published_name_and_scale():
    network = network_of()
    layer = SparseLayer(network, input_weight_scale=2.0)
    (variable,) = layer.trainable_variables
    assert variable.name == "sparse_input_weights"
    synapses, types = network.lgn.synapses, network.types
    scale = (types.V_th - types.E_L)[network.type_index[synapses.post]]
    np.testing.assert_allclose(variable.numpy(), 2 * synapses.weight / scale, rtol=1e-6)


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_currents_are_the_weighted_sum_of_the_inputs(engine):
    network = network_of()
    layer = SparseLayer(network, engine=engine)
    x = np.random.default_rng(0).normal(size=(2, 3, 20)).astype(np.float32)
    synapses = network.lgn.synapses
    expected = np.zeros((2, 3, 60, 4))
    for k in range(len(synapses)):
        at = (..., synapses.post[k], synapses.receptor[k])
        expected[at] += x[..., synapses.pre[k]] * layer.input_weights.numpy()[k]
    found = np.asarray(layer(x)).reshape(2, 3, 60, 4)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_constraint_keeps_the_sign_of_each_weight():
    variable = SparseLayer(network_of()).input_weights
    assert (variable.numpy() > 0).all()
    clipped = variable.constraint(-variable.numpy())
    assert not np.any(clipped)


def test_the_network_keeps_its_weights():
    network = network_of()
    kept = network.lgn.synapses.weight.copy()
    layer = SparseLayer(network)
    layer.input_weights.assign(0 * layer.input_weights)
    np.testing.assert_array_equal(network.lgn.synapses.weight, kept)


def test_currents_are_single_precision_under_mixed_precision():
    x = np.random.default_rng(0).random((1, 4, 20)).astype(np.float32)
    network = network_of()
    single = np.asarray(SparseLayer(network)(x))
    mixed = SparseLayer(network, dtype="mixed_float16")(x)
    assert mixed.dtype == "float32"
    np.testing.assert_array_equal(mixed, single)


def test_a_layer_copied_from_its_config_has_the_same_config():
    layer = SparseLayer(network_of(), input_weight_scale=3.0, train_input=False)
    assert round_trip(layer).get_config() == layer.get_config()


def test_inputs_of_another_size_are_refused_quoting_it():
    with pytest.raises(ValueError, match=r"20 inputs, got inputs of shape \(1, 3, 7\)"):
        SparseLayer(network_of())(np.zeros((1, 3, 7), np.float32))


def test_a_layer_without_a_network_is_refused():
    with pytest.raises(ValueError, match="needs a network"):
        SparseLayer()


@pytest.mark.parametrize("engine", ["stepwise", "compiled", "portable"])
def test_an_empty_batch_gives_an_empty_answer(engine):
    layer = SparseLayer(network_of(), engine=engine)
    assert layer(np.zeros((0, 3, 20), np.float32)).shape == (0, 3, 240)
