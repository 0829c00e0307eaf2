"""How well two simulations of one column agree, in spikes, voltages and rates."""

from typing import NamedTuple

import numpy as np

_NEVER = -(10**9)  # a step long before the first one


class SpikeAgreement(NamedTuple):
    """Spikes of two simulations, matched one to one.

    lags: Step of a spike in the second simulation less that in the first, (L,).
    matched: Pairs with that lag, (L,); a spike belongs to one pair.
    only_first, only_second: Spikes without a partner.
    """

    lags: np.ndarray
    matched: np.ndarray
    only_first: int
    only_second: int

    def share_within(self, steps):
        """Share of all spikes whose partner is at most so many steps away; NaN of 0."""
        pairs = self.matched[np.abs(self.lags) <= steps].sum()
        total = 2 * self.matched.sum() + self.only_first + self.only_second
        return 2 * pairs / total if total else np.nan


class VoltageDifference(NamedTuple):
    """Largest and root-mean-square difference, mV, over n_samples samples."""

    largest: float
    rms: float
    n_samples: int


def spike_agreement(first, second, longest_lag=3):
    """Matches the spikes of the same neurons, the nearest ones first.

    Args:
        first, second: Spikes, (T, N) bool.
        longest_lag: Pairs may lie so many steps apart.

    Returns:
        SpikeAgreement.
    """
    first, second = first.astype(bool), second.astype(bool)
    lags = sorted(range(-longest_lag, longest_lag + 1), key=abs)
    matched = {}
    for lag in lags:
        early = slice(max(-lag, 0), len(first) - max(lag, 0))
        late = slice(max(lag, 0), len(first) - max(-lag, 0))
        pairs = first[early] & second[late]
        first[early] &= ~pairs
        second[late] &= ~pairs
        matched[lag] = int(pairs.sum())
    ordered = np.arange(-longest_lag, longest_lag + 1)
    counts = np.array([matched[lag] for lag in ordered])
    return SpikeAgreement(ordered, counts, int(first.sum()), int(second.sum()))


def below_threshold(spikes, held_steps):
    """Steps in which a neuron neither spikes nor still shows its last spike, (T, N).

    Args:
        spikes: (T, N) bool; of both simulations where two are compared.
        held_steps: Steps after each spike that are left out, (N,).
    """
    step = np.arange(len(spikes))[:, None]
    last_spike = np.maximum.accumulate(np.where(spikes, step, _NEVER), axis=0)
    return step - last_spike > held_steps


def before_first_spike(spikes):
    """Steps before a neuron's first spike, (T, N) bool."""
    return ~np.logical_or.accumulate(spikes, axis=0)


def voltage_difference(first, second, is_counted):
    """VoltageDifference of (T, n) voltages over the samples where `is_counted`."""
    difference = (first - second)[is_counted]
    if difference.size == 0:
        return VoltageDifference(np.nan, np.nan, 0)
    rms = float(np.sqrt(np.mean(np.square(difference))))
    return VoltageDifference(float(np.abs(difference).max()), rms, difference.size)


def binned_rates(spikes, bin_steps, dt=1.0):
    """Mean rate of the neurons in bins, (T // bin_steps,), Hz; the rest is left out."""
    n_bins = len(spikes) // bin_steps
    per_step = spikes[: n_bins * bin_steps].mean(axis=1)
    return per_step.reshape(n_bins, bin_steps).mean(axis=1) * 1000 / dt


def correlation(first, second):
    """Pearson's correlation of two series; NaN where one of them is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])
