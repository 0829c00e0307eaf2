"""How likely spikes are under predicted rates: bits per spike and Poisson deviance.

All take counts y and rates r (spikes per bin) of the same bins, (T, N), and a mask of
the bins that count. A rate below 1e-8 counts as 1e-8. Results are per neuron, (N,), and
NaN for a neuron without a bin, or without a spike: all but the deviance need spikes.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from v1model.metrics.masked import LOWEST_RATE, masked_pair


class LikelihoodSums(NamedTuple):
    """Sums over bins, (N,) float64 each, from which every number here is made.

    Sums of parts of a recording add up to those of the whole: `merged`.

    n_bins: Bins that count.
    spikes: sum y.
    expected: sum r.
    log_rates: sum y log r, nats.
    log_counts: sum y log y, nats.
    """

    n_bins: np.ndarray
    spikes: np.ndarray
    expected: np.ndarray
    log_rates: np.ndarray
    log_counts: np.ndarray

    def merged(self, other):
        """Sums over the bins of both."""
        return LikelihoodSums(*(a + b for a, b in zip(self, other, strict=True)))

    def bits_per_spike(self, null_rate=None):
        """See the function `bits_per_spike`."""
        gain = self.log_rates - self.expected - self._null_log_likelihood(null_rate)
        return _ratio(gain, self.spikes * np.log(2))

    def deviance(self):
        """See `poisson_deviance`."""
        return _ratio(self._deviance_sum(), self.n_bins)

    def deviance_explained(self, null_rate=None):
        """See `fraction_of_deviance_explained`."""
        null = self.log_counts - self.spikes - self._null_log_likelihood(null_rate)
        # Without spikes the constant rate is right by definition.
        null = np.where(self.spikes > 0, null, 0)
        return 1 - _ratio(self._deviance_sum() / 2, null)

    def _deviance_sum(self):
        return 2 * (self.log_counts - self.log_rates - self.spikes + self.expected)

    def _null_log_likelihood(self, null_rate):
        if null_rate is None:
            null_rate = self.spikes / np.maximum(self.n_bins, 1)
        rate = np.maximum(np.asarray(null_rate, np.float64), LOWEST_RATE)
        return self.spikes * np.log(rate) - self.n_bins * rate


def likelihood_sums(counts, rates, mask=None):
    """LikelihoodSums of some bins.

    Args:
        counts: (T, N), or (T,) of one neuron.
        rates: Same shape, spikes per bin; anything, as NaN, where the mask is False.
        mask: Broadcasts to (T, N); None takes all bins.

    Raises:
        ValueError: Shapes differ, or what counts is negative or not finite.
    """
    counts, rates, mask = masked_pair(counts, rates, mask)
    total = {"axis": 0, "dtype": np.float64}
    clipped = np.where(mask, np.maximum(rates, LOWEST_RATE), 0)
    return LikelihoodSums(
        mask.sum(**total),
        counts.sum(**total),
        clipped.sum(**total),
        special.xlogy(counts, np.where(mask, clipped, 1)).sum(**total),
        special.xlogy(counts, counts).sum(**total),
    )


def bits_per_spike(counts, rates, mask=None, null_rate=None):
    """How much better rates predict spikes than a constant rate does, bits per spike.

        sum_t [(y log r - r) - (y log r0 - r0)] / (log(2) sum_t y)

    0 for the constant itself, negative for what is worse, nothing is clipped.

    Args:
        counts, rates, mask: See `likelihood_sums`.
        null_rate: r0 of each neuron, (N,), spikes per bin, as the mean of its training
            data; None takes the mean of the bins that are judged.

    Returns:
        (N,); NaN without spikes.
    """
    return likelihood_sums(counts, rates, mask).bits_per_spike(null_rate)


def poisson_deviance(counts, rates, mask=None):
    """Mean over bins of 2 [y log(y / r) - y + r], nats: 0 where r is y. (N,)."""
    return likelihood_sums(counts, rates, mask).deviance()


def fraction_of_deviance_explained(counts, rates, mask=None, null_rate=None):
    """1 - deviance / deviance of a constant rate: 1 is perfect. (N,).

    Arguments are those of `bits_per_spike`.
    """
    return likelihood_sums(counts, rates, mask).deviance_explained(null_rate)


def bits_aggregates(bits, spikes=None):
    """Bits per spike of all neurons as named numbers.

        bps_mean       mean          bps_median     median
        bps_clip_mean  mean of max(bits, 0), which makes poor models look better
        bps_pooled     gain of all neurons over their spikes; active ones count most
        frac_positive  share of neurons above 0
        n_neurons, n_left_out        with and without a number

    Args:
        bits: (N,); NaN does not count.
        spikes: Number of spikes that are judged of each neuron, (N,), for bps_pooled;
            None leaves it out.
    """
    bits = np.asarray(bits, np.float64)
    is_known = np.isfinite(bits)
    known = bits[is_known] if is_known.any() else np.array([np.nan])
    aggregates = {
        "bps_mean": known.mean(),
        "bps_median": np.median(known),
        "bps_clip_mean": np.maximum(known, 0).mean(),
        "frac_positive": np.where(np.isnan(known), np.nan, known > 0).mean(),
        "n_neurons": is_known.sum(),
        "n_left_out": (~is_known).sum(),
    }
    if spikes is not None:
        spikes = np.where(is_known, spikes, 0)
        gained = np.where(is_known, bits, 0) @ spikes
        aggregates["bps_pooled"] = _ratio(gained, spikes.sum())
    return {name: float(value) for name, value in aggregates.items()}


def _ratio(part, whole):
    is_known = whole > 0
    return np.where(is_known, part / np.where(is_known, whole, 1), np.nan)
