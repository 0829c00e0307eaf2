"""Whole columns: totals, options, reproducibility, the summary."""

import numpy as np
import pytest

from v1model.lgn.units import draw_units
from v1model.network.builder import build_column
from v1model.network.data import RECEPTORS
from v1model.network.expectation import expected_counts, mean_profile
from v1model.network.placement import place_neurons
from v1model.network.summary import pair_counts, summarize
from v1model.network.tables import (
    connection_rules,
    crop_totals,
    expected_synapses,
    populations,
)
from v1model.network.wiring import wire_recurrent

SYNAPSE_COLUMNS = ("post", "pre", "receptor", "weight", "delay")
NEURON_COLUMNS = ("type_index", "node_id", "x", "y", "z", "tuning_angle")


@pytest.fixture(scope="module")
def column():
    return build_column(5000)


def all_synapses(network):
    return network.recurrent, network.lgn.synapses, network.background.synapses


def as_bytes(network):
    parts = [getattr(network, name).tobytes() for name in NEURON_COLUMNS]
    for synapses in all_synapses(network):
        parts += [getattr(synapses, name).tobytes() for name in SYNAPSE_COLUMNS]
    return b"".join(parts)


def test_a_crop_of_5000_has_the_published_number_of_synapses(column):
    assert len(column.recurrent) == pytest.approx(880_265, rel=0.02)
    assert len(column.recurrent) == pytest.approx(
        sum(expected_counts(5000).values()), rel=0.015
    )
    assert column.radius == pytest.approx(124, abs=1)


def test_all_types_units_and_inputs_are_there(column):
    assert len(column.types) == 111
    assert column.lgn.n_inputs == len(column.lgn.units) == 17_400
    assert column.background.n_inputs == 1
    np.testing.assert_array_equal(
        column.background.synapses.post, np.arange(column.n_neurons)
    )


def test_all_synapses_are_in_canonical_order_and_compact(column):
    for synapses in all_synapses(column):
        assert synapses.canonical_order() is None
        dtypes = [getattr(synapses, name).dtype for name in SYNAPSE_COLUMNS]
        assert dtypes == [np.int32, np.int32, np.uint8, np.float32, np.float32]


def test_one_seed_decides_every_byte():
    assert as_bytes(build_column(700, 1)) == as_bytes(build_column(700, 1))
    assert as_bytes(build_column(700, 1)) != as_bytes(build_column(700, 2))


def test_the_units_do_not_change_the_recurrent_synapses():
    one = build_column(600, 1)
    other = build_column(600, 1, units=draw_units(99))
    for name in SYNAPSE_COLUMNS:
        np.testing.assert_array_equal(
            getattr(one.recurrent, name), getattr(other.recurrent, name)
        )
    assert len(one.lgn.synapses) != len(other.lgn.synapses)


def test_compensation_brings_the_mean_in_degree_to_that_of_the_core(column):
    other = build_column(5000, compensate=True)
    for name, published in (("e23Cux2", 398.8), ("i4Pvalb", 463.1), ("i5Sst", 254.1)):
        is_onto = (column.pop_name == name)[column.recurrent.post]
        before = column.recurrent.weight[is_onto].sum(dtype=float)
        scale = other.recurrent.weight[is_onto].sum(dtype=float) / before
        in_degree = is_onto.sum() / np.sum(column.pop_name == name)
        assert scale * in_degree == pytest.approx(published, rel=2e-3)


def test_thinning_scales_the_weights_by_the_missing_share():
    thin = build_column(5000, seed=3000, policy="thin")
    assert 396 < thin.radius < 400
    # A tenth of the sources: a tenth of the synapses per neuron, ten times stronger.
    assert len(thin.recurrent) / 5000 == pytest.approx(278 * 5000 / 51_978, rel=0.03)
    placement = place_neurons(5000, seed=3000, policy="thin")
    unscaled = wire_recurrent(placement, thin.types, seed=3000)
    np.testing.assert_allclose(
        thin.recurrent.weight, unscaled.weight * 51_978 / 5000, rtol=1e-5, atol=1e-30
    )


