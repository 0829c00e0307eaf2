"""Names, layers and the visual field of a column."""

import dataclasses

import numpy as np
import pytest

from tests.networks import small_network
from v1model.network.populations import (
    ROUGH_POPULATIONS,
    column_view,
    laminar_indices,
    layer_of,
    rough_index,
    rough_population,
)
from v1model.network.tables import populations


def test_layers_are_read_from_the_names():
    names = ["i1Htr3a", "e23Cux2", "e4Rorb", "i5Sst", "e6Ntsr1", "i23Pvalb"]
    assert layer_of(names).tolist() == ["1", "2/3", "4", "5", "6", "2/3"]


def test_the_published_populations_merge_into_17():
    names = [population.name for population in populations()]
    rough = rough_population(names)
    assert set(rough) == set(ROUGH_POPULATIONS)
    assert len(ROUGH_POPULATIONS) == 17
    assert set(rough[np.char.startswith(names, "e4")]) == {"e4"}
    assert set(rough[np.char.startswith(names, "e5")]) == {"e5"}
    assert list(rough) == [population.group for population in populations()]


@pytest.mark.parametrize("function", [layer_of, rough_population])
def test_an_unknown_population_is_refused(function):
    with pytest.raises(ValueError, match="pop_name 'x9Foo'"):
        function(["e4Rorb", "x9Foo"])


def test_the_rough_index_agrees_with_the_names(network):
    names, index = rough_index(network)
    assert index.shape == (network.n_neurons,)
    for name, i in zip(network.pop_name, index, strict=True):
        assert name.startswith(names[i])


def test_laminar_indices_put_every_neuron_in_its_layer_and_class(network):
    indices = laminar_indices(network)
    whole = [
        indices[f"L{layer}{c}"] for layer in ("1", "23", "4", "5", "6") for c in "ei"
    ]
    assert np.array_equal(np.sort(np.concatenate(whole)), np.arange(network.n_neurons))
    assert indices["L1e"].size == 0 and indices["L1e"].dtype.kind == "i"
    for key, neurons in indices.items():
        assert all(name[0] == key[-1] for name in network.pop_name[neurons])


def test_layer_2_is_the_superficial_half_of_layer_23_and_nobody_is_lost():
    network = small_network(n=301, seed=5)
    indices = laminar_indices(network)
    upper = np.concatenate([indices["L2e"], indices["L2i"]])
    lower = np.concatenate([indices["L3e"], indices["L3i"]])
    both = np.concatenate([indices["L23e"], indices["L23i"]])
    assert network.y[upper].max() <= network.y[lower].min()
    assert np.array_equal(np.sort(np.concatenate([upper, lower])), np.sort(both))
    assert 0 <= len(lower) - len(upper) <= 1


def without_units(network):
    return dataclasses.replace(
        network, lgn=dataclasses.replace(network.lgn, units=None)
    )


def test_the_column_sees_the_visual_positions_of_its_cells(network):
    # 100 um is 7 degrees of azimuth or 4 of elevation, by the tangents of Billeh.
    x, z = np.zeros(network.n_neurons), np.zeros(network.n_neurons)
    x[0], x[1], z[2] = -100, 400, 100
    placed = dataclasses.replace(without_units(network), x=x, z=z)
    expected = (
        120 - np.tan(7 * np.pi / 180) * 180 / np.pi,
        120 + np.tan(28 * np.pi / 180) * 180 / np.pi,
        60,
        60 + np.tan(4 * np.pi / 180) * 180 / np.pi,
    )
    assert column_view(placed) == pytest.approx(expected)


def test_the_column_also_sees_what_its_lgn_units_see(network):
    x_min, x_max, y_min, y_max = column_view(network)
    cells = column_view(without_units(network))
    units = network.lgn.connected().units
    assert x_min == min(cells[0], np.percentile(units.x, 2))
    assert x_max == max(cells[1], np.percentile(units.x, 98))
    assert y_min == min(cells[2], np.percentile(units.y, 2))
    assert y_max == max(cells[3], np.percentile(units.y, 98))


def test_units_without_synapses_are_not_seen(network):
    units = dataclasses.replace(network.lgn.units, x=network.lgn.units.x.copy())
    units.x[4] = 239
    synapses = network.lgn.synapses
    lgn = dataclasses.replace(
        network.lgn, units=units, synapses=synapses.take(synapses.pre != 4)
    )
    assert column_view(dataclasses.replace(network, lgn=lgn))[1] < 200
