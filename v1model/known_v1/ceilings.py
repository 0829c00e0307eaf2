"""What the best model of known neurons reaches: one that predicts their true rates.

All of counts that are Poisson around the rates; bins (T, N), rates in spikes per bin.
What the true rates reach on spikes that were drawn is `v1model.metrics.bits_per_spike`
of them; here is what is expected of it.
"""

import numpy as np

LEAST_RATE = 1e-8  # spikes per bin; below it, logarithms count it as this


def expected_bits(rates, mask=None):
    """Expected bits per spike of the true rates, over the mean rate: (N,).

    sum_t r log2(r / mean r) / sum_t r, with r (T, N); NaN where nothing is expected.
    """
    rates, mask = _with_mask(rates, mask)
    total = (rates * mask).sum(0)
    mean = total / np.maximum(mask.sum(0), 1)
    ratio = np.maximum(rates, LEAST_RATE) / np.maximum(mean, LEAST_RATE)
    gain = (mask * rates * np.log2(ratio)).sum(0)
    return np.where(total > 0, gain / np.maximum(total, LEAST_RATE), np.nan)


def expected_correlation(rates, mask=None):
    """Expected correlation of true rates and single counts: (N,).

    sqrt(Var r / (Var r + mean r)): the counts' variance is that of the rates and the
    Poisson one.
    """
    rates, mask = _with_mask(rates, mask)
    n = np.maximum(mask.sum(0), 1)
    mean = (rates * mask).sum(0) / n
    variance = (mask * (rates - mean) ** 2).sum(0) / n
    total = variance + mean
    return np.sqrt(
        np.where(total > 0, variance / np.where(total > 0, total, 1), np.nan)
    )


def _with_mask(rates, mask):
    rates = np.asarray(rates, np.float64)
    if mask is None:
        return rates, np.ones_like(rates)
    mask = np.broadcast_to(np.asarray(mask), rates.shape)
    return np.where(mask, rates, 0.0), mask.astype(np.float64)
