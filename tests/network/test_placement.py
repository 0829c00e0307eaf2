"""Where the builder puts neurons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.network.placement import (
    MIN_NEURONS,
    Placement,
    largest_remainder,
    place_neurons,
    population_counts,
    radii,
)
from v1model.network.tables import cell_types, populations, type_shares


@given(
    shares=st.lists(st.floats(0.001, 1000), min_size=1, max_size=30),
    total=st.integers(0, 10**6),
)
@settings(max_examples=50, deadline=None)
def test_largest_remainder_rounds_to_a_neighbour_and_keeps_the_total(shares, total):
    counts = largest_remainder(shares, total)
    exact = np.array(shares) / np.sum(shares) * total
    assert counts.sum() == total
    assert np.all(np.abs(counts - exact) < 1 + 1e-6)


def test_largest_remainder_of_the_textbook_example():
    votes = [47_000, 16_000, 15_800, 12_000, 6_100, 3_100]
    np.testing.assert_array_equal(largest_remainder(votes, 10), [5, 2, 1, 1, 1, 0])


@pytest.mark.parametrize(("neurons", "part"), [(51_978, "core"), (230_924, "full")])
def test_published_sizes_have_the_published_counts_and_ids(neurons, part):
    placement = place_neurons(neurons, seed=0)
    for index, population in enumerate(populations()):
        ids = placement.node_id[placement.members(index)]
        expected = population.core_first + np.arange(population.n_core)
        if part == "full":
            periphery = population.periphery_first + np.arange(population.n_periphery)
            expected = np.sort(np.concatenate([expected, periphery]))
        np.testing.assert_array_equal(ids, expected)


@pytest.mark.parametrize("neurons", [500, 777, 5000, 51_978, 60_000])
def test_ids_increase_and_the_core_fills_before_the_periphery(neurons):
    placement = place_neurons(neurons, seed=0)
    assert len(placement) == neurons
    assert np.all(np.diff(placement.node_id) > 0)
    radius = np.hypot(placement.x, placement.z)
    is_core = np.zeros(neurons, bool)
    for index, population in enumerate(populations()):
        ids = placement.node_id[placement.members(index)]
        first = population.core_first
        is_core[placement.members(index)] = (ids >= first) & (
            ids < first + population.n_core
        )
    assert is_core.sum() == min(neurons, 51_978)
    np.testing.assert_array_equal(is_core, radius < 400)


def test_a_crop_keeps_the_density_and_thinning_keeps_the_radius():
    crop = place_neurons(5000, seed=1)
    radius = 400 * np.sqrt(5000 / 51_978)
    distance = np.hypot(crop.x, crop.z)
    assert 0.99 * radius < distance.max() < radius
    assert distance.min() >= 1
    thin = place_neurons(5000, seed=1, policy="thin")
    assert 396 < np.hypot(thin.x, thin.z).max() < 400
    np.testing.assert_array_equal(thin.population, crop.population)
    assert radii(230_924)[1] == pytest.approx(845)


def test_positions_are_uniform_in_area_and_in_depth():
    placement = place_neurons(20_000, seed=2)
    area = (placement.x**2 + placement.z**2) / radii(20_000)[1] ** 2
    # Mean and variance of a uniform number, four standard errors.
    assert area.mean() == pytest.approx(1 / 2, abs=4 / np.sqrt(12 * 20_000))
    assert np.mean(placement.x * placement.z > 0) == pytest.approx(0.5, abs=0.015)
    for index, population in enumerate(populations()):
        depth = placement.y[placement.members(index)]
        shallow, deep = population.depth
        share = (depth - shallow) / (deep - shallow)
        assert share.min() >= 0
        assert share.max() <= 1
        assert share.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * len(share)))


def test_tuning_is_spread_evenly_and_independent_of_position():
    placement = place_neurons(20_000, seed=3)
    for index in range(len(populations())):
        member = placement.members(index)
        angle = placement.tuning_angle[member]
        np.testing.assert_allclose(np.diff(angle), 360 / len(angle))
        assert angle[0] == 0
    angle = np.deg2rad(placement.tuning_angle)
    correlation = np.corrcoef(np.cos(angle), placement.x)[0, 1]
    assert abs(correlation) < 4 / np.sqrt(20_000)


def test_every_type_belongs_to_its_population_in_its_share():
    placement = place_neurons(51_978, seed=4)
    types = cell_types()
    counts = np.bincount(placement.type_index, minlength=len(types))
    for index, population in enumerate(populations()):
        names = types.pop_name[placement.type_index[placement.members(index)]]
        assert np.all(names == population.name)
        is_member = types.pop_name == population.name
        exact = type_shares()[is_member] * population.n_core
        assert np.all(np.abs(counts[is_member] - exact) < 1)
    # The published core of the biophysical twin.
    assert counts[types.node_type_id == 471819401] == 10_246
    assert counts[types.node_type_id == 471789504] == 34


def test_one_seed_decides_the_placement():
    one, again, other = (place_neurons(1000, seed=s) for s in (7, 7, 8))
    for name in Placement.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    for name in ("x", "y", "z", "type_index"):
        assert np.any(getattr(one, name) != getattr(other, name))


def test_every_population_is_present_in_the_smallest_column():
    core, periphery = population_counts(MIN_NEURONS)
    assert core.min() >= 1
    assert periphery.sum() == 0


@pytest.mark.parametrize(
    ("neurons", "policy", "message"),
    [
        (499, "crop", "499"),
        (230_925, "crop", "230925"),
        (-1, "crop", "-1"),
        (51_979, "thin", "51979"),
        (5000, "shrink", "shrink"),
    ],
)
def test_a_size_that_cannot_be_built_is_refused(neurons, policy, message):
    with pytest.raises(ValueError, match=message):
        place_neurons(neurons, seed=0, policy=policy)
