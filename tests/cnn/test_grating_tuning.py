"""Tuning of neurons whose preferences are known."""

import numpy as np
import pytest

from v1model.cnn.grating_tuning import grating_tuning, orientation_difference

ORIENTATIONS = np.arange(8) * 22.5
FREQUENCIES = np.array([0.05, 0.1, 0.2])
LAG = 4


def shown(n_bins=24_000, hold=4, seed=0):
    rng = np.random.default_rng(seed)
    n = n_bins // hold
    rows = np.stack(
        [
            rng.choice(ORIENTATIONS, n),
            rng.choice(FREQUENCIES, n),
            rng.integers(0, 8, n) * 45.0,
        ],
        -1,
    )
    return np.repeat(rows, hold, axis=0)


def rates_of(gratings, modulation):
    """Rates at 67.5 degrees, 0.1 cycles, phase 90, modulated by so much."""
    angle = np.deg2rad(gratings[:, 0] - 67.5)
    tuned = np.exp(2 * (np.cos(2 * angle) - 1))
    tuned = tuned * np.where(gratings[:, 1] == 0.1, 1.0, 0.3)
    phase = np.deg2rad(gratings[:, 2] - 90)
    rates = 0.02 + tuned * (1 + modulation * np.cos(phase))
    return np.r_[np.full(LAG, 0.02), rates[:-LAG]]


def judged(modulations=(1.0, 0.0), is_spikes=True):
    gratings = shown()
    rates = np.stack([rates_of(gratings, m) for m in modulations], -1)
    if is_spikes:
        rates = np.random.default_rng(1).poisson(rates)
    runs = np.arange(len(gratings)) // 600
    return grating_tuning(rates, np.ones(rates.shape, bool), gratings, runs)


@pytest.mark.parametrize("is_spikes", [True, False])
def test_preferences_and_modulation_are_those_of_the_neurons(is_spikes):
    found = judged(is_spikes=is_spikes)
    assert (orientation_difference(found.orientation, 67.5) < 4).all()
    np.testing.assert_array_equal(found.frequency, 0.1)
    np.testing.assert_allclose(found.f1_f0, [0.98, 0.0], atol=0.12)
    assert orientation_difference(found.phase[0] / 2, 45) < 5
    # The grating stays for four bins, so that later lags are as good.
    assert ((found.peak_lag >= LAG - 3) & (found.peak_lag <= LAG)).all()


def test_selectivity_is_the_length_of_the_mean_vector():
    tuned = 0.02 + np.exp(2 * (np.cos(2 * np.deg2rad(ORIENTATIONS - 67.5)) - 1))
    vector = tuned @ np.exp(2j * np.deg2rad(ORIENTATIONS))
    found = judged(is_spikes=False)
    assert found.osi[1] == pytest.approx(abs(vector) / tuned.sum(), abs=0.03)


def test_masked_bins_change_nothing_and_silent_neurons_prefer_nothing():
    gratings = shown()
    rates = np.stack([rates_of(gratings, 1.0)] * 3, -1)
    mask = np.random.default_rng(2).random(rates.shape) < 0.6
    rates[:, 1] = 0
    mask[:, 2] = False
    runs = np.arange(len(gratings)) // 600
    found = grating_tuning(np.where(mask, rates, np.nan), mask, gratings, runs)
    assert orientation_difference(found.orientation[0], 67.5) < 4
    assert np.isnan([found.orientation[1:], found.peak_lag[1:]]).all()


def test_responses_of_another_trial_do_not_count():
    """With trials of one grating, which a response that late never belongs to."""
    gratings = shown()
    rates = rates_of(gratings, 0.0)[:, None]
    runs = np.arange(len(gratings)) // LAG
    found = grating_tuning(rates, np.ones(rates.shape, bool), gratings, runs)
    assert np.nanstd(found.tuning) < 0.02
    whole = grating_tuning(rates, np.ones(rates.shape, bool), gratings, 0 * runs)
    assert np.nanstd(whole.tuning) > 0.1


def test_orientations_are_half_a_circle():
    assert orientation_difference(175, 5) == 10
    assert orientation_difference(90, 0) == 90


def test_movies_without_gratings_are_refused():
    with pytest.raises(ValueError, match="no grating"):
        grating_tuning(np.ones((9, 1)), np.ones((9, 1)), np.zeros((9, 3)), np.zeros(9))
    with pytest.raises(ValueError, match=r"\(T, 3\)"):
        grating_tuning(np.ones((9, 1)), np.ones((9, 1)), np.zeros((9, 2)), np.zeros(9))
