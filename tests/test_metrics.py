"""Metrics against closed forms and direct definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from v1model import metrics

DIRECTIONS = np.arange(8) * 45.0


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (3, 7), (7, 7), (90, 100)])
def test_wilson_interval_is_the_one_of_scipy(successes, trials, confidence):
    expected = stats.binomtest(successes, trials).proportion_ci(confidence, "wilson")
    got = metrics.wilson_interval(successes, trials, confidence)
    np.testing.assert_allclose(got, expected, atol=1e-12)


@given(
    st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
)
def test_wilson_interval_holds_the_proportion_and_stays_within_0_and_1(counts):
    lower, upper = metrics.wilson_interval(*counts)
    assert 0 <= lower <= counts[0] / counts[1] <= upper <= 1
    assert lower < upper


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0), "trials must be positive, got 0"),
        ((5, 4), r"successes must lie in 0..4, got 5"),
        ((-1, 4), "got -1"),
        ((1, 4, 1.0), r"confidence must lie in \(0, 1\), got 1.0"),
    ],
)
def test_wilson_interval_refuses_what_is_no_proportion(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.wilson_interval(*arguments)


def test_accuracy_is_the_share_of_right_answers():
    assert metrics.accuracy([[0, 1], [1, 1]], [[0, 0], [1, 1]]) == 0.75


def test_balanced_accuracy_of_a_constant_answer_is_one_over_the_classes():
    labels = np.array(["a"] * 90 + ["b"] * 9 + ["c"])
    assert metrics.accuracy(labels, np.full(100, "a")) == 0.9
    assert metrics.balanced_accuracy(labels, np.full(100, "a")) == pytest.approx(1 / 3)


def test_balanced_accuracy_is_the_mean_recall():
    labels = [0, 0, 0, 0, 5, 5]
    predictions = [0, 0, 0, 5, 5, 0]
    assert metrics.balanced_accuracy(labels, predictions) == pytest.approx(0.625)


def test_chance_level_is_the_best_constant_answer():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    best = max(metrics.accuracy(labels, np.full(200, answer)) for answer in range(4))
    assert metrics.chance_level(labels) == best


def test_answers_must_exist_and_match():
    with pytest.raises(ValueError, match=r"labels \(2,\) and predictions \(3,\)"):
        metrics.accuracy([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="at least one answer"):
        metrics.balanced_accuracy([], [])
    with pytest.raises(ValueError, match="at least one label"):
        metrics.chance_level([])


def test_mean_rates_are_spikes_over_time_and_cells():
    rng = np.random.default_rng(1)
    spikes = rng.random((3, 500, 6)) < 0.02
    groups = np.array(["i", "e", "e", "i", "e", "x"])
    rates = metrics.mean_rates(spikes, 0.5, groups)
    assert list(rates) == ["e", "i", "x"]
    for name, rate in rates.items():
        n_cells = np.count_nonzero(groups == name)
        n_spikes = spikes[:, :, groups == name].sum()
        assert rate == pytest.approx(n_spikes / (3 * 500 * 0.5e-3) / n_cells)


@pytest.mark.parametrize(
    ("spikes", "dt_ms", "groups", "message"),
    [
        (np.zeros((5, 2)), 1.0, ["a"], r"\(5, 2\) need one group per neuron"),
        (np.zeros((5, 2)), 0.0, ["a", "b"], "dt_ms must be positive, got 0.0"),
        (np.zeros((0, 2)), 1.0, ["a", "b"], "are empty"),
        (-np.ones((5, 2)), 1.0, ["a", "b"], "must not be negative, got -1.0"),
    ],
)
def test_mean_rates_refuse_what_is_no_activity(spikes, dt_ms, groups, message):
    with pytest.raises(ValueError, match=message):
        metrics.mean_rates(spikes, dt_ms, groups)


def test_selectivity_is_the_length_of_the_mean_vector():
    rates = np.random.default_rng(2).gamma(1.0, 5.0, (10, 8))
    for index, harmonic in ((metrics.osi, 2), (metrics.dsi, 1)):
        angle = harmonic * np.deg2rad(DIRECTIONS)
        x, y = (rates * np.cos(angle)).sum(1), (rates * np.sin(angle)).sum(1)
        expected = np.hypot(x, y) / rates.sum(1)
        np.testing.assert_allclose(index(rates, DIRECTIONS), expected)


def test_selectivity_of_model_cells_is_known():
    one_direction = np.eye(8)[3]
    both_directions = one_direction + np.roll(one_direction, 4)
    flat = np.ones(8)
    rates = np.stack([one_direction, both_directions, flat])
    np.testing.assert_allclose(metrics.osi(rates, DIRECTIONS), [1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(metrics.dsi(rates, DIRECTIONS), [1, 0, 0], atol=1e-12)
    cosine = 3 + 3 * np.cos(np.deg2rad(DIRECTIONS))
    assert metrics.dsi(cosine, DIRECTIONS) == pytest.approx(0.5)


@given(st.lists(st.floats(0, 100), min_size=8, max_size=8))
def test_selectivity_lies_between_0_and_1_or_the_cell_is_silent(rates):
    for index in (metrics.osi(rates, DIRECTIONS), metrics.dsi(rates, DIRECTIONS)):
        assert math.isnan(index) if sum(rates) == 0 else 0 <= index <= 1


def test_selectivity_refuses_what_is_no_tuning_curve():
    with pytest.raises(ValueError, match="evenly spaced"):
        metrics.osi(np.ones(3), [0, 10, 20])
    with pytest.raises(ValueError, match="must not be negative, got -1.0"):
        metrics.dsi(-np.ones(8), DIRECTIONS)
    with pytest.raises(ValueError, match="one direction per column"):
        metrics.osi(np.ones(7), DIRECTIONS)
