"""Ceilings of known neurons against closed forms and draws."""

import numpy as np
import pytest

from v1model.known_v1.ceilings import expected_bits, expected_correlation
from v1model.metrics import bits_per_spike


def two_levels(low, high, share, n=1000):
    """Rates (n, 1) that are high in a share of the bins."""
    return np.where(np.arange(n) < share * n, high, low)[:, None].astype(float)


def test_a_neuron_that_is_on_for_a_share_p_of_the_time_carries_log2_1_over_p_bits():
    rates = two_levels(0.0, 0.2, 0.25)
    assert expected_bits(rates)[0] == pytest.approx(2.0)


def test_two_levels_have_their_entropy():
    low, high, p = 0.02, 0.3, 0.2
    mean = p * high + (1 - p) * low
    share = p * high / mean  # of the spikes
    by_hand = share * np.log2(high / mean) + (1 - share) * np.log2(low / mean)
    assert expected_bits(two_levels(low, high, p))[0] == pytest.approx(by_hand)


def test_constant_rates_carry_nothing_and_silence_is_unknown():
    rates = np.stack([np.full(50, 0.1), np.zeros(50)], 1)
    bits, correlation = expected_bits(rates), expected_correlation(rates)
    assert bits[0] == pytest.approx(0)
    assert correlation[0] == pytest.approx(0)
    assert np.isnan([bits[1], correlation[1]]).all()


def test_realised_ceilings_lie_around_the_expected_ones():
    rng = np.random.default_rng(0)
    rates = np.exp(rng.normal(-2.5, 0.8, (20_000, 40)))
    counts = rng.poisson(rates)
    found = bits_per_spike(counts, rates) - expected_bits(rates)
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(40) + 1e-3
    measured = [np.corrcoef(rates[:, n], counts[:, n])[0, 1] for n in range(40)]
    apart = measured - expected_correlation(rates)
    assert abs(apart.mean()) < 3 * apart.std() / np.sqrt(40) + 1e-3


def test_true_rates_beat_every_other_prediction_in_expectation():
    rng = np.random.default_rng(1)
    rates = np.exp(rng.normal(-2.5, 0.8, (20_000, 5)))
    counts = rng.poisson(rates)
    best = bits_per_spike(counts, rates)
    for other in (rates**0.8, 1.3 * rates, rates + 0.05):
        assert (bits_per_spike(counts, other) < best).all()


def test_what_is_masked_does_not_count():
    rng = np.random.default_rng(2)
    rates = rng.uniform(0.01, 0.3, (300, 3))
    counts = rng.poisson(rates).astype(float)
    mask = rng.random((300, 3)) < 0.7
    rates[~mask], counts[~mask] = np.nan, 7
    for n in range(3):
        own = mask[:, n]
        alone = rates[own, n : n + 1], counts[own, n : n + 1]
        all_of = np.where(mask, counts, 0)
        found = bits_per_spike(all_of, rates, mask)[n]
        assert found == pytest.approx(bits_per_spike(*alone[::-1])[0])
        assert expected_bits(rates, mask)[n] == pytest.approx(
            expected_bits(alone[0])[0]
        )
        assert expected_correlation(rates, mask)[n] == pytest.approx(
            expected_correlation(alone[0])[0]
        )