def test_background_contacts_can_be_replaced():
    published = build_column(500).background.synapses
    unit = build_column(500, background_nsyns=1).background.synapses
    network = build_column(500, background_nsyns=100)
    many = network.background.synapses
    np.testing.assert_allclose(many.weight, 100 * unit.weight, rtol=1e-6)
    is_upper = network.pop_name == "e23Cux2"
    assert published.weight[is_upper] == pytest.approx(19 * 0.20930)
    assert np.all(published.delay == 1)
    expected = np.where(network.is_excitatory, 0, RECEPTORS.index("e2i"))
    np.testing.assert_array_equal(published.receptor, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neurons": 499}, "499"),
        ({"neurons": 230_925}, "230925"),
        ({"neurons": 500, "seed": -3}, "-3"),
        ({"neurons": 500, "policy": "cut"}, "cut"),
        ({"neurons": 500, "policy": "thin", "compensate": True}, "compensate"),
        ({"neurons": 500, "lgn_to_inhibitory_receptor": "e3i"}, "e3i"),
        ({"neurons": 500, "background_nsyns": -1}, "-1"),
    ],
)
def test_what_cannot_be_built_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build_column(**options)


def test_progress_reaches_the_end_of_every_step():
    calls = []
    build_column(500, progress=lambda step, share: calls.append((step, share)))
    for step in ("LGN synapses", "recurrent synapses"):
        shares = [share for name, share in calls if name == step]
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1)


def test_expected_counts_agree_with_every_published_crop():
    for neurons, total in crop_totals().items():
        expected = sum(expected_counts(neurons).values())
        assert expected == pytest.approx(total, rel=0.015)


def test_expected_counts_agree_with_the_published_pairs_of_the_core():
    """The integral over a disc against the mean of seven published instances."""
    position = {p.name: p for p in populations()}
    for (source, target), published in expected_synapses("core").items():
        s, t = position[source], position[target]
        rule = connection_rules()[s.key, t.key]
        n_pairs = s.n_core * (t.n_core - (s is t))
        mean = n_pairs * rule.peak * mean_profile(rule.sigma, 400.0)
        # Counts also vary with the positions, hence the share beside the sd.
        assert abs(published.mean - mean) < 5 * published.sd / np.sqrt(7) + 0.004 * mean


def test_the_summary_counts_every_synapse_once(column):
    counts = pair_counts(column)
    assert sum(counts.values()) == len(column.recurrent)
    member = column.pop_name
    is_pair = (member[column.recurrent.pre] == "e5Rbp4") & (
        member[column.recurrent.post] == "i6Sst"
    )
    assert counts["e5Rbp4", "i6Sst"] == is_pair.sum()
    text = summarize(column)
    assert f"{len(column.recurrent):,} recurrent synapses" in text
    assert "880,265" in text
    assert max(len(line) for line in text.splitlines()) <= 88
    assert (
        len(summarize(column, pairs=False).splitlines()) == len(text.splitlines()) - 314
    )
    thin = summarize(build_column(500, policy="thin"), policy="thin")
    assert "published crop" not in thin


@pytest.mark.slow
def test_the_core_is_statistically_the_published_one():
    network = build_column(51_978)
    assert len(network.recurrent) == pytest.approx(14_450_556, rel=0.006)
    # The draw of the units alone spreads the total by 1 %.
    assert len(network.lgn.synapses) == pytest.approx(786_500, rel=0.035)
    counts = pair_counts(network)
    multipliers = mean_multipliers(network)
    for (source, target), expected in expected_synapses("core").items():
        found = counts[source, target]
        if expected.mean > 100_000:
            count_band, weight_band = 0.025, 0.035
        elif expected.mean > 10_000:
            count_band = 0.06
            weight_band = 0.12 if source[0] == target[0] == "e" else 0.05
        else:
            assert abs(found - expected.mean) < 6 * expected.sd
            continue
        assert found == pytest.approx(expected.mean, rel=count_band)
        multiplier = multipliers[source, target]
        assert multiplier == pytest.approx(expected.multiplier, rel=weight_band)
    assert sum(n for pair, n in counts.items() if pair not in connected()) == 0


def connected():
    return set(expected_synapses("core"))


def mean_multipliers(network):
    """Mean weight in units of one contact between like-tuned cells, by pair."""
    names = [p.name for p in populations()]
    keys = [p.key for p in populations()]
    position = {name: index for index, name in enumerate(names)}
    population = np.array([position[name] for name in network.types.pop_name])[
        network.type_index
    ]
    synapses = network.recurrent
    pair = population[synapses.pre] * 21 + population[synapses.post]
    relative = synapses.weight / network.types.C_m[network.type_index[synapses.post]]
    mean = np.bincount(pair, relative, 441) / np.maximum(
        np.bincount(pair, None, 441), 1
    )
    return {
        (source, target): mean[position[source] * 21 + position[target]]
        / connection_rules()[keys[position[source]], keys[position[target]]].weight
        for source, target in connected()
    }
