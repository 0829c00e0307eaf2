"""LGN synapses of a column against the published rule in loops."""

import dataclasses
import math
import os
import pathlib

import numpy as np
import pytest

from v1model.lgn.units import draw_units, read_units
from v1model.network.data import RECEPTORS
from v1model.network.lgn_wiring import (
    frequency_preference,
    orientation_difference,
    preferred_frequency,
    sample_inputs,
    visual_position,
    wire_lgn,
)
from v1model.network.placement import place_neurons
from v1model.network.subfields import FREQUENCIES, Subfield, inside, unit_groups
from v1model.network.tables import lgn_rules, populations

NAMES = [p.name for p in populations()]


@pytest.fixture(scope="module")
def units():
    return draw_units(5)


@pytest.fixture(scope="module")
def placement():
    return place_neurons(5000, seed=5)


@pytest.fixture(scope="module")
def synapses(placement, units):
    return wire_lgn(placement, units, seed=5)


def test_units_inside_a_subfield_are_those_that_the_loops_find(units):
    rng = np.random.default_rng(0)
    n = 30
    field = Subfield(
        x=rng.uniform(60, 180, n),
        y=rng.uniform(30, 90, n),
        angle=rng.uniform(0, 10, n),
        major=rng.uniform(4, 17, n),
        minor=rng.uniform(1, 8, n),
    )
    group = unit_groups(units.take(np.arange(0, len(units), 7)))["sON"]
    expected = set()
    for cell in range(0, n, 2):
        phi = field.angle[cell]
        for unit in range(len(group.rows)):
            X, Y = group.x[unit] - field.x[cell], group.y[unit] - field.y[cell]
            along = X * math.cos(-phi) - Y * math.sin(-phi)
            across = X * math.sin(-phi) + Y * math.cos(-phi)
            if (along / field.major[cell]) ** 2 + (
                across / field.minor[cell]
            ) ** 2 <= 1:
                expected.add((cell, unit))
    found = [
        pair
        for cell, unit in inside(field, np.arange(0, n, 2), group)
        for pair in zip(cell.tolist(), unit.tolist(), strict=True)
    ]
    assert len(expected) > 20
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_every_unit_is_in_one_group(units):
    groups = unit_groups(units)
    rows = np.concatenate([group.rows for group in groups.values()])
    np.testing.assert_array_equal(np.sort(rows), np.arange(17_400))
    np.testing.assert_array_equal(
        groups["composite"].rows, np.flatnonzero(units.is_composite)
    )
    for kind, frequencies in FREQUENCIES.items():
        assert set(groups[kind].frequency) == set(frequencies)


def test_the_axis_of_the_column_sees_the_middle_of_the_visual_field():
    assert visual_position(0.0, 0.0) == (120, 60)
    x, y = visual_position(100.0, -100.0)
    assert x == pytest.approx(120 + math.tan(math.radians(7)) * 180 / math.pi)
    assert y == pytest.approx(60 - math.tan(math.radians(4)) * 180 / math.pi)


@pytest.mark.parametrize("kind", FREQUENCIES)
def test_chances_of_the_classes_of_a_subfield_sum_to_one(kind):
    classes = np.array(FREQUENCIES[kind], float)
    for preferred in range(1, 9):
        chance = frequency_preference(kind, np.full(len(classes), preferred), classes)
        assert chance.sum() == pytest.approx(1)
        assert np.argmax(chance) == np.argmin(np.abs(classes - preferred))


def test_preferred_frequencies_are_poisson_without_zero():
    frequency = preferred_frequency(np.random.default_rng(1), 1.5, 20_000)
    assert frequency.min() == 1
    assert frequency.mean() == pytest.approx(1.5 / (1 - math.exp(-1.5)), rel=0.02)


def test_orientations_differ_by_at_most_90_degrees():
    assert orientation_difference(170.0, 370.0) == pytest.approx(20)
    assert orientation_difference(0.0, 90.0) == pytest.approx(90)


