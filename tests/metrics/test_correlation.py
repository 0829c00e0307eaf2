"""Correlations beside NumPy's, and normalised ones beside simulated repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from v1model import metrics
from v1model.metrics.correlation import smoothed


def simulated(seed=0, n_bins=400, n_neurons=3):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.0, 1.0, (n_bins, n_neurons))
    return rng.poisson(rates), rates, rng.random(rates.shape) < 0.7


def repeated(n_repeats=20, n_stimuli=400, seed=0):
    """Counts (R, S, N) of repeats, and their true rates (S, N)."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.0, 1.0, (n_stimuli, 4)) * [0.5, 1, 2, 4]
    return rng.poisson(rates, (n_repeats, *rates.shape)).astype(float), rates


@given(st.integers(0, 50))
@settings(deadline=None, max_examples=15)
def test_correlation_is_pearsons_of_the_bins_that_count(seed):
    counts, rates, mask = simulated(seed)
    expected = [
        stats.pearsonr(counts[m, n], rates[m, n]).statistic
        for n, m in enumerate(mask.T)
    ]
    hidden = np.where(mask, rates, np.nan)
    np.testing.assert_allclose(metrics.correlation(counts, hidden, mask), expected)


@given(st.integers(1, 399), st.floats(0.01, 100), st.floats(0, 10))
@settings(deadline=None, max_examples=20)
def test_it_knows_neither_scale_nor_offset_nor_chunks(cut, gain, offset):
    counts, rates, mask = simulated()
    whole = metrics.correlation(counts, rates, mask)
    rescaled = metrics.correlation(counts, gain * rates + offset, mask)
    np.testing.assert_allclose(rescaled, whole, rtol=1e-6)
    parts = [
        metrics.pair_moments(counts[own], rates[own], mask[own])
        for own in (slice(cut), slice(cut, None))
    ]
    np.testing.assert_allclose(parts[0].merged(parts[1]).correlation(), whole)


def test_a_constant_prediction_correlates_by_0_and_constant_counts_are_not_judged():
    counts, rates, _ = simulated()
    flat = np.full_like(rates, 0.1)
    np.testing.assert_array_equal(metrics.correlation(counts, flat), 0)
    np.testing.assert_array_equal(metrics.smoothed_correlation(counts, flat), 0)
    assert np.isnan(metrics.correlation(0 * counts, rates)).all()
    assert np.isnan(metrics.correlation(0 * counts, flat)).all()
    assert np.isnan(metrics.correlation(counts, rates, np.zeros(len(rates), bool)))[0]


def test_smoothing_keeps_constants_leaves_gaps_out_and_stays_in_its_trial():
    _, _, mask = simulated()
    flat = smoothed(np.where(mask, 3.0, np.nan), mask, 2)
    np.testing.assert_allclose(flat[mask], 3)
    impulse = np.zeros((20, 1))
    impulse[9] = 1
    runs = np.repeat([0, 1], 10)
    own = smoothed(impulse, np.ones_like(impulse, bool), 1, runs)[:, 0]
    assert own[9] > own[8] > own[7] > 0 and (own[10:] == 0).all()


@pytest.mark.parametrize("n_bins", [3, 60])
def test_smoothing_is_scipys_where_nothing_is_missing(n_bins):
    values = np.random.default_rng(0).random((n_bins, 2))
    mask = np.ones(values.shape, bool)
    sums, weights = (
        ndimage.gaussian_filter1d(x * 1.0, 1.5, axis=0, mode="constant")
        for x in (values, mask)
    )
    np.testing.assert_allclose(smoothed(values, mask, 1.5), sums / weights)


def test_smoothing_brings_out_slow_rates():
    t = np.arange(4000)
    rates = 0.1 * (1 + np.sin(t / 20))[:, None]
    counts = np.random.default_rng(0).poisson(rates)
    by_width = [
        metrics.smoothed_correlation(counts, rates, sd_bins=sd)[0] for sd in (0, 1, 2)
    ]
    assert by_width[0] == pytest.approx(metrics.correlation(counts, rates)[0])
    assert by_width[0] < by_width[1] < by_width[2]


@pytest.mark.parametrize("ceiling", ["analytic", "halves"])
def test_true_rates_have_a_normalised_correlation_of_one(ceiling):
    counts, rates = repeated()
    counts[15:, ::3] = np.nan  # some stimuli have fewer repeats
    found = metrics.normalized_correlation(counts, rates, ceiling)
    np.testing.assert_allclose(found.cc_norm, 1, atol=0.02)
    noisy = rates + np.random.default_rng(1).normal(0, rates.std(0), rates.shape)
    truth = [np.corrcoef(r, p)[0, 1] for r, p in zip(rates.T, noisy.T, strict=True)]
    found = metrics.normalized_correlation(counts, noisy, ceiling)
    np.testing.assert_allclose(found.cc_norm, truth, atol=0.04)
    assert found.n_left_out == 0


def test_the_analytic_form_is_that_of_schoppe():
    """CC_norm = Cov(ybar, r) / sqrt(Var(r) SP)."""
    counts, rates = repeated(6, 60)
    prediction = rates + 0.3
    found = metrics.normalized_correlation(counts, prediction).cc_norm
    for n in range(4):
        covariance = np.cov(counts[..., n].mean(0), prediction[:, n])
        power = metrics.signal_power(counts[..., n])
        expected = covariance[0, 1] / np.sqrt(covariance[1, 1] * power)
        assert found[n] == pytest.approx(expected)


def test_neurons_without_signal_are_left_out_and_counted():
    counts, rates = repeated()
    counts[..., 1] = np.random.default_rng(2).poisson(1, counts.shape[:2])
    found = metrics.normalized_correlation(counts, rates)
    assert found.n_left_out == 1 and np.isnan(found.cc_norm[1])
    assert np.isfinite(found.cc_abs).all()


def test_the_average_of_repeats_is_what_the_average_prediction_is_compared_with():
    counts, rates = repeated(5, 80)
    predictions = rates + np.random.default_rng(3).normal(size=counts.shape)
    found = metrics.correlation_to_average(counts, predictions)
    expected = [
        np.corrcoef(counts[..., n].mean(0), predictions[..., n].mean(0))[0, 1]
        for n in range(4)
    ]
    np.testing.assert_allclose(found, expected)


def test_feve_is_one_for_the_truth_and_zero_for_the_mean():
    counts, rates = repeated(30, 3000)
    feve, fev = metrics.explainable_variance_explained(counts, rates)
    np.testing.assert_allclose(feve, 1, atol=0.02)
    np.testing.assert_allclose(
        fev, rates.var(0) / (rates.var(0) + rates.mean(0)), atol=0.02
    )
    mean = np.broadcast_to(counts.mean((0, 1)), rates.shape)
    flat, _ = metrics.explainable_variance_explained(counts, mean)
    np.testing.assert_allclose(flat, 0, atol=0.02)


def test_feve_of_half_the_signal_is_the_share_of_it():
    counts, rates = repeated(30, 3000)
    half = rates.mean(0) + 0.5 * (rates - rates.mean(0))
    feve, _ = metrics.explainable_variance_explained(counts, half)
    np.testing.assert_allclose(feve, 0.75, atol=0.02)


def test_unknown_ceilings_and_shapes_are_refused():
    counts, rates = repeated(3, 10)
    with pytest.raises(ValueError, match="ceiling must be one of .* got 'best'"):
        metrics.normalized_correlation(counts, rates, "best")
    with pytest.raises(ValueError, match=r"must be \(R, S, N\)"):
        metrics.normalized_correlation(counts, rates[:-1])
