"""The published tables: consistent with each other and with the papers' formulas."""

import numpy as np
import pytest

from v1model.network import tables
from v1model.network.physiology import column_rates, physiology_targets, rate_bands

POPULATIONS = tables.populations()


def test_there_are_51978_neurons_in_the_core_and_230924_in_all():
    assert len(POPULATIONS) == 21
    assert sum(p.n_core for p in POPULATIONS) == 51_978
    assert sum(p.n_core + p.n_periphery for p in POPULATIONS) == 230_924
    excitatory = [p for p in POPULATIONS if p.is_excitatory]
    assert sum(p.n_core for p in excitatory) == 43_394
    assert sum(p.n_core + p.n_periphery for p in excitatory) == 192_578


def test_the_id_ranges_cover_every_id_once():
    ids = np.concatenate(
        [
            first + np.arange(count)
            for p in POPULATIONS
            for first, count in (
                (p.core_first, p.n_core),
                (p.periphery_first, p.n_periphery),
            )
        ]
    )
    np.testing.assert_array_equal(np.sort(ids), np.arange(230_924))


def test_the_shares_of_the_types_of_a_population_sum_to_one():
    types = tables.cell_types()
    assert len(types) == 111
    rows = tables.read_table("populations.csv")
    for population, row in zip(POPULATIONS, rows, strict=True):
        is_member = types.pop_name == population.name
        assert is_member.sum() == int(row["n_node_types"])
        assert tables.type_shares()[is_member].sum() == pytest.approx(1)


def test_cell_parameters_agree_with_the_published_time_constants():
    types = tables.cell_types()
    rows = tables.read_table("glif_params.csv")
    for name, value in (
        ("tau_m", types.C_m / types.g),
        ("rheobase_pA", types.g * (types.V_th - types.E_L)),
    ):
        np.testing.assert_allclose(value, [float(r[name]) for r in rows], rtol=1e-12)
    np.testing.assert_array_equal(
        types.tau_syn, np.tile([5.5, 8.5, 2.8, 5.8], (111, 1))
    )


def test_the_peak_probability_follows_from_the_mean_within_75_um():
    for row in tables.read_table("conn_props_17x17.csv"):
        sigma, r0 = float(row["sigma_um"]), float(row["R0_um"])
        mean = (sigma / r0) ** 2 * (1 - np.exp(-((r0 / sigma) ** 2)))
        peak = min(1, float(row["A_literature"]) / mean)
        assert float(row["A_new"]) == pytest.approx(peak, abs=1e-6)


def test_orientation_factors_average_to_one_and_fall_by_the_published_ratio():
    for (source, target), rule in tables.connection_rules().items():
        at_90 = rule.tuning_intercept + 90 * rule.tuning_slope
        assert (rule.tuning_intercept + at_90) / 2 == pytest.approx(1)
        expected = 1.0
        if source[0] == target[0] == "e":
            expected = 0.8 if "e5" in (source, target) else 0.5
        assert at_90 / rule.tuning_intercept == pytest.approx(expected)


def test_312_population_pairs_connect_as_in_the_published_counts():
    pairs = {
        (source.name, target.name)
        for source in POPULATIONS
        for target in POPULATIONS
        if (source.key, target.key) in tables.connection_rules()
    }
    assert len(pairs) == 312
    assert pairs == set(tables.expected_synapses("core"))
    assert pairs == set(tables.expected_synapses("full"))


def test_weights_have_the_sign_of_their_source_and_every_pair_has_a_delay():
    for (source, _), rule in tables.connection_rules().items():
        assert rule.weight * (1 if source[0] == "e" else -1) > 0
        assert 0.9 <= rule.delay <= 3.8


@pytest.mark.parametrize(
    ("source", "target", "population", "mean_weight"),
    [
        ("e2", "e2", "e23Cux2", 1.81760177681),
        ("e4", "e6", "e6Ntsr1", 87.28516480255999),
        ("i2P", "i2P", "i23Pvalb", -1.2883930306766667),
    ],
)
def test_capacitance_scales_a_weight_to_the_published_mean(
    source, target, population, mean_weight
):
    types = tables.cell_types()
    capacitance = types.C_m[types.pop_name == population].mean()
    weight = tables.connection_rules()[source, target].weight * capacitance
    assert weight == pytest.approx(mean_weight, rel=1e-9)


def test_the_lgn_reaches_86_types_and_the_background_all_populations():
    reached = np.isin(tables.cell_types().pop_name, list(tables.lgn_rules()))
    assert reached.sum() == 86
    assert set(tables.background_rules()) == {p.name for p in POPULATIONS}
    upper = tables.background_rules()["e23Cux2"]
    assert upper.syn_weight * upper.nsyns == pytest.approx(3.977, abs=5e-4)


def test_physiology_is_keyed_by_the_17_groups_of_populations():
    groups = {p.group for p in POPULATIONS}
    assert len(groups) == 17
    assert set(physiology_targets()) == groups
    assert set(column_rates()) == groups
    assert set(rate_bands()) == groups | {"network", "any"}
    assert physiology_targets()["i5Sst"]["np_n"] == 27


def test_the_published_runs_lie_in_the_bands_of_rates():
    bands = rate_bands()
    for group, rates in column_rates().items():
        for run in ("new_dg", "old_dg"):
            assert bands[group].low <= rates[run] <= bands[group].high
