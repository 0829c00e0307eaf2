"""Recurrent synapses of a built column against the published rules in loops."""

import math

import numpy as np
import pytest

from v1model.network.data import RECEPTORS
from v1model.network.placement import place_neurons
from v1model.network.tables import cell_types, connection_rules, populations
from v1model.network.weights import direction_factor, phase_factor
from v1model.network.wiring import contact_weight, wire_recurrent

POPULATIONS = populations()
NAMES = [p.name for p in POPULATIONS]


@pytest.fixture(scope="module")
def placement():
    return place_neurons(5000, seed=11)


@pytest.fixture(scope="module")
def synapses(placement):
    return wire_recurrent(placement, cell_types(), seed=11)


def between(placement, synapses, source, target):
    """The synapses from one population to another."""
    population = placement.population
    return synapses.take(
        (population[synapses.pre] == NAMES.index(source))
        & (population[synapses.post] == NAMES.index(target))
    )


def weight_in_loops(placement, source, target, pre, post):
    """Peak current of one contact, pA, as the publication states it."""
    rule = connection_rules()[source.key, target.key]
    capacitance = cell_types().C_m[placement.type_index[post]]
    th_s, th_t = placement.tuning_angle[pre], placement.tuning_angle[post]
    d = abs(th_t - th_s) % 360
    d = min(d, 360 - d)
    if not source.is_excitatory and not target.is_excitatory:
        s = 50
    elif source.is_excitatory and target.is_excitatory:
        s = 30
    else:
        s = 90
    weight = rule.weight * capacitance * math.exp(-((d / s) ** 2))
    if s == 30:
        u = (placement.x[post] - placement.x[pre]) * 0.07 * math.cos(math.radians(th_t))
        u += (
            (placement.z[post] - placement.z[pre]) * 0.04 * math.sin(math.radians(th_t))
        )
        q = min(th_t % 180, 180 - th_t % 180)
        weight *= math.exp(-u * u / 2) * (5.5 / 4 - 11 / 1680 * q)
    return weight


def test_synapses_are_in_canonical_order_without_duplicates(synapses):
    assert synapses.canonical_order() is None
    pair = synapses.post.astype(np.int64) * 5000 + synapses.pre
    assert len(np.unique(pair)) == len(pair)
    assert np.all(synapses.pre != synapses.post)


def test_receptors_delays_and_signs_follow_the_populations(placement, synapses):
    source = placement.population[synapses.pre]
    target = placement.population[synapses.post]
    for pair in np.unique(source * 21 + target):
        s, t = POPULATIONS[pair // 21], POPULATIONS[pair % 21]
        rule = connection_rules()[s.key, t.key]
        one = synapses.take((source * 21 + target) == pair)
        name = ("e" if s.is_excitatory else "i") + "2" + t.name[0]
        assert np.all(one.receptor == RECEPTORS.index(name))
        assert np.all(one.delay == np.float32(rule.delay))
        assert np.all(one.weight >= 0 if s.is_excitatory else one.weight < 0)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("e23Cux2", "e23Cux2"),
        ("e4Rorb", "e5noRbp4"),
        ("e4Scnn1a", "i4Pvalb"),
        ("i6Sst", "e6Ntsr1"),
        ("i23Pvalb", "i23Pvalb"),
    ],
)
def test_a_weight_is_a_whole_number_of_contacts(placement, synapses, source, target):
    one = between(placement, synapses, source, target).take(slice(0, 400))
    s, t = POPULATIONS[NAMES.index(source)], POPULATIONS[NAMES.index(target)]
    contact = np.array(
        [
            weight_in_loops(placement, s, t, pre, post)
            for pre, post in zip(one.pre, one.post, strict=True)
        ]
    )
    is_seen = np.abs(contact) > 1e-30  # the others vanish in single precision
    contacts = one.weight[is_seen] / contact[is_seen]
    np.testing.assert_allclose(contacts, np.round(contacts), rtol=1e-5)
    assert set(np.round(contacts)) <= {3, 4, 5, 6, 7}


def test_contacts_are_uniform_from_three_to_seven(placement, synapses):
    one = between(placement, synapses, "e4Scnn1a", "i4Pvalb")
    rule = connection_rules()["e4", "i4P"]
    contact = contact_weight(
        placement, cell_types(), rule, one.pre, one.post, (True, False)
    )
    counts = np.bincount(np.round(one.weight / contact).astype(int), minlength=8)[3:8]
    expected = len(one) / 5
    chi_2 = np.sum((counts - expected) ** 2 / expected)
    assert chi_2 < 18.5  # 99.9 % of chi-squared with 4 degrees of freedom


