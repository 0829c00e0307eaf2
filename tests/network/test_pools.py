"""Readout pools: near their sites, disjoint, and fair to each other."""

import dataclasses

import numpy as np
import pytest

from tests.networks import small_network
from v1model.network.pools import READOUT_SITES, readout_pools


def wide_column(n, radius, seed=2):
    """n neurons spread uniformly over a disc."""
    network = small_network(n=n, seed=seed)
    factor = radius / network.radius
    return dataclasses.replace(network, x=network.x * factor, z=network.z * factor)


def site_distances(network, scale):
    """(15, N) distance to every site at mid-depth of layer 5."""
    y = network.y[[name[1] == "5" for name in network.pop_name]]
    sites = READOUT_SITES * scale
    return np.sqrt(
        (sites[:, 0, None] - network.x) ** 2
        + (sites[:, 1, None] - network.z) ** 2
        + ((y.min() + y.max()) / 2 - network.y) ** 2
    )


@pytest.fixture(scope="module")
def column():
    return wide_column(1000, 200.0)


@pytest.mark.parametrize("localized", [True, False])
def test_pools_hold_layer_5_excitatory_neurons_and_share_none(column, localized):
    pools = readout_pools(column, 8, localized=localized)
    assert pools.shape == (15, 8) and pools.dtype == np.int32
    assert len(np.unique(pools)) == pools.size
    assert all(name.startswith("e5") for name in column.pop_name[pools.ravel()])
    assert (np.diff(pools, axis=1) > 0).all()


@pytest.mark.parametrize("radius", [200.0, 400.0, 845.0])
def test_without_competition_a_pool_is_the_nearest_neurons_of_its_scaled_site(radius):
    network = wide_column(3000, radius)
    distance = site_distances(network, min(radius / 400, 1))
    is_l5e = np.array([name.startswith("e5") for name in network.pop_name])
    distance[:, ~is_l5e] = np.inf
    nearest = np.sort(np.argsort(distance, axis=1)[:, :2], axis=1)
    assert len(np.unique(nearest)) == nearest.size, "choose another seed"
    assert np.array_equal(readout_pools(network, 2), nearest)


def test_competing_pools_gain_nothing_by_exchanging_neurons(column):
    k = sum(name.startswith("e5") for name in column.pop_name) // 15
    pools = readout_pools(column, k)
    cost = site_distances(column, 0.5) ** 2
    for a in range(15):
        for b in range(a):
            now = cost[a, pools[a]][:, None] + cost[b, pools[b]]
            after = cost[b, pools[a]][:, None] + cost[a, pools[b]]
            assert (now <= after + 1e-6).all()


def test_the_order_of_the_sites_does_not_matter(column, monkeypatch):
    expected = readout_pools(column, 8)
    order = np.random.default_rng(0).permutation(15)
    monkeypatch.setattr("v1model.network.pools.READOUT_SITES", READOUT_SITES[order])
    assert np.array_equal(readout_pools(column, 8), expected[order])


def test_scattered_pools_depend_on_the_seed_alone(column):
    first = readout_pools(column, 8, localized=False, seed=1)
    assert np.array_equal(first, readout_pools(column, 8, localized=False, seed=1))
    assert not np.array_equal(first, readout_pools(column, 8, localized=False, seed=2))
    spread = np.ptp(column.x[first], axis=1)
    assert spread.min() > 100


@pytest.mark.parametrize("localized", [True, False])
def test_too_few_neurons_are_refused_with_the_size_that_fits(column, localized):
    n = sum(name.startswith("e5") for name in column.pop_name)
    with pytest.raises(ValueError, match=f"neurons_per_output {n}.* fits is {n // 15}"):
        readout_pools(column, n, localized=localized)
    assert readout_pools(column, n // 15, localized=localized).shape == (15, n // 15)
    with pytest.raises(ValueError, match="neurons_per_output must be positive, got 0"):
        readout_pools(column, 0)
