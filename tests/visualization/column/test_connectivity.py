"""The connectivity matrix against counting synapse by synapse."""

import dataclasses

import numpy as np
import pytest

from tests.networks import small_network
from tests.visualization.texts import assert_texts_are_apart
from v1model.network.data import Synapses
from v1model.network.populations import ROUGH_POPULATIONS, rough_population
from visualization.column import connectivity
from visualization.column.connectivity import connections_of, connectivity_matrix


@pytest.fixture(scope="module")
def network():
    return small_network(80)


def unconnected(network):
    nothing = Synapses(*(np.zeros(0) for _ in range(5)))
    return dataclasses.replace(network, recurrent=nothing)


def test_probability_and_weight_are_those_of_every_pair_of_cells(network, monkeypatch):
    monkeypatch.setattr(connectivity, "PIECE", 37)  # pieces do not change the sums
    found = connections_of(network)
    names = rough_population(network.pop_name)
    dense = np.full((80, 80), np.nan)
    dense[network.recurrent.pre, network.recurrent.post] = network.recurrent.weight
    for i, source in enumerate(ROUGH_POPULATIONS):
        for j, target in enumerate(ROUGH_POPULATIONS):
            block = dense[np.ix_(names == source, names == target)]
            weights = block[np.isfinite(block)]
            pairs = block.size - (len(block) if i == j else 0)
            assert found.synapses[i, j] == len(weights)
            expected = len(weights) / pairs if pairs else np.nan
            np.testing.assert_allclose(found.probability[i, j], expected)
            expected = weights.mean() if len(weights) else np.nan
            np.testing.assert_allclose(found.weight[i, j], expected, rtol=1e-5)


def test_the_pictures_are_the_two_matrices(network):
    found = connections_of(network)
    first, second = connectivity_matrix(network).axes[:3:2]
    drawn = first.images[0].get_array()
    # A cell that is alone in its population may have a synapse, but no pair.
    is_connected = (found.synapses > 0) & np.isfinite(found.probability)
    np.testing.assert_array_equal(~np.ma.getmaskarray(drawn), is_connected)
    np.testing.assert_allclose(drawn[is_connected], found.probability[is_connected])
    drawn = second.images[0].get_array()
    np.testing.assert_allclose(drawn[is_connected], found.weight[is_connected])


def test_excitation_is_red_and_inhibition_blue(network):
    picture = connectivity_matrix(network).axes[2].images[0]
    red, _, blue, _ = np.moveaxis(picture.to_rgba(picture.get_array()), -1, 0)
    weight = connections_of(network).weight
    assert (red[weight > 1] > blue[weight > 1]).all()
    assert (red[weight < -1] < blue[weight < -1]).all()


def test_populations_without_a_cell_are_greyed(network):
    axes = connectivity_matrix(network).axes[0]
    names = set(rough_population(network.pop_name))
    missing = [k for k, name in enumerate(ROUGH_POPULATIONS) if name not in names]
    middles = [p.get_x() + p.get_width() / 2 for p in axes.patches if p.get_width() < 2]
    assert missing and set(missing) <= set(np.round(middles, 6))


@pytest.mark.parametrize("make", [lambda n: n, unconnected])
def test_texts_neither_overlap_nor_leave_the_figure(network, make):
    assert_texts_are_apart(connectivity_matrix(make(network), "A small column"))
