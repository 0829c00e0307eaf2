"""Selection against the rules of the published loader, written out."""

import dataclasses

import numpy as np
import pytest

from tests.networks import small_network
from v1model.network.selection import require_all_layers, select


@pytest.fixture(scope="module")
def wide():
    """300 neurons of which about half lie inside the core."""
    network = small_network(n=300, seed=3)
    return dataclasses.replace(network, x=network.x * 9, z=network.z * 9)


def radius(network):
    return np.hypot(network.x, network.z)


def test_connected_selection_keeps_the_neurons_nearest_to_the_axis(wide):
    kept = select(wide, neurons=70)
    left_out = np.setdiff1d(wide.node_id, kept.node_id)
    assert kept.n_neurons == 70
    assert radius(kept).max() < radius(wide)[left_out].min()


@pytest.mark.parametrize("core_only", [False, True])
def test_random_selection_draws_the_published_neurons(wide, core_only):
    pool = np.where(radius(wide) < 400)[0] if core_only else np.arange(300)
    expected = np.random.RandomState(7).choice(pool, size=50, replace=False)  # noqa: NPY002
    kept = select(
        wide, neurons=50, core_only=core_only, connected_selection=False, seed=7
    )
    assert np.array_equal(kept.node_id, np.sort(expected))


@pytest.mark.parametrize("connected", [False, True])
def test_zero_neurons_keep_everything_or_the_core(wide, connected):
    assert select(wide, connected_selection=connected) is wide
    core = select(wide, core_only=True, connected_selection=connected)
    assert np.array_equal(core.node_id, np.flatnonzero(radius(wide) < 400))


def test_selected_neurons_keep_their_synapses_with_delay_and_weight(wide):
    kept = select(wide, neurons=120)

    def rows(network):
        s = network.recurrent
        ends = zip(network.node_id[s.post], network.node_id[s.pre], strict=True)
        values = zip(s.receptor, s.weight, s.delay, strict=True)
        return set(zip(ends, values, strict=True))

    is_kept = np.isin(wide.node_id, kept.node_id)
    s = wide.recurrent
    among = is_kept[s.post] & is_kept[s.pre]
    inside = dataclasses.replace(wide, recurrent=s.take(among))
    assert rows(kept) == rows(inside)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"neurons": 301}, "neurons must be at most 300, .* got 301"),
        ({"neurons": 299, "core_only": True}, "neurons .* the core .* got 299"),
        ({"neurons": -1}, "neurons must not be negative, got -1"),
    ],
)
def test_an_impossible_number_of_neurons_is_refused(wide, arguments, message):
    with pytest.raises(ValueError, match=message):
        select(wide, **arguments)


def test_a_core_without_neurons_is_refused(wide):
    ring = dataclasses.replace(wide, x=wide.x + 5000)
    with pytest.raises(ValueError, match="core_only leaves no neuron"):
        select(ring, core_only=True)


def test_an_empty_layer_is_named(network):
    assert require_all_layers(network) is network
    names = network.pop_name
    for layer, digit in (("1", "1"), ("2/3", "2"), ("4", "4"), ("5", "5"), ("6", "6")):
        others = np.flatnonzero([name[1] != digit for name in names])
        with pytest.raises(ValueError, match=f"layer {layer} has no neuron"):
            require_all_layers(network.take(others))
