"""Saccades that were put in, and responses around them."""

import numpy as np
import pytest

from v1model.cnn.saccades import (
    SaccadeResponses,
    curve_correlation,
    find_saccades,
    saccade_responses,
)

HZ = 100.0


def moved(starts, n_bins=2000, speed=100.0, length=3):
    velocity = np.full((n_bins, 2), 1.0)
    for start in np.atleast_1d(starts):
        velocity[start : start + length] = speed
    return velocity


def responses(starts, n_bins=4000):
    """A signal of 1 that halves for 50 ms after each saccade and doubles at 120 ms."""
    signal = np.ones((n_bins, 2))
    for start in starts:
        signal[start : start + 5] = 0.5
        signal[start + 12] = 2.0
    return signal


def test_saccades_are_found_where_they_begin():
    starts = np.arange(30, 1900, 25)
    np.testing.assert_array_equal(find_saccades(moved(starts), HZ), starts[1:-1])


def test_overshoots_and_neighbours_that_are_too_near_or_far_are_left_out():
    starts = np.array([100, 130, 160, 165, 190, 300, 330, 338, 360, 390])
    found = find_saccades(moved(starts), HZ)
    # 165 is an overshoot of 160; 190 and 300 are too far apart; 330 and 338 too near.
    np.testing.assert_array_equal(found, [130, 160, 360])


def test_a_movement_that_is_too_fast_for_its_size_is_none():
    starts = np.arange(30, 1900, 25)
    velocity = moved(starts) + np.random.default_rng(0).normal(0, 0.5, (2000, 2))
    velocity[starts[10] : starts[10] + 3] = [[900, 0], [31, 0], [31, 0]]
    assert starts[10] not in find_saccades(velocity, HZ)


def test_no_movement_is_no_saccade():
    assert find_saccades(np.full((100, 2), np.nan), HZ).size == 0


def test_suppression_and_rebound_are_those_that_were_put_in():
    starts = np.arange(50, 3900, 60)
    signal = responses(starts)
    mask = np.ones(signal.shape, bool)
    found = saccade_responses(signal, mask, starts, HZ)
    assert found.n_saccades == len(starts)
    np.testing.assert_allclose(found.baseline, 1)
    np.testing.assert_allclose(found.suppression_depth, 0.5, atol=0.02)
    np.testing.assert_allclose(found.rebound_ms, 120)
    assert found.means[0, found.times_ms == 0] == 0.5
    assert found.means[0, found.times_ms == -10] == 1


def test_the_suppression_of_few_spikes_is_that_of_their_rate():
    starts = np.arange(50, 39900, 60)
    rates = 0.03 * responses(starts, 40_000)
    spikes = np.random.default_rng(0).poisson(np.repeat(rates[:, :1], 40, axis=1))
    found = saccade_responses(spikes, np.ones(spikes.shape, bool), starts, HZ)
    assert found.suppression_depth.mean() == pytest.approx(0.5, abs=0.05)


def test_smoothed_curves_keep_gaps_and_constants():
    times = np.arange(-20, 41) * 10.0
    means = np.full((2, 61), 3.0)
    means[1, 30:33] = np.nan
    found = SaccadeResponses(times, means, 12).smooth
    np.testing.assert_allclose(found, means)


def test_masked_bins_and_other_trials_do_not_count():
    starts = np.arange(50, 3900, 60)
    signal = responses(starts)
    mask = np.random.default_rng(0).random(signal.shape) < 0.7
    runs = (np.arange(len(signal)) - 30) // 60  # a saccade is 20 bins into its trial
    hidden = np.where(mask, signal, np.nan)
    found = saccade_responses(hidden, mask, starts, HZ, 300, 300, runs)
    is_inside = (found.times_ms >= -200) & (found.times_ms < 300)
    assert np.isnan(found.means[:, found.times_ms < -200]).all()
    whole = saccade_responses(signal, np.ones_like(mask), starts, HZ, 300, 300)
    np.testing.assert_allclose(
        found.means[:, is_inside], whole.means[:, is_inside], atol=1e-9
    )


def test_curves_of_the_same_shape_correlate_whatever_their_scale():
    starts = np.arange(50, 3900, 60)
    signal = responses(starts)
    mask = np.ones(signal.shape, bool)
    one, other = (
        saccade_responses(x, mask, starts, HZ) for x in (signal, 3 * signal + 1)
    )
    np.testing.assert_allclose(curve_correlation(one, other), 1)


def test_few_saccades_are_refused():
    signal = np.ones((100, 1))
    with pytest.raises(ValueError, match="10 saccades or more, got 2"):
        saccade_responses(signal, signal > 0, [10, 20], HZ)
