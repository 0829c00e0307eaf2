"""Bars and dots of the populations add up to the spikes of the trial."""

import collections

import numpy as np
import pytest

from tests.visualization.trials import made_up, words_of
from v1model.network import build_column, neurons_of
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.trial.populations import (
    LEAST,
    population_activity,
    population_rates,
    type_bars,
)


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(build_column(500, seed=1))


def bars_of(axes):
    """Height of each bar by its place."""
    heights = {
        segment[0][0]: segment[1][1]
        for lines in axes.collections
        if hasattr(lines, "get_segments")
        for segment in lines.get_segments()
    }
    circles = {
        x: 0.0
        for points in axes.collections
        if not hasattr(points, "get_segments")
        for x in points.get_offsets()[:, 0]
    }
    assert not set(heights) & set(circles)
    return {**heights, **circles}


def test_a_bar_is_as_high_as_its_type_has_spikes_and_hertz(neurons):
    trial = made_up(500, n_steps=400)
    counts, rates, _ = population_activity(trial, neurons).axes
    expected = collections.Counter(neurons.node_type_id[trial.spike_neuron].tolist())
    sizes = collections.Counter(neurons.node_type_id.tolist())
    types = type_bars(neurons)
    assert sorted(types.type_id) == sorted(sizes)
    spikes, hertz = bars_of(counts), bars_of(rates)
    assert len(spikes) == len(hertz) == len(sizes)
    assert sum(spikes.values()) == len(trial.spike_step)
    for place, type_id in zip(types.x, types.type_id.tolist(), strict=True):
        assert spikes[place] == expected[type_id]
        rate = expected[type_id] / sizes[type_id] / 0.4
        assert hertz[place] == pytest.approx(rate)
    silent = len(sizes) - len(expected)
    assert any(f"{silent} of them silent" in words for words in words_of(counts.figure))


def test_types_stand_from_the_pia_down_by_class_in_its_colour(neurons):
    types = type_bars(neurons)
    assert np.all(np.diff(types.group) >= 0) and np.all(np.diff(types.x) >= 1)
    np.testing.assert_array_equal(types.type_id[types.index], neurons.node_type_id)
    np.testing.assert_array_equal(types.size, np.bincount(types.index))
    for name, group, colour in zip(types.name, types.group, types.colours, strict=True):
        assert name.startswith(ROUGH_POPULATIONS[group])
        assert colour == style.colour_of(name)


def test_rates_of_populations_are_means_over_their_neurons(neurons):
    trial = made_up(500)
    found = population_rates(trial, neurons)
    assert found["network"] == pytest.approx(len(trial.spike_step) / 500 / 0.2)
    for name, rate in found.items():
        if name != "network":
            members = np.char.startswith(neurons.pop_name.astype(str), name)
            expected = trial.spike_counts[members].sum() / members.sum() / 0.2
            assert rate == pytest.approx(expected)
    shown = words_of(population_activity(trial, neurons))
    assert any(words.startswith(f"{found['e5']:.2f}") for words in shown)


def test_the_bars_of_runaway_activity_end_within_their_panels(neurons):
    for axes in population_activity(made_up(500, "runaway"), neurons).axes[:2]:
        low, high = axes.get_ylim()
        assert low in (0, LEAST) and max(bars_of(axes).values()) < high


def test_without_neurons_rates_are_drawn_by_number():
    trial = made_up(300)
    by_number, spread = population_activity(trial).axes
    rates, edges, _ = by_number.patches[0].get_data()
    n_spikes = np.sum(
        [
            rate * len(range(int(np.ceil(a)), int(np.ceil(b))))
            for rate, a, b in zip(rates, edges, edges[1:], strict=False)
        ]
    )
    assert n_spikes * 0.2 == pytest.approx(len(trial.spike_step))
    neurons_of_bin, edges, _ = spread.patches[0].get_data()
    assert neurons_of_bin.sum() == 300
    assert neurons_of_bin[0] == np.sum(trial.spike_counts == 0)
