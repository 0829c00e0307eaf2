"""Names, layers and the visual field of a column."""

import numpy as np
import pytest

from tests.networks import small_network
from v1model.network.populations import (
    ROUGH_POPULATIONS,
    laminar_indices,
    layer_of,
    neurons_named,
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


POOLS = np.array([[3, 8], [40, 21]])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["all"], lambda members, n: n),
        (["pools"], lambda members, n: {3, 8, 21, 40}),
        (["L4e"], lambda members, n: members["L4e"]),
        (["L4"], lambda members, n: members["L4e"] | members["L4i"]),
        (["L23e", "L5i"], lambda members, n: members["L23e"] | members["L5i"]),
        (["-pools", "all"], lambda members, n: n - {3, 8, 21, 40}),
        (["-pools", "-L4"], lambda m, n: n - m["L4e"] - m["L4i"] - {3, 8, 21, 40}),
        (["L5", "pools"], lambda m, n: m["L5e"] | m["L5i"] | {3, 8, 21, 40}),
    ],
)
def test_neurons_are_named_by_population_and_pool(network, names, expected):
    members = {name: {*index} for name, index in laminar_indices(network).items()}
    found = neurons_named(network, names, POOLS)
    assert {*found} == expected(members, {*range(network.n_neurons)})
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["L7"], "names L7; choose from all, pools, L1e"),
        (["L4e", "-L4"], "L4e,-L4 leaves no neuron"),
    ],
)
def test_names_that_select_nothing_are_refused(network, names, message):
    with pytest.raises(ValueError, match=message):
        neurons_named(network, names, POOLS)
