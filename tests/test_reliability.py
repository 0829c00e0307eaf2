"""Noise ceilings beside closed forms, their literature and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model import metrics

RNG = np.random.default_rng(0)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers():
    """Every test draws the same numbers, whichever ran before."""
    RNG.bit_generator.state = START


def drawn(n_repeats, n_stimuli, n_units, signal, noise, rng=RNG):
    """Normal responses with these standard deviations, and the true ones."""
    truth = rng.normal(5, signal, (n_stimuli, n_units))
    noises = rng.normal(0, noise, (n_repeats, n_stimuli, n_units))
    return truth + noises, truth


def schoppe_2016(responses):
    """CC_max of one unit (R, S), as the publication writes it."""
    n = len(responses)
    of_sum = np.var(responses.sum(axis=0), ddof=1)
    signal = (of_sum - np.var(responses, axis=1, ddof=1).sum()) / (n * (n - 1))
    return np.sqrt(signal / np.var(responses.mean(axis=0), ddof=1))


def test_powers_are_unbiased():
    responses, _ = drawn(3, 6, 20_000, signal=2.0, noise=3.0)
    assert metrics.signal_power(responses).mean() == pytest.approx(4, rel=0.03)
    assert metrics.noise_power(responses).mean() == pytest.approx(9, rel=0.03)


def test_powers_are_unbiased_where_repeats_are_missing():
    responses, _ = drawn(6, 8, 20_000, signal=2.0, noise=3.0)
    n = RNG.integers(2, 7, (8, 1))
    responses = np.where(np.arange(6)[:, None, None] < n, responses, np.nan)
    assert metrics.signal_power(responses).mean() == pytest.approx(4, rel=0.03)
    assert metrics.noise_power(responses).mean() == pytest.approx(9, rel=0.03)


def test_poisson_neurons_have_the_powers_of_their_rates():
    rates = RNG.gamma(2, 3, 400)
    counts = RNG.poisson(rates, (50, 400)).astype(float)
    assert metrics.noise_power(counts) == pytest.approx(rates.mean(), rel=0.05)
    variance = rates.var(ddof=1)
    assert metrics.signal_power(counts) == pytest.approx(variance, rel=0.05)
    share = variance / (variance + rates.mean())
    assert metrics.explainable_variance(counts) == pytest.approx(share, abs=0.02)


def test_cc_max_is_the_correlation_of_the_means_with_the_truth():
    responses, truth = drawn(5, 5000, 4, signal=1.0, noise=2.0)
    means = responses.mean(axis=0)
    true = [np.corrcoef(means[:, u], truth[:, u])[0, 1] for u in range(4)]
    np.testing.assert_allclose(metrics.cc_max(responses), true, atol=0.02)
    np.testing.assert_allclose(true, 1 / np.sqrt(1 + 4 / 5), atol=0.02)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 12), st.integers(30, 80), st.integers(0, 99))
def test_cc_max_is_that_of_schoppe_for_repeats_without_identity(n, n_stimuli, seed):
    """Their repeats are whole runs, whose offsets do not count as noise."""
    rng = np.random.default_rng(seed)
    responses, _ = drawn(n, n_stimuli, 1, 2.0, 1.0, rng)
    level = responses.mean(axis=(0, 1)) - responses.mean(axis=1, keepdims=True)
    runs = (responses + level)[..., 0]
    # Without offsets they have S - 1 degrees of freedom per repeat, where we have S.
    assert metrics.cc_max(runs) == pytest.approx(
        schoppe_2016(runs), abs=0.5 / n_stimuli
    )


def test_split_halves_agree_with_the_analytic_ceiling():
    responses, _ = drawn(20, 3000, 3, signal=1.0, noise=2.0)
    reliability = metrics.split_half_reliability(responses, seed=0)
    np.testing.assert_allclose(
        np.sqrt(reliability), metrics.cc_max(responses), atol=0.01
    )
    np.testing.assert_allclose(reliability, 1 / (1 + 4 / 20), atol=0.02)


def test_the_ceiling_of_hsu_is_the_root_of_the_corrected_reliability():
    half = np.linspace(0.05, 1, 20)
    hsu_2004 = np.sqrt(2 / (1 + np.sqrt(1 / half**2)))
    np.testing.assert_allclose(np.sqrt(metrics.spearman_brown(half)), hsu_2004)


def test_split_halves_use_all_repeats_that_are_there():
    responses, _ = drawn(9, 400, 2, signal=2.0, noise=1.0)
    is_missing = RNG.random(responses.shape) < 0.3
    gapped = np.where(is_missing, np.nan, responses)
    whole, parts = (
        metrics.split_half_correlation(r, seed=1) for r in (responses, gapped)
    )
    assert (parts > 0.8 * whole).all() and (parts < whole).all()


def test_of_an_odd_number_of_repeats_one_is_left_out():
    responses = np.repeat(RNG.uniform(1, 9, 30)[None], 5, axis=0)
    responses[RNG.integers(2, 6, 30) <= np.arange(5)[:, None]] = np.nan
    assert metrics.split_half_correlation(responses, 0) == pytest.approx(1)


def test_units_do_not_depend_on_each_other():
    responses, _ = drawn(6, 20, 3, 1.0, 1.0)
    responses[2:, 4, 1] = np.nan
    for measure in (
        metrics.signal_power,
        metrics.noise_power,
        metrics.explainable_variance,
        metrics.cc_max,
        lambda r: metrics.split_half_reliability(r, seed=3),
    ):
        alone = [measure(responses[..., u]) for u in range(3)]
        np.testing.assert_allclose(measure(responses), alone)


def test_responses_without_noise_are_fully_explained():
    responses = np.repeat(np.arange(5.0)[None], 4, axis=0)
    assert metrics.explainable_variance(responses) == 1
    assert metrics.cc_max(responses) == 1
    assert metrics.split_half_reliability(responses, 0) == pytest.approx(1)
    assert metrics.noise_power(responses) == 0


def test_a_unit_that_never_varied_has_no_ceiling():
    silent = np.zeros((4, 5))
    for value in (
        metrics.explainable_variance(silent),
        metrics.cc_max(silent),
        metrics.split_half_correlation(silent, 0),
    ):
        assert np.isnan(value)


def test_noise_alone_is_explained_by_nothing():
    responses, _ = drawn(10, 40, 2000, signal=0.0, noise=1.0)
    assert abs(metrics.signal_power(responses).mean()) < 0.002
    assert (metrics.cc_max(responses) == 0).mean() == pytest.approx(0.55, abs=0.06)
    halves = metrics.split_half_correlation(responses, 0)
    assert abs(halves.mean()) < 0.01


def test_single_repeats_have_no_known_noise():
    responses, _ = drawn(1, 20, 2, 1.0, 1.0)
    assert np.isnan(metrics.noise_power(responses)).all()
    assert np.isnan(metrics.cc_max(responses)).all()


def test_one_axis_is_refused():
    with pytest.raises(ValueError, match=r"repeats, stimuli, \.\.\.\), got shape \(4,"):
        metrics.signal_power(np.zeros(4))
    with pytest.raises(ValueError, match="n_splits must be at least 1"):
        metrics.split_half_correlation(np.zeros((4, 2)), 0, n_splits=0)


def test_poisson_counts_have_a_fano_factor_of_one_and_bursts_more():
    counts = RNG.poisson(4.0, (4000, 3)).astype(float)
    np.testing.assert_allclose(metrics.fano_factor(counts), 1, atol=0.08)
    np.testing.assert_allclose(metrics.fano_factor(3 * counts), 3, atol=0.24)


def test_the_fano_factor_leaves_out_what_is_missing():
    counts = np.array([[1.0, 2, 0, 5], [3, np.nan, 0, np.nan], [np.nan, 4, 0, np.nan]])
    expected = [1.0, 2 / 3, np.nan, np.nan]
    np.testing.assert_allclose(metrics.fano_factor(counts), expected)


@given(st.integers(2, 100), st.floats(0.01, 100))
def test_sparseness_is_zero_for_equal_and_one_for_single_answers(k, rate):
    for index in (metrics.lifetime_sparseness, metrics.class_selectivity):
        assert index(np.full(k, rate)) == pytest.approx(0, abs=1e-6)
        assert index(np.eye(k)[0] * rate) == pytest.approx(1)
        assert np.isnan(index(np.zeros(k)))


def test_sparseness_of_exponential_rates_is_a_half():
    """mean(r)^2 / mean(r^2) of an exponential distribution is 1 / 2."""
    rates = RNG.exponential(3.0, (5, 200_000))
    np.testing.assert_allclose(metrics.lifetime_sparseness(rates), 0.5, atol=0.01)


def test_class_selectivity_is_the_contrast_of_best_and_others():
    assert metrics.class_selectivity([6.0, 1.0, 3.0]) == pytest.approx(4 / 8)


@pytest.mark.parametrize("rates", [[1.0, -1.0], [1.0]])
def test_impossible_rates_are_refused(rates):
    for index in (metrics.lifetime_sparseness, metrics.class_selectivity):
        with pytest.raises(ValueError, match="rates"):
            index(rates)
