"""Neurons: the table agrees with its network, and examples are of all kinds."""

import dataclasses
import time

import numpy as np
import pytest

from v1model.network import neurons_of, rough_index
from v1model.network.neurons import Neurons
from v1model.network.populations import ROUGH_POPULATIONS


@pytest.fixture(scope="module")
def neurons(network):
    return neurons_of(network)


def table(sizes, seed=0):
    """Neurons of populations with these sizes, shuffled, at random depths."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.repeat([*sizes], [*sizes.values()]))
    n = len(names)
    zeros = np.zeros(n)
    depth = rng.uniform(0, 800, n)
    return Neurons(names, np.zeros(n, int), zeros, depth, zeros, zeros + 1, zeros)


def test_every_row_says_what_the_network_says_of_its_neuron(network, neurons):
    names, index = rough_index(network)
    assert len(neurons) == network.n_neurons
    np.testing.assert_array_equal(neurons.group, index)
    for k, row in enumerate(network.type_index):
        assert neurons.pop_name[k] == network.types.pop_name[row]
        assert neurons.node_type_id[k] == network.types.node_type_id[row]
        assert neurons.V_th[k] == network.types.V_th[row]
        assert neurons.E_L[k] == network.types.E_L[row]
        assert names[neurons.group[k]][1] == neurons.pop_name[k][1]


def test_the_laminar_order_goes_by_population_then_by_depth(neurons):
    order = neurons.laminar_order()
    assert sorted(order) == [*range(len(neurons))]
    steps = zip(order[:-1], order[1:], strict=True)
    for a, b in steps:
        first = neurons.group[a], neurons.y[a]
        assert first <= (neurons.group[b], neurons.y[b])


@pytest.mark.parametrize("n", [0, 1, 5, 13, 20, 59, 60, 200])
def test_examples_are_different_neurons_from_the_pia_down(neurons, n):
    found = neurons.examples(n)
    assert len(found) == len(set(found)) == min(n, len(neurons))
    place = np.argsort(neurons.laminar_order())
    assert (np.diff(place[found]) > 0).all()


@pytest.mark.parametrize("n", [3, 13, 14, 25])
def test_examples_are_of_as_many_populations_as_there_can_be(neurons, n):
    present = len(np.unique(neurons.group))
    assert len(np.unique(neurons.group[neurons.examples(n)])) == min(n, present)


def test_large_populations_come_first_and_take_turns():
    neurons = table({"e4": 50, "e5": 30, "i1Htr3a": 1})
    groups = [ROUGH_POPULATIONS[k] for k in neurons.group[neurons.examples(2)]]
    assert groups == ["e4", "e5"]
    counts = np.bincount(neurons.group[neurons.examples(7)])
    assert sorted(counts[counts > 0]) == [1, 3, 3]


def test_examples_of_a_population_cover_its_depth():
    neurons = table({"e4": 100})
    depths = np.sort(neurons.y)
    found = neurons.y[neurons.examples(4)]
    np.testing.assert_array_equal(found, depths[[0, 25, 50, 75]])


def test_a_small_population_is_made_up_for_by_others():
    neurons = table({"e4": 2, "e5": 40})
    counts = np.bincount(neurons.group[neurons.examples(12)])
    assert counts[ROUGH_POPULATIONS.index("e4")] == 2
    assert counts.sum() == 12


def test_examples_of_the_core_take_a_moment():
    """A loop over 51,978 neurons took minutes."""
    neurons = table({name: 3058 for name in ROUGH_POPULATIONS})
    started = time.perf_counter()
    assert len(neurons.examples(20)) == 20
    assert time.perf_counter() - started < 2


def test_columns_of_different_lengths_are_refused(neurons):
    with pytest.raises(ValueError, match=r"y must have shape \(60,\), got \(59,\)"):
        dataclasses.replace(neurons, y=neurons.y[1:])
