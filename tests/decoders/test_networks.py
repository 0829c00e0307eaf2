"""The networks: shapes, independence of samples, saving."""

import dataclasses

import keras
import numpy as np
import pytest

from v1model.decoders.config import NETWORKS, NetworkOptions
from v1model.decoders.graph import correlation_graph
from v1model.decoders.layers import AttentionPooling, TransformerBlock, positions
from v1model.decoders.networks import build_network

T, U, K = 4, 12, 5
OPTIONS = NetworkOptions(heads=2, neighbours=3, unit_features=4, layers=2)


def drawn(size=6, seed=0):
    return np.random.default_rng(seed).standard_normal((size, T, U)).astype(np.float32)


@pytest.fixture(params=NETWORKS)
def network(request):
    keras.utils.set_random_seed(0)
    graph = correlation_graph(drawn(40).sum(axis=1), OPTIONS.neighbours)
    return build_network(request.param, T, U, K, 16, OPTIONS, graph)


def test_there_is_a_logit_per_class(network):
    assert network(drawn()).shape == (6, K)


def test_weights_have_the_same_names_however_many_networks_were_made(network):
    graph = correlation_graph(drawn(40).sum(axis=1), OPTIONS.neighbours)
    again = build_network(network.name, T, U, K, 16, OPTIONS, graph)
    names = [[v.path for v in one.trainable_variables] for one in (network, again)]
    assert names[0] == names[1]
    assert len({*names[0]}) == len(names[0])


def test_samples_of_a_batch_do_not_see_each_other(network):
    inputs = drawn()
    together = np.asarray(network(inputs))
    order = np.array([5, 2, 0, 1, 4, 3])
    np.testing.assert_allclose(network(inputs[order]), together[order], atol=1e-5)
    np.testing.assert_allclose(network(inputs[2:3]), together[2:3], atol=1e-5)


def test_the_order_of_bins_matters(network):
    inputs = drawn()
    turned = np.asarray(network(inputs[:, ::-1]))
    assert np.abs(turned - np.asarray(network(inputs))).max() > 1e-3


def test_a_saved_network_answers_as_before(network, tmp_path):
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras", compile=False)
    np.testing.assert_allclose(again(drawn()), network(drawn()), atol=1e-6)


def test_dropout_acts_in_training_only(network):
    inputs = drawn()
    np.testing.assert_array_equal(network(inputs), network(inputs))
    first, second = (np.asarray(network(inputs, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3


def test_positions_are_sines_and_cosines():
    found = positions(3, 5)
    t = np.arange(3)
    for column, (function, power) in enumerate(
        [(np.sin, 0), (np.cos, 0), (np.sin, 2), (np.cos, 2), (np.sin, 4)]
    ):
        expected = function(t / 10_000 ** (power / 5))
        np.testing.assert_allclose(found[:, column], expected, atol=1e-6)


def test_pooling_begins_as_the_mean_and_can_choose_a_step():
    inputs = drawn()
    layer = AttentionPooling()
    np.testing.assert_allclose(layer(inputs), inputs.mean(axis=1), atol=1e-6)
    layer.query.assign(np.eye(U)[0] * 1e4)
    chosen = inputs[np.arange(6), inputs[:, :, 0].argmax(axis=1)]
    np.testing.assert_allclose(layer(inputs), chosen, atol=1e-4)


def test_a_transformer_block_without_positions_does_not_know_the_order():
    layer = TransformerBlock(3)
    inputs = drawn()
    order = np.array([2, 0, 3, 1])
    found = np.asarray(layer(inputs))[:, order]
    np.testing.assert_allclose(layer(inputs[:, order]), found, atol=1e-5)


def test_options_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 10, got 4"):
        NetworkOptions(width=(10,))
    with pytest.raises(ValueError, match="dropout"):
        dataclasses.replace(OPTIONS, dropout=1.0)
    with pytest.raises(ValueError, match="n_heads must divide the width 12, got 5"):
        TransformerBlock(5).build((None, T, U))
