"""Control networks change one feature and nothing else."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import columns_equal, small_network
from v1model.network.controls import (
    random_connectivity,
    random_weights,
    scale_excitatory,
    uniform_types,
)
from v1model.network.data import Synapses

CONTROLS = (
    uniform_types,
    lambda network: uniform_types(network, only_one=True),
    lambda network: random_weights(network, 1),
    lambda network: random_weights(network, 1, keep_signs=False),
    lambda network: random_connectivity(network, 1),
    lambda network: scale_excitatory(network, 2.0),
)


@pytest.fixture(scope="module")
def column():
    """300 neurons, 18,000 synapses, weights with a heavy tail."""
    network = small_network(n=300, seed=2)
    weight = network.recurrent.weight
    return dataclasses.replace(
        network, recurrent=network.recurrent.replace(weight=weight * np.abs(weight))
    )


def sources(network):
    """Whether the source of each synapse is excitatory."""
    return network.is_excitatory[network.recurrent.pre]


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_leave_the_given_network_as_it_is(control):
    network = small_network(n=80)
    control(network)
    assert columns_equal(network, small_network(n=80))


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_touch_neither_positions_nor_inputs(column, control):
    changed = control(column)
    for name in ("type_index", "node_id", "x", "y", "z", "tuning_angle"):
        assert np.array_equal(getattr(changed, name), getattr(column, name))
    assert columns_equal(changed.lgn, column.lgn)
    assert columns_equal(changed.background, column.background)
    assert np.array_equal(changed.pop_name, column.pop_name)


def test_uniform_types_leave_one_model_per_class(column):
    types = uniform_types(column).types
    first = {"e": "e23Cux2", "i": "i23Pvalb"}
    for row, name in enumerate(types.pop_name):
        model = list(column.types.pop_name).index(first[name[0]])
        for field in ("V_th", "E_L", "V_reset", "g", "C_m", "t_ref", "tau_syn", "k"):
            value, expected = getattr(types, field), getattr(column.types, field)
            assert np.array_equal(value[row], expected[model])
        assert np.array_equal(types.asc_amps[row], column.types.asc_amps[model])
    assert np.array_equal(types.node_type_id, column.types.node_type_id)


def test_only_one_type_leaves_one_model(column):
    types = uniform_types(column, only_one=True).types
    assert len(np.unique(types.C_m)) == 1 and len(np.unique(types.asc_amps[:, 1])) == 1


def test_uniform_types_name_the_missing_population(column):
    renamed = np.char.replace(column.types.pop_name, "Cux2", "Other")
    types = dataclasses.replace(column.types, pop_name=renamed)
    with pytest.raises(ValueError, match="'e23Cux2'"):
        uniform_types(dataclasses.replace(column, types=types))


def test_random_weights_keep_mean_and_spread_within_each_class(column):
    changed = random_weights(column, 4)
    for is_member in (sources(column), ~sources(column)):
        old = np.abs(column.recurrent.weight[is_member])
        new = np.abs(changed.recurrent.weight[is_member])
        assert new.mean() == pytest.approx(old.mean(), rel=1e-4)
        assert new.std() == pytest.approx(old.std(), rel=1e-3)
        assert abs(np.corrcoef(old, new)[0, 1]) < 0.05


def test_random_weights_take_their_sign_from_the_source_cell(column):
    weight = column.recurrent.weight.copy()
    weight[::3] = 0  # a weight of zero says nothing about its cell
    silent = dataclasses.replace(
        column, recurrent=column.recurrent.replace(weight=weight)
    )
    changed = random_weights(silent, 4).recurrent.weight
    assert (changed[sources(silent)] >= 0).all()
    assert (changed[~sources(silent)] <= 0).all()
    assert np.count_nonzero(changed) > 0.99 * len(changed)


def test_random_weights_without_signs_mix_them(column):
    new = random_weights(column, 4, keep_signs=False).recurrent.weight
    old = column.recurrent.weight
    assert new.mean() == pytest.approx(old.mean(), abs=0.05 * float(old.std()))
    assert new.std() == pytest.approx(old.std(), rel=0.03)
    assert 0.2 < (new[sources(column)] < 0).mean() < 0.8


@pytest.mark.parametrize("weights", [[5.0], [5.0, 5.0, 5.0], [0.0, 0.0], [0.0, 7.0]])
def test_random_weights_accept_a_handful_of_synapses(column, weights):
    rows = np.flatnonzero(sources(column))[: len(weights)]
    few = column.recurrent.take(rows).replace(weight=np.array(weights))
    changed = random_weights(dataclasses.replace(column, recurrent=few), 0)
    assert changed.recurrent.weight.mean() == pytest.approx(np.mean(weights))


@settings(max_examples=20, deadline=None)
@given(n=st.integers(19, 60), seed=st.integers(0, 1000), sparse=st.booleans())
def test_random_connectivity_keeps_rows_and_classes_and_repeats_no_pair(
    n, seed, sparse
):
    network = small_network(n=n, seed=seed)
    recurrent = network.recurrent
    is_kept = recurrent.pre != recurrent.post
    if sparse:
        is_kept &= np.arange(len(recurrent)) % 10 == 0
    network = dataclasses.replace(network, recurrent=recurrent.take(is_kept))
    changed = random_connectivity(network, seed)

    def rows(of):
        s = of.recurrent
        classes = of.is_excitatory[s.pre], of.is_excitatory[s.post]
        columns = (s.receptor, s.weight, s.delay, *classes)
        return sorted(zip(*(c.tolist() for c in columns), strict=True))

    assert rows(changed) == rows(network)
    pairs = changed.recurrent.pre.astype(int) * n + changed.recurrent.post
    assert len(np.unique(pairs)) == len(pairs)
    assert (changed.recurrent.pre != changed.recurrent.post).all()
    assert changed.recurrent.canonical_order() is None


def test_random_connectivity_forgets_who_was_connected(column):
    def matrix(network):
        dense = np.zeros((300, 300), bool)
        dense[network.recurrent.post, network.recurrent.pre] = True
        return dense

    changed = random_connectivity(column, 3)
    # Pairs are connected in a fifth of all cases, before and after, independently.
    assert (matrix(changed) & matrix(column)).mean() == pytest.approx(0.04, abs=0.004)
    excitatory = changed.recurrent.post[sources(changed)]
    in_degree = np.bincount(excitatory, minlength=300)
    n_sources = column.is_excitatory.sum()
    assert in_degree.std() == pytest.approx(np.sqrt(n_sources * 0.2 * 0.8), rel=0.2)


@pytest.mark.parametrize("density", [0.02, 0.2, 0.6])
def test_random_connectivity_does_not_tie_weights_to_places(column, density):
    rng = np.random.default_rng(0)
    post, pre = np.nonzero(rng.uniform(size=(300, 300)) < density)
    is_inhibitory = ~column.is_excitatory
    recurrent = Synapses(
        post=post,
        pre=pre,
        receptor=is_inhibitory[pre] + 2 * is_inhibitory[post],
        weight=np.where(is_inhibitory[pre], -1, 1) * (1.0 + post),
        delay=np.ones(len(post)),
    )
    network = dataclasses.replace(column, recurrent=recurrent.sorted())
    changed = random_connectivity(network, 1).recurrent
    place = np.abs(changed.weight)
    limit = 5 / np.sqrt(len(place))
    assert abs(np.corrcoef(place, changed.post)[0, 1]) < limit
    assert abs(np.corrcoef(place, changed.pre)[0, 1]) < limit


def test_random_connectivity_draws_autapses_only_if_there_were_some(column):
    s = column.recurrent
    assert (s.pre == s.post).any()
    drawn = [random_connectivity(column, seed).recurrent for seed in range(3)]
    assert any((r.pre == r.post).any() for r in drawn)
    without = dataclasses.replace(column, recurrent=s.take(s.pre != s.post))
    drawn = [random_connectivity(without, seed).recurrent for seed in range(3)]
    assert not any((r.pre == r.post).any() for r in drawn)


def test_random_connectivity_refuses_more_synapses_than_pairs(column):
    s = column.recurrent
    rows = np.flatnonzero(sources(column) & column.is_excitatory[s.post])
    many = s.take(np.resize(rows, 300 * 300))
    with pytest.raises(ValueError, match="90000 synapses from excitatory to excitator"):
        random_connectivity(dataclasses.replace(column, recurrent=many), 0)


def test_scaling_multiplies_the_synapses_of_excitatory_cells(column):
    changed = scale_excitatory(column, 1.5).recurrent
    old = column.recurrent
    expected = np.where(sources(column), 1.5, 1) * old.weight
    assert np.allclose(changed.weight, expected, rtol=1e-6)
    assert np.array_equal(changed.delay, old.delay)
    with pytest.raises(ValueError, match="factor .* got -1"):
        scale_excitatory(column, -1)


@pytest.mark.parametrize("control", [random_weights, random_connectivity])
def test_the_seed_decides_the_draw(column, control):
    first, again, other = (control(column, seed) for seed in (1, 1, 2))
    assert columns_equal(first, again)
    assert not columns_equal(first, other)