def test_sustained_and_transient_subfields_lie_on_opposite_sides(placement, units):
    rule = dataclasses.replace(lgn_rules()["e4Rorb"], distance=(10, 10))
    member = placement.members(NAMES.index("e4Rorb"))
    post, pre = sample_inputs(
        np.random.default_rng(2), placement, member, unit_groups(units), rule
    )
    kind = np.array([name.split("_")[0] for name in units.model_id])[pre]
    x, y = visual_position(placement.x[post], placement.z[post])
    phi = np.deg2rad(placement.tuning_angle[post] + 270)
    offset = (units.x[pre] - x) * -np.sin(-phi) + (units.y[pre] - y) * -np.cos(-phi)
    is_transient = kind == "tOFF"
    is_sustained = (kind == "sON") | (kind == "sOFF")
    # Half of the distance of 10 degrees, up to the unevenness of the units.
    assert offset[is_sustained].mean() == pytest.approx(5, abs=0.3)
    assert offset[is_transient].mean() == pytest.approx(-5, abs=0.3)
    # Each subfield has one sustained sign per neuron.
    on_cells, off_cells = set(post[kind == "sON"]), set(post[kind == "sOFF"])
    assert not on_cells & off_cells
    assert len(on_cells) / len(on_cells | off_cells) == pytest.approx(0.9, abs=0.08)


def test_composite_units_share_the_orientation_of_their_target(
    placement, units, synapses
):
    is_composite = units.is_composite[synapses.pre]
    assert is_composite.any()
    difference = orientation_difference(
        units.tuning_angle[synapses.pre[is_composite]],
        placement.tuning_angle[synapses.post[is_composite]],
    )
    assert difference.max() < 15


def test_in_degrees_agree_with_the_publication():
    """Averaged over instances: a small column sees few units of each of them."""
    placement = place_neurons(5000, seed=1)
    n = np.bincount(placement.population)
    counts = [
        np.bincount(
            placement.population[wire_lgn(placement, draw_units(s), seed=s).post],
            minlength=21,
        )
        for s in range(6)
    ]
    in_degree = np.mean(counts, axis=0) / n
    for index, name in enumerate(NAMES):
        if name not in lgn_rules():
            assert in_degree[index] == 0
        elif n[index] > 200:
            assert in_degree[index] == pytest.approx(
                lgn_rules()[name].in_degree, rel=0.08
            )


def test_weights_and_receptors_follow_the_target(placement, synapses):
    population = placement.population[synapses.post]
    assert np.all(synapses.delay == np.float32(1.7))
    for name, rule in lgn_rules().items():
        one = synapses.take(population == NAMES.index(name))
        expected = RECEPTORS.index("e2e" if name[0] == "e" else "e2i")
        assert np.all(one.receptor == expected)
        assert np.all(one.weight == np.float32(rule.syn_weight * rule.nsyns))


def test_one_synapse_at_most_joins_a_unit_and_a_neuron(synapses):
    assert synapses.canonical_order() is None
    pair = synapses.post.astype(np.int64) * 17_400 + synapses.pre
    assert len(np.unique(pair)) == len(pair)


def test_the_receptor_on_inhibitory_cells_can_be_chosen(placement, units, synapses):
    other = wire_lgn(placement, units, seed=5, inhibitory_receptor="i2e")
    is_inhibitory = synapses.receptor == RECEPTORS.index("e2i")
    np.testing.assert_array_equal(
        other.receptor, np.where(is_inhibitory, RECEPTORS.index("i2e"), 0)
    )
    with pytest.raises(ValueError, match="'x2y'"):
        wire_lgn(placement, units, seed=5, inhibitory_receptor="x2y")


def test_one_seed_decides_the_synapses(placement, units, synapses):
    again = wire_lgn(placement, units, seed=5)
    assert again.pre.tobytes() == synapses.pre.tobytes()
    other = wire_lgn(placement, units, seed=6)
    assert other.pre.tobytes() != synapses.pre.tobytes()


@pytest.mark.data
def test_a_core_on_the_published_units_has_the_published_number_of_synapses():
    folder = os.environ.get("V1MODEL_LOCAL_DATA")
    if not folder:
        pytest.skip("V1MODEL_LOCAL_DATA is not set")
    units = read_units(pathlib.Path(folder) / "v1" / "lgn_full_col_cells_3.csv")
    placement = place_neurons(51_978, seed=1)
    synapses = wire_lgn(placement, units, seed=1)
    assert 0.782e6 < len(synapses) < 0.792e6
    assert np.count_nonzero(synapses.weight) == pytest.approx(0.782e6, rel=0.006)
