"""Losses of rates against SciPy and TensorFlow Probability, and their masks."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.cnn.losses import (
    Moments,
    correlation_loss,
    correlation_moments,
    full_mask,
    poisson_terms,
    rate_weights,
)

RNG = np.random.default_rng(11)
SHAPE = (4, 30, 5)
RATES = RNG.gamma(2, 0.2, SHAPE).astype(np.float32)
COUNTS = RNG.poisson(RATES).astype(np.float32)
MASK = RNG.random(SHAPE) < 0.7


def test_the_poisson_loss_is_the_negative_log_likelihood_but_for_log_factorials():
    terms = poisson_terms(COUNTS, tf.constant(RATES))
    likelihood = tfp.distributions.Poisson(RATES.astype(np.float64)).log_prob(COUNTS)
    constant = tf.math.lgamma(COUNTS.astype(np.float64) + 1)
    expected = -tf.reduce_mean(likelihood + constant)
    np.testing.assert_allclose(terms.mean(), expected, rtol=1e-5)
    scipy_says = -scipy.stats.poisson.logpmf(COUNTS, RATES.astype(np.float64))
    np.testing.assert_allclose(
        terms.mean(), scipy_says.mean() - np.mean(constant), rtol=1e-5
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_masked_changes_neither_losses_nor_gradients(seed):
    mask = np.random.default_rng(seed).random(SHAPE) < 0.5
    counts = np.where(mask, COUNTS, np.nan)
    rates = tf.constant(RATES)
    mean_counts = RATES.mean((0, 1))
    with tf.GradientTape() as tape:
        tape.watch(rates)
        poisson = poisson_terms(counts, rates, mask)
        moments = correlation_moments(counts, rates, mean_counts, mask)
        loss = poisson.mean() + correlation_loss(moments, mean_counts, 1).mean()
    costs = (RATES - COUNTS * np.log(RATES.astype(np.float64)))[mask]
    np.testing.assert_allclose(poisson.mean(), costs.mean(), rtol=1e-4, atol=1e-6)
    gradient = tape.gradient(loss, rates).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient[~mask] == 0).all()


def test_a_mask_of_any_shape_counts_bins_of_neurons():
    of_bins = MASK[..., 0]
    whole = np.broadcast_to(of_bins[..., None], SHAPE)
    expected = poisson_terms(COUNTS, RATES, whole)
    for mask in (of_bins, of_bins[..., None], of_bins.astype(np.float32)):
        found = poisson_terms(COUNTS, RATES, mask)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert full_mask(mask, COUNTS).shape == SHAPE
    assert float(expected.denominator) == whole.sum()


def test_of_nothing_valid_the_loss_is_0():
    nothing = np.zeros(SHAPE)
    assert float(poisson_terms(COUNTS, RATES, nothing).mean()) == 0
    moments = correlation_moments(COUNTS, RATES, np.ones(5), nothing)
    assert float(correlation_loss(moments, np.ones(5), 1).mean()) == 0


def test_terms_of_two_halves_add_up_to_those_of_the_whole():
    weights = np.float32([1, 2, 0.5, 1, 3])
    whole = poisson_terms(COUNTS, RATES, MASK, weights)
    halves = [
        poisson_terms(COUNTS[part], RATES[part], MASK[part], weights)
        for part in (slice(1), slice(1, None))
    ]
    np.testing.assert_allclose(np.sum(halves, 0), whole, rtol=1e-5)
    mean = RATES.mean((0, 1))
    whole = correlation_moments(COUNTS, RATES, mean, MASK)
    halves = [
        correlation_moments(COUNTS[part], RATES[part], mean, MASK[part])
        for part in (slice(1), slice(1, None))
    ]
    added = Moments(*map(tf.add, *halves))
    np.testing.assert_allclose(np.array(added), np.array(whole), rtol=1e-4, atol=1e-4)


def bits_per_spike(counts, rates, mask):
    """The definition, per neuron, in float64; against the mean rate."""
    found = []
    for n in range(counts.shape[-1]):
        y, r = counts[..., n][mask[..., n]], rates[..., n][mask[..., n]]
        y, r = y.astype(np.float64), r.astype(np.float64)
        gain = (y * np.log(r) - r).sum() - (y * np.log(y.mean()) - y.mean()).sum()
        found.append(gain / (np.log(2) * y.sum()))
    return np.array(found)


def test_with_alpha_1_the_loss_is_a_constant_minus_the_mean_bits_per_spike():
    mask = np.ones(SHAPE, bool)
    mean = COUNTS.mean((0, 1), dtype=np.float64)
    weights = rate_weights(mean, 1.0, 1e-9)
    scale = 1 / np.mean(1 / mean)  # of weights that have the mean 1
    losses, bits = [], []
    for seed in range(4):
        noise = np.random.default_rng(seed).gamma(4, 0.25, SHAPE)
        rates = (RATES * noise).astype(np.float32)
        losses.append(float(poisson_terms(COUNTS, rates, mask, weights).mean()))
        bits.append(bits_per_spike(COUNTS, rates, mask).mean())
    expected = -np.log(2) * scale * np.array(bits)
    np.testing.assert_allclose(np.diff(losses), np.diff(expected), rtol=1e-3)


def test_rate_weights_follow_their_definition_and_have_the_mean_1():
    mean = np.array([0.01, 0.1, 1, 4])
    assert (rate_weights(mean, 0, 0.05) == 1).all()
    expected = np.array([0.05, 0.1, 1, 4]) ** -0.5
    found = rate_weights(mean, 0.5, 0.05)
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=1e-6)
    silent = rate_weights(np.array([0.0, np.nan, 1]), 1.0, 0.05)
    np.testing.assert_allclose(silent[:2] / silent[2], 20, rtol=1e-6)


def test_neurons_that_are_valid_in_part_count_as_much_as_others():
    mask = np.ones(SHAPE)
    mask[:, 15:, 0] = 0
    share = mask.mean((0, 1))
    weights = rate_weights(np.ones(5), 0, 0.1, share)
    gradients = []
    rates = tf.ones(SHAPE)
    with tf.GradientTape() as tape:
        tape.watch(rates)
        loss = poisson_terms(np.zeros(SHAPE), rates, mask, weights).mean()
    gradients = tf.reduce_sum(tape.gradient(loss, rates), (0, 1))
    np.testing.assert_allclose(gradients, np.mean(gradients), rtol=1e-5)
    np.testing.assert_allclose(np.sum(gradients), 1, rtol=1e-5)
    assert rate_weights(np.ones(2), 1, 0.1, np.array([0, 1.0]))[0] == 0


def test_the_correlation_loss_is_1_minus_numpys_mean_correlation():
    counts = COUNTS * 50  # the guard beside variances is nothing then
    mean = counts.mean((0, 1))
    rates = 3 + 40 * RATES
    moments = correlation_moments(counts, rates, mean, MASK)
    found = correlation_loss(moments, mean * 1e-3, 1).mean()
    rho = [
        np.corrcoef(counts[..., n][MASK[..., n]], rates[..., n][MASK[..., n]])[0, 1]
        for n in range(5)
    ]
    np.testing.assert_allclose(found, 1 - np.mean(rho), atol=1e-4)


def test_the_correlation_has_the_guard_of_its_definition():
    mean = COUNTS.mean((0, 1), dtype=np.float64)
    moments = correlation_moments(COUNTS, RATES, mean, None)
    y, r = (a.reshape(-1, 5).astype(np.float64) for a in (COUNTS, RATES))
    guard = 1e-3 * mean
    cov = (y * r).mean(0) - y.mean(0) * r.mean(0)
    rho = cov / np.sqrt((y.var(0) + guard) * (r.var(0) + guard))
    found = correlation_loss(moments, mean, 1).mean()
    np.testing.assert_allclose(found, 1 - rho.mean(), rtol=1e-4)


def test_a_small_variance_beside_a_large_mean_is_not_lost():
    rates = 30 + 0.01 * RNG.normal(size=(8, 50, 1)).astype(np.float32)
    counts = rates + 0.01 * RNG.normal(size=(8, 50, 1)).astype(np.float32)
    mean = np.float32([30])
    moments = correlation_moments(counts, rates, mean)
    n = moments.bins
    cov = moments.products / n - moments.counts * moments.rates / n**2
    expected = np.cov(counts.ravel(), rates.ravel(), bias=True)[0, 1]
    np.testing.assert_allclose(cov[0], expected, rtol=1e-3)


def test_neurons_with_few_spikes_do_not_enter_the_correlation():
    counts = COUNTS.copy()
    counts[..., 0] = 0
    counts[0, :4, 0] = 1
    mean = counts.mean((0, 1))
    moments = correlation_moments(counts, RATES, mean)
    found = correlation_loss(moments, mean, 5)
    rest = correlation_loss(Moments(*(part[1:] for part in moments)), mean[1:], 5)
    assert float(found.denominator) == 4
    np.testing.assert_allclose(found, rest, rtol=1e-6)
    assert float(correlation_loss(moments, mean, 4).denominator) == 5


@pytest.mark.parametrize("gain", (0.3, 4))
def test_the_correlation_loss_cares_little_for_the_gain_of_rates(gain):
    mean = COUNTS.mean((0, 1))
    one, other = (
        correlation_loss(correlation_moments(COUNTS, g * RATES, mean), mean, 1).mean()
        for g in (1, gain)
    )
    np.testing.assert_allclose(one, other, atol=0.02)
