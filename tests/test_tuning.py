"""Tuning: indices against chance, and preferred angles against known ones."""

import numpy as np
import pytest

from v1model.tuning import MANY_SPIKES, Tuning, alignment, chance_limits

DIRECTIONS = np.arange(8) * 45.0


def tuned(preferred, peak=40.0, gain=1.0):
    """Mean counts (N, 8) of neurons that prefer these directions."""
    turn = np.deg2rad(DIRECTIONS - np.asarray(preferred)[:, None])
    return peak * np.exp(gain * (np.cos(turn) - 1) + gain * (np.cos(2 * turn) - 1))


def test_the_preferred_angles_are_those_of_the_tuning_curve():
    preferred = np.random.default_rng(0).uniform(0, 360, 50)
    tuning = Tuning(tuned(preferred), DIRECTIONS)
    away = (tuning.preferred_direction - preferred + 180) % 360 - 180
    assert np.abs(away).max() < 2
    away = (tuning.preferred_orientation - preferred + 90) % 180 - 90
    assert np.abs(away).max() < 6  # 8 directions are 4 orientations
    both_ways = Tuning([[0, 0, 5, 0, 0, 0, 5, 0]], DIRECTIONS)
    assert both_ways.preferred_orientation == pytest.approx(90)


def test_a_silent_neuron_prefers_nothing_and_is_never_beyond_chance():
    silent = Tuning(np.zeros((2, 8), int), DIRECTIONS)
    for values in (silent.osi, silent.dsi, silent.preferred_direction):
        assert np.isnan(values).all()
    assert not np.any(silent.beyond_chance(np.random.default_rng(0)))
    assert silent.untuned(np.random.default_rng(0)).counts.sum() == 0


@pytest.mark.parametrize("mean", [0.3, 3.0, 30.0, 300.0])
def test_of_untuned_neurons_at_most_5_in_100_pass_their_limit(mean):
    rng = np.random.default_rng(1)
    tuning = Tuning(rng.poisson(mean, (4000, 8)), DIRECTIONS)
    shares = [is_beyond.mean() for is_beyond in tuning.beyond_chance(rng)]
    assert max(shares) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000) + 0.01
    if mean >= 3:  # few spikes have few possible indices, and the limit is careful
        assert min(shares) > 0.03


def test_tuned_neurons_are_beyond_chance():
    rng = np.random.default_rng(2)
    counts = rng.poisson(tuned(rng.uniform(0, 360, 300)))
    for is_beyond in Tuning(counts, DIRECTIONS).beyond_chance(rng):
        assert is_beyond.mean() > 0.99


def test_the_untuned_twin_keeps_the_rates_and_loses_the_preference():
    rng = np.random.default_rng(3)
    tuning = Tuning(rng.poisson(tuned(rng.uniform(0, 360, 2000))), DIRECTIONS)
    twin = tuning.untuned(rng)
    assert twin.counts.mean() == pytest.approx(tuning.counts.mean(), rel=0.01)
    # Rayleigh: the length of the mean vector of n directions is sqrt(pi / n) / 2.
    expected = np.mean(np.sqrt(np.pi / tuning.total) / 2)
    assert np.nanmean(twin.osi) == pytest.approx(expected, rel=0.03)
    assert np.nanmean(twin.osi) < 0.3 * np.nanmean(tuning.osi)


def test_drawn_limits_go_over_into_those_of_rayleigh():
    totals = np.array([MANY_SPIKES - 1, MANY_SPIKES])
    limits = chance_limits(totals, DIRECTIONS, np.random.default_rng(4), draws=40_000)
    for drawn, formula in limits:
        assert drawn == pytest.approx(formula, rel=0.02)
    for low, high in chance_limits([1, 5000], DIRECTIONS, np.random.default_rng(4)):
        assert low == pytest.approx(1)
        assert high == pytest.approx(np.sqrt(np.log(20) / 5000))


def test_alignment_is_that_of_all_pairs_of_neurons():
    rng = np.random.default_rng(5)
    a = rng.uniform(0, 360, 40)
    b = (a + rng.normal(0, 50, 40)) % 360
    first, second = (np.deg2rad(np.subtract.outer(x, x)) for x in (a, b))
    upper = np.triu_indices(40, 1)
    s, t = np.sin(first)[upper], np.sin(second)[upper]
    expected = (s * t).sum() / np.sqrt((s**2).sum() * (t**2).sum())
    assert alignment(a, b).correlation == pytest.approx(expected)


@pytest.mark.parametrize("period", [360.0, 180.0])
@pytest.mark.parametrize("shift", [0.0, 37.0, -60.0])
def test_an_offset_is_found_and_does_not_change_the_correlation(period, shift):
    angles = np.random.default_rng(6).uniform(0, period, 200)
    found = alignment((angles + shift) % period, angles, period)
    assert found == pytest.approx((1, shift, 1), abs=1e-9)
    mirrored = alignment((shift - angles) % period, angles, period)
    assert mirrored.correlation == pytest.approx(-1)
    assert mirrored.concentration < 0.3


def test_impossible_tuning_is_refused_with_its_value():
    with pytest.raises(ValueError, match="evenly spaced"):
        Tuning(np.ones((2, 3)), [0, 10, 20])
    with pytest.raises(ValueError, match="one direction per column"):
        Tuning(np.ones((2, 7)), DIRECTIONS)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        Tuning([[1] * 8, [1] * 7 + [-1]], DIRECTIONS)
    with pytest.raises(ValueError, match="3 pairs of angles, got 2"):
        alignment([1, 2, np.nan], [1, 2, 3])
