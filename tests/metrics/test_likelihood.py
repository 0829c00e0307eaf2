"""Bits per spike and deviance beside their definitions, a peer and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from v1model import metrics

LN2 = np.log(2)


def simulated(seed=0, n_bins=300, n_neurons=4):
    """Counts, rates that know something of them, and a mask."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.7, 0.3, (n_bins, n_neurons)) + 1e-3
    counts = rng.poisson(rates)
    mask = rng.random(rates.shape) < 0.8
    return counts, rates, mask


def defined(y, r, null=None):
    """Bits per spike of one neuron, as the formula reads."""
    null = y.mean() if null is None else null
    gain = sum(
        (a * np.log(b) - b) - (a * np.log(null) - null)
        for a, b in zip(y, r, strict=True)
    )
    return gain / (LN2 * y.sum())


@given(st.integers(0, 50))
@settings(deadline=None, max_examples=20)
def test_bits_per_spike_follow_their_definition_on_the_bins_that_count(seed):
    counts, rates, mask = simulated(seed)
    expected = [defined(counts[m, n], rates[m, n]) for n, m in enumerate(mask.T)]
    hidden = np.where(mask, rates, np.nan)
    np.testing.assert_allclose(metrics.bits_per_spike(counts, hidden, mask), expected)


def test_the_mean_rate_has_no_bits_and_the_null_rate_may_be_another():
    counts, rates, mask = simulated()
    mean = np.array([counts[m, n].mean() for n, m in enumerate(mask.T)])
    constant = np.broadcast_to(mean, counts.shape)
    np.testing.assert_allclose(
        metrics.bits_per_spike(counts, constant, mask), 0, atol=1e-12
    )
    bits = metrics.bits_per_spike(counts, rates, mask, null_rate=2 * mean)
    expected = [
        defined(counts[m, n], rates[m, n], 2 * mean[n]) for n, m in enumerate(mask.T)
    ]
    np.testing.assert_allclose(bits, expected)


def test_true_rates_gain_what_the_closed_form_expects():
    """E[bits] = sum r log2(r / mean r) / sum r."""
    rates = np.random.default_rng(0).gamma(1.0, 1.0, (200_000, 2))
    counts = np.random.default_rng(1).poisson(rates)
    expected = (rates * np.log2(rates / rates.mean(0))).sum(0) / rates.sum(0)
    bits = metrics.bits_per_spike(counts, rates)
    np.testing.assert_allclose(bits, expected, rtol=0.03)


def test_no_other_constant_beats_the_mean_and_no_rate_beats_the_counts():
    counts, rates, _ = simulated()
    for share in (0.5, 0.9, 1.1, 3.0):
        constant = np.broadcast_to(share * counts.mean(0), counts.shape)
        assert (metrics.bits_per_spike(counts, constant) < 0).all()
    best = metrics.bits_per_spike(counts, counts)
    assert (best > metrics.bits_per_spike(counts, rates)).all()


def test_a_neuron_without_spikes_has_no_bits_and_no_share_of_the_deviance():
    counts, rates, mask = simulated()
    counts[:, 1] = 0
    mask[:, 2] = False
    for metric in (metrics.bits_per_spike, metrics.fraction_of_deviance_explained):
        is_known = np.isfinite(metric(counts, rates, mask))
        np.testing.assert_array_equal(is_known, [True, False, False, True])
    # Its deviance is what was expected in vain.
    own = mask[:, 1]
    deviance = metrics.poisson_deviance(counts, rates, mask)[1]
    assert deviance == pytest.approx(2 * rates[own, 1].mean())


def test_deviance_is_that_of_scikit_learn():
    counts, rates, mask = simulated()
    own = metrics.poisson_deviance(counts, rates, mask)
    share = metrics.fraction_of_deviance_explained(counts, rates, mask)
    for n, m in enumerate(mask.T):
        pair = counts[m, n], rates[m, n]
        assert own[n] == pytest.approx(peer.mean_poisson_deviance(*pair))
        assert share[n] == pytest.approx(peer.d2_tweedie_score(*pair, power=1))


@given(st.integers(1, 299))
@settings(deadline=None, max_examples=20)
def test_sums_of_parts_add_up_to_those_of_the_whole(cut):
    counts, rates, mask = simulated()
    whole = metrics.likelihood_sums(counts, rates, mask)
    first, second = (
        metrics.likelihood_sums(counts[part], rates[part], mask[part])
        for part in (slice(cut), slice(cut, None))
    )
    np.testing.assert_allclose(first.merged(second), whole)
    np.testing.assert_allclose(
        first.merged(second).bits_per_spike(),
        metrics.bits_per_spike(counts, rates, mask),
    )


@pytest.mark.parametrize("shape", ["full", "column", "time"])
def test_masks_mean_the_same_whatever_their_shape(shape):
    counts, rates, mask = simulated()
    mask = mask[:, :1]
    given = {"full": np.repeat(mask, 4, axis=1), "column": mask, "time": mask[:, 0]}
    own = metrics.bits_per_spike(counts, rates, given[shape])
    np.testing.assert_allclose(
        own, metrics.bits_per_spike(counts[mask[:, 0]], rates[mask[:, 0]])
    )


def test_aggregates_are_what_their_names_say():
    counts, rates, _ = simulated()
    bits = np.array([0.5, -1.0, 0.2, np.nan])
    own = metrics.bits_per_spike(counts, rates)
    spikes = counts.sum(0)
    expected = {
        "bps_mean": -0.1,
        "bps_median": 0.2,
        "bps_clip_mean": 0.7 / 3,
        "frac_positive": 2 / 3,
        "n_neurons": 3,
        "n_left_out": 1,
    }
    assert metrics.bits_aggregates(bits) == pytest.approx(expected)
    pooled = metrics.bits_aggregates(own, spikes)["bps_pooled"]
    null = np.broadcast_to(counts.mean(0), counts.shape)
    gain = (counts * np.log2(rates / null) - (rates - null) / LN2).sum()
    assert pooled == pytest.approx(gain / spikes.sum())


def test_what_is_impossible_is_refused():
    counts, rates, mask = simulated()
    with pytest.raises(ValueError, match="rates must be numbers from 0 on, got -1"):
        metrics.bits_per_spike(counts, np.where(rates > 1e9, 0, -1.0))
    with pytest.raises(ValueError, match="rates must be numbers from 0 on, got nan"):
        metrics.bits_per_spike(counts, np.where(mask, rates, np.nan))
    with pytest.raises(ValueError, match=r"must both be \(T, N\)"):
        metrics.bits_per_spike(counts, rates[:-1])
    with pytest.raises(ValueError, match=r"mask .* must broadcast"):
        metrics.bits_per_spike(counts, rates, mask[:-1])


def test_favouritism_is_spearmans_correlation():
    from scipy import stats

    rng = np.random.default_rng(0)
    rates, bits = rng.gamma(2, 1, 30), rng.normal(size=30)
    expected = stats.spearmanr(bits, rates).statistic
    assert metrics.favouritism(bits, rates) == pytest.approx(expected)
    bits[3] = np.nan
    assert np.isfinite(metrics.favouritism(bits, rates))
    assert metrics.favouritism(np.exp(rates), rates) == pytest.approx(1)


def test_ginis_index_is_half_the_mean_difference_over_the_mean():
    values = np.random.default_rng(0).gamma(2, 1, 40)
    difference = np.abs(values[:, None] - values).mean()
    assert metrics.gini(values) == pytest.approx(difference / 2 / values.mean())
    assert metrics.gini(np.ones(5)) == pytest.approx(0)