def test_every_pair_of_populations_has_its_published_probability(placement, synapses):
    """Counts against sums over all pairs of neurons, in double precision."""
    x, z, angle = placement.x, placement.z, placement.tuning_angle
    pairs = [("e23Cux2", "e23Cux2"), ("e5Rbp4", "e6Ntsr1"), ("i4Sst", "i4Pvalb")]
    pairs += [(name, "i23Htr3a") for name in NAMES]
    for source, target in pairs:
        s, t = (placement.members(NAMES.index(name)) for name in (source, target))
        rule = connection_rules().get(
            tuple(POPULATIONS[NAMES.index(name)].key for name in (source, target))
        )
        found = len(between(placement, synapses, source, target))
        if rule is None:
            assert found == 0
            continue
        d_2 = (x[t][:, None] - x[s]) ** 2 + (z[t][:, None] - z[s]) ** 2
        m = np.abs(angle[t][:, None] - angle[s]) % 180
        p = rule.peak * np.exp(-d_2 / rule.sigma**2)
        p *= rule.tuning_intercept + rule.tuning_slope * np.minimum(m, 180 - m)
        if source == target:
            np.fill_diagonal(p, 0)
        assert abs(found - p.sum()) < 4.5 * np.sqrt(np.sum(p * (1 - p))) + 1e-9


def test_probability_falls_with_distance_as_the_published_gaussian(placement, synapses):
    member = placement.members(NAMES.index("e23Cux2"))
    one = between(placement, synapses, "e23Cux2", "e23Cux2")
    x, z = placement.x, placement.z
    d_2 = (x[one.post] - x[one.pre]) ** 2 + (z[one.post] - z[one.pre]) ** 2
    every_d_2 = (x[member][:, None] - x[member]) ** 2
    every_d_2 += (z[member][:, None] - z[member]) ** 2
    edges = np.linspace(0, 180**2, 19)
    share = np.histogram(d_2, edges)[0] / np.histogram(every_d_2, edges)[0]
    centre = (edges[1:] + edges[:-1]) / 2
    # The first bin holds each neuron with itself.
    slope = np.polyfit(centre[1:], np.log(share[1:]), 1)[0]
    assert np.sqrt(-1 / slope) == pytest.approx(114, rel=0.02)


@pytest.mark.parametrize(
    ("source", "target", "ratio"),
    [("e23Cux2", "e23Cux2", 0.5), ("e4other", "e5Rbp4", 0.8)],
)
def test_probability_falls_with_orientation(placement, synapses, source, target, ratio):
    """Linearly, by the published ratio of 90 to 0 degrees."""
    one = between(placement, synapses, source, target)
    angle = placement.tuning_angle
    difference = np.abs(angle[one.post] - angle[one.pre]) % 180
    difference = np.minimum(difference, 180 - difference)
    # A density of 1 + c (1 - 2 phi / 90) has a mean of 45 (1 - c / 3).
    c = 3 * (1 - difference.mean() / 45)
    error = 3 * difference.std() / 45 / np.sqrt(len(one))
    assert abs(c - (1 - ratio) / (1 + ratio)) < 4.5 * error


def test_direction_matters_for_weights_only_up_to_the_shorter_way_round():
    assert direction_factor(350.0, 10.0, 30.0) == pytest.approx(math.exp(-4 / 9))
    assert direction_factor(0.0, 180.0, 90.0) == pytest.approx(math.exp(-4))


def test_phase_falls_along_the_direction_of_the_target_only():
    along, across = phase_factor(20.0, 0.0, 0.0), phase_factor(0.0, 20.0, 0.0)
    assert across == pytest.approx(5.5 / 4)
    assert along == pytest.approx(5.5 / 4 * math.exp(-(1.4**2) / 2))
    assert phase_factor(0.0, 0.0, 90.0) == pytest.approx(5.5 / 4 - 11 / 1680 * 90)


def test_weights_of_a_seed_do_not_depend_on_the_other_populations(placement, synapses):
    """Each pair of populations has its own stream of random numbers."""
    again = wire_recurrent(placement, cell_types(), seed=11)
    for name in ("post", "pre", "receptor", "weight", "delay"):
        assert getattr(again, name).tobytes() == getattr(synapses, name).tobytes()
    other = wire_recurrent(placement, cell_types(), seed=12)
    assert len(other) != len(synapses)
