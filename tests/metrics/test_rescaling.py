"""Rescaled rates beside simulated truths and SciPy's optimiser."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from v1model import metrics


def simulated(gain, offset, seed=0, n_bins=4000, n_neurons=3):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.0, 0.3, (n_bins, n_neurons))
    counts = rng.poisson(gain * rates + offset)
    return counts, rates, np.arange(n_bins) // 100


def best_by_scipy(y, r):
    """Largest log likelihood of g r + o that is positive everywhere, g from 0 on."""
    floor = min(r.min(), 1e-3 * y.mean())

    def loss(x):
        gain, lowest = np.abs(x)
        rate = gain * (r - r.min()) + max(lowest, floor)
        return -(y * np.log(rate) - rate).sum()

    starts = ((1, 0.1), (0.3, 0.3), (2, 0.01), (0.01, y.mean()))
    found = [optimize.minimize(loss, x, method="Nelder-Mead", tol=1e-9) for x in starts]
    return -min(one.fun for one in found)


def test_gain_and_offset_are_recovered():
    """The published routine leaves the offset at 0 here, and with it all the bits."""
    counts, rates, trials = simulated(0.6, 0.05, n_bins=60_000)
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    np.testing.assert_allclose(found.gain, 0.6, atol=0.03)
    np.testing.assert_allclose(found.offset, 0.05, atol=0.01)
    truth = metrics.bits_per_spike(counts, 0.6 * rates + 0.05)
    np.testing.assert_allclose(found.bits_affine, truth, atol=0.002)
    assert (found.bits_affine > found.bits_raw + 0.02).all()
    np.testing.assert_allclose(found.gain_gap, found.bits_affine - found.bits_raw)


@given(st.integers(0, 1000), st.floats(0, 3), st.floats(-0.05, 0.5))
@settings(deadline=None, max_examples=15)
def test_the_fit_is_the_best_there_is(seed, gain, offset):
    rng = np.random.default_rng(seed)
    rates = 0.06 + rng.gamma(0.7, 0.4, (500, 3))
    counts = rng.poisson(np.maximum(gain * rates + offset, 0.01))
    found = metrics.affine_rescaled(counts, rates)
    for n in np.flatnonzero(counts.any(axis=0)):
        expected = best_by_scipy(counts[:, n], rates[:, n])
        rate = found.gain[n] * rates[:, n] + found.offset[n]
        value = (counts[:, n] * np.log(rate) - rate).sum()
        assert rate.min() > 0 and found.gain[n] >= 0
        assert value > expected - 1e-5 * (1 + counts[:, n].sum())


def test_rates_that_were_right_gain_nothing():
    counts, rates, trials = simulated(1.0, 0.0, n_bins=20_000)
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    np.testing.assert_allclose(found.gain_gap, 0, atol=0.003)


def test_no_trial_is_judged_by_a_fit_to_itself():
    """Two numbers fitted to 300 spikes cost bits; judged on themselves they gain."""
    counts, rates, trials = simulated(1.0, 0.0, n_bins=1000, n_neurons=100)
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    assert -0.02 < found.gain_gap.mean() < -0.001


def test_a_fit_to_silent_trials_knows_nothing_of_the_spikes_of_the_others():
    """It says half a spike in a thousand, however many there are in the other trial."""
    n_bins, rates = 100, np.random.default_rng(0).uniform(0.2, 1, (100, 1))
    both, trials = np.concatenate([rates, rates]), np.repeat([0, 1], n_bins)
    for n_spikes in (3, 60):
        counts = np.zeros((2 * n_bins, 1), int)
        counts[:n_bins:2, 0] = np.random.default_rng(1).multinomial(
            n_spikes, np.full(n_bins // 2, 2 / n_bins)
        )
        floor = 1e-3 * 0.5 / n_bins
        own = n_spikes * np.log(floor) - n_bins * floor
        other = -n_spikes  # the fit to all spikes expects as many in the silent trial
        null = n_spikes * np.log(n_spikes / (2 * n_bins)) - n_spikes
        found = metrics.affine_rescaled(counts, both, trials=trials)
        expected = (own + other - null) / np.log(2) / n_spikes
        np.testing.assert_allclose(found.bits_affine, expected, rtol=1e-6)


@given(st.floats(0.05, 20))
@settings(deadline=None, max_examples=10)
def test_bits_do_not_depend_on_the_scale_of_the_rates(scale):
    counts, rates, trials = simulated(0.6, 0.05, n_bins=1000)
    own, other = (
        metrics.affine_rescaled(counts, s * rates, trials=trials) for s in (1.0, scale)
    )
    np.testing.assert_allclose(own.bits_affine, other.bits_affine, atol=1e-6)
    np.testing.assert_allclose(own.bits_gain, other.bits_gain, atol=1e-6)


def test_a_gain_alone_is_the_ratio_of_the_sums_of_the_other_trials():
    counts, rates, _ = simulated(0.6, 0.0, n_bins=400, n_neurons=1)
    trials = np.repeat([0, 1], 200)
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    rescaled = rates.copy()
    for own, other in ((slice(200), slice(200, None)), (slice(200, None), slice(200))):
        rescaled[own] *= counts[other].sum() / rates[other].sum()
    expected = metrics.bits_per_spike(counts, rescaled)
    np.testing.assert_allclose(found.bits_gain, expected)


def test_masked_bins_and_other_neurons_change_nothing():
    counts, rates, trials = simulated(0.6, 0.05, n_bins=2000)
    mask = np.random.default_rng(1).random(counts.shape) < 0.7
    whole = metrics.affine_rescaled(counts, np.where(mask, rates, np.nan), mask, trials)
    for n in range(3):
        m = mask[:, n]
        alone = metrics.affine_rescaled(counts[m, n], rates[m, n], trials=trials[m])
        np.testing.assert_allclose(
            [x[n] for x in whole], [x[0] for x in alone], rtol=1e-5, atol=1e-8
        )


def test_rates_that_point_the_wrong_way_become_constant():
    counts, rates, trials = simulated(1.0, 0.0)
    found = metrics.affine_rescaled(counts, rates.max() - rates, trials=trials)
    np.testing.assert_allclose(found.gain, 0, atol=1e-9)
    np.testing.assert_allclose(found.bits_affine, 0, atol=0.003)
    np.testing.assert_allclose(found.offset, counts.mean(0), rtol=1e-6)


def test_neurons_without_spikes_or_with_constant_rates_do_no_harm():
    counts, rates, trials = simulated(0.6, 0.05)
    counts[:, 0] = 0
    rates[:, 1] = 0.2
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    assert np.isnan([x[0] for x in found]).all()
    assert found.bits_affine[1] == pytest.approx(0, abs=0.006)
    assert np.isfinite([x[2] for x in found]).all()


def test_one_trial_is_too_few():
    counts, rates, trials = simulated(1.0, 0.0)
    with pytest.raises(ValueError, match="at least two trials, got 1"):
        metrics.affine_rescaled(counts, rates, trials=np.zeros_like(trials))


def test_two_hundred_neurons_take_a_second():
    counts, rates, trials = simulated(0.2, 0.02, n_bins=12_000, n_neurons=200)
    start = time.process_time()  # of this process, whatever others do
    found = metrics.affine_rescaled(counts, rates, trials=trials)
    assert time.process_time() - start < 10  # 0.6 s on a quiet core
    np.testing.assert_allclose(np.median(found.gain), 0.2, atol=0.01)
