"""Rates rescaled per neuron: how much of a poor prediction is gain and offset alone.

A model that was trained on one kind of stimulus often has the right time course on
another, at the wrong scale. Counts y of a neuron are compared with g r + o, where
gain g and offset o are fitted to some trials and judged on the others.
"""

from typing import NamedTuple

import numpy as np

from v1model.metrics.likelihood import likelihood_sums
from v1model.metrics.masked import LOWEST_RATE, masked_pair

N_FOLDS = 5
N_STEPS = 60  # of Newton's method; most neurons need fewer than ten
TOLERANCE = 1e-9  # nats per spike that the last step gained
# A rescaled rate keeps this share of the mean rate of what it was fitted to; half a
# spike is enough of a mean for a neuron that was silent there.
LOWEST_SHARE, LEAST_SPIKES = 1e-3, 0.5


class AffineRescaled(NamedTuple):
    """Bits per spike of rates as they are and rescaled, (N,) each.

    gain, offset: g and o (spikes per bin), fitted to all trials.
    bits_raw: Of r.
    bits_gain: Of g r, cross-fitted by trial.
    bits_affine: Of g r + o, cross-fitted by trial.
    gain_gap: bits_affine - bits_raw.
    """

    gain: np.ndarray
    offset: np.ndarray
    bits_raw: np.ndarray
    bits_gain: np.ndarray
    bits_affine: np.ndarray
    gain_gap: np.ndarray


def affine_rescaled(counts, rates, mask=None, trials=None, null_rate=None, seed=0):
    """AffineRescaled of the rates of neurons.

    Each g, o maximise sum m [y log(g r + o) - g r - o], which is concave, over g >= 0
    and the rates that stay positive on all bins; Newton's method, all neurons at once.
    Only bins with spikes enter the logarithm, so that silence costs nothing. Of the
    trials that are judged, the fit knows the predicted rates, never the counts.

    Args:
        counts, rates, mask: See `likelihood_sums`.
        trials: Number of the trial of each bin, (T,), that is either fitted to or
            judged; None takes stretches of a fifth of the bins.
        null_rate: See `bits_per_spike`.
        seed: Of the assignment of trials to the five folds.

    Raises:
        ValueError: Shapes differ, what counts is negative or not finite, or there are
            fewer than two trials.
    """
    counts, rates, mask = masked_pair(counts, rates, mask)
    rates = np.where(mask, np.maximum(rates, LOWEST_RATE), 0)
    fold = _folds(len(counts), trials, seed)
    events = _Events.of(counts, rates, mask, fold)
    sums = likelihood_sums(counts, rates, mask)
    everything = events.fitted(np.full(events.n_folds, True))
    log_gain, log_affine = np.zeros((2, counts.shape[1]))
    for k in range(events.n_folds):
        is_own = np.arange(events.n_folds) == k
        log_affine += events.log_likelihood(is_own, *events.fitted(~is_own, everything))
        log_gain += events.log_likelihood(is_own, *events.fitted_gain(~is_own))
    has_spikes = sums.spikes > 0
    raw = sums.bits_per_spike(null_rate)
    gained = np.where(has_spikes, raw, 0) * sums.spikes * np.log(2)
    null = sums.log_rates - sums.expected - gained
    bits = [
        np.where(
            has_spikes,
            (value - null) / np.log(2) / np.where(has_spikes, sums.spikes, 1),
            np.nan,
        )
        for value in (log_gain, log_affine)
    ]
    gain, c = (np.where(has_spikes, value, np.nan) for value in everything)
    offset = c - gain * events.lowest
    return AffineRescaled(gain, offset, raw, *bits, bits[1] - raw)


def _folds(n_bins, trials, seed):
    """Fold of each bin, (T,): whole trials, drawn."""
    if trials is None:
        trials = np.arange(n_bins) * N_FOLDS // max(n_bins, 1)
    names, index = np.unique(np.asarray(trials), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"cross-fitting needs at least two trials, got {len(names)}.")
    fold = np.arange(len(names)) % min(N_FOLDS, len(names))
    return np.random.default_rng(seed).permutation(fold)[index.ravel()]


class _Events(NamedTuple):
    """Bins with spikes, and sums over all bins by fold, of rates above the lowest.

    A rescaled rate is g s + c with s = r - lowest rate of the neuron, g >= 0 and
    c >= some floor: the offset's limit has become one of c alone.
    """

    neuron: np.ndarray  # (E,) of each bin with spikes
    fold: np.ndarray  # (E,)
    y: np.ndarray  # (E,)
    s: np.ndarray  # (E,)
    n_bins: np.ndarray  # (F, N)
    s_sums: np.ndarray  # (F, N)
    r_sums: np.ndarray  # (F, N)
    lowest: np.ndarray  # (N,)

    @classmethod
    def of(cls, counts, rates, mask, fold):
        n_folds = fold.max() + 1
        lowest = np.where(mask, rates, np.inf).min(axis=0).astype(np.float64)
        lowest = np.where(np.isfinite(lowest), lowest, LOWEST_RATE)
        n_bins, r_sums = (
            np.stack([x[fold == k].sum(0, dtype=np.float64) for k in range(n_folds)])
            for x in (mask, rates)
        )
        bin_index, neuron = np.nonzero(counts)
        s = rates[bin_index, neuron] - lowest[neuron]
        return cls(
            neuron,
            fold[bin_index],
            counts[bin_index, neuron].astype(np.float64),
            s,
            n_bins,
            r_sums - lowest * n_bins,
            r_sums,
            lowest,
        )

    @property
    def n_folds(self):
        return len(self.n_bins)

    def log_likelihood(self, is_used, gain, c):
        """sum y log(g s + c) - g s - c over some folds, (N,)."""
        own = is_used[self.fold]
        return self._gained(self._part(own), is_used, gain, c)

    def fitted_gain(self, is_used):
        """g that maximises the likelihood of g r, and its c, over some folds."""
        own = is_used[self.fold]
        spikes = self._sum(self.neuron[own], self.y[own])
        expected = self.r_sums[is_used].sum(0)
        gain = spikes / np.where(expected > 0, expected, 1)
        return gain, np.maximum(gain * self.lowest, LOWEST_RATE)

    def fitted(self, is_used, start=None):
        """g and c, (N,) each, that maximise the likelihood of some folds.

        Args:
            is_used: (F,) bool.
            start: g and c to begin at; None for some that are nobody's.
        """
        part = self._part(is_used[self.fold])
        neuron, y, s = part
        s_sum, n_bins = self.s_sums[is_used].sum(0), self.n_bins[is_used].sum(0)
        spikes = self._sum(neuron, y)
        varies = s_sum > 0
        mean = spikes / np.maximum(n_bins, 1)
        least = LOWEST_SHARE * np.maximum(spikes, LEAST_SPIKES) / np.maximum(n_bins, 1)
        # The rates as they are must be among the rescaled ones.
        floor = np.maximum(np.minimum(self.lowest, least), LOWEST_RATE)
        gain = np.where(varies, 0.9 * spikes / np.where(varies, s_sum, 1), 0)
        c = np.maximum(np.where(varies, 0.1 * mean, mean), floor)
        value = self._gained(part, is_used, gain, c)
        if start is not None:
            # A neuron without spikes in these folds goes to the floor anyway.
            gain = np.where(varies & (spikes > 0), start[0], gain)
            c = np.where(spikes > 0, np.maximum(start[1], floor), c)
            value = self._gained(part, is_used, gain, c)
        active = np.full(len(gain), True)
        for _ in range(N_STEPS):
            rate = gain[neuron] * s + c[neuron]
            a, b = y / rate, y / rate**2
            slope = self._sum(neuron, a * s) - s_sum, self._sum(neuron, a) - n_bins
            curve = [self._sum(neuron, b * x) for x in (s * s, s, 1.0)]
            step = _newton_step(slope, curve, gain, c, floor, varies)
            size = active.astype(np.float64)
            new_value = value
            for _ in range(30):  # halved until it is no worse
                tried = (
                    np.maximum(gain + size * step[0], 0),
                    np.maximum(c + size * step[1], floor),
                )
                new_value = self._gained(part, is_used, *tried)
                is_worse = ~(new_value >= value) & (size > 0)
                if not is_worse.any():
                    break
                size = np.where(is_worse, size / 2, size)
            is_better = new_value >= value
            gain = np.where(is_better, tried[0], gain)
            c = np.where(is_better, tried[1], c)
            gained = np.where(is_better, new_value - value, 0)
            value = np.where(is_better, new_value, value)
            active &= gained > TOLERANCE * np.maximum(spikes, 1)
            if not active.any():
                break
            if active.mean() < 0.5:  # the others are done; leave their spikes out
                keep = active[neuron]
                neuron, y, s = part = tuple(x[keep] for x in part)
        return gain, c

    def _part(self, own):
        return self.neuron[own], self.y[own], self.s[own]

    def _gained(self, part, is_used, gain, c):
        neuron, y, s = part
        logs = self._sum(neuron, y * np.log(gain[neuron] * s + c[neuron]))
        s_sum, n_bins = self.s_sums[is_used].sum(0), self.n_bins[is_used].sum(0)
        return logs - gain * s_sum - c * n_bins

    def _sum(self, neuron, values):
        return np.bincount(neuron, values, minlength=len(self.lowest))


def _newton_step(slope, curve, gain, c, floor, varies):
    """Step of g and c, (N,) each, that keeps at its limit what would leave it."""
    gg, gc, cc = curve
    alone = slope[0] / np.maximum(gg, 1e-300), slope[1] / np.maximum(cc, 1e-300)
    determinant = gg * cc - gc**2
    is_flat = determinant <= 1e-12 * gg * cc
    safe = np.where(is_flat, 1, determinant)
    both = (
        np.where(is_flat, alone[0] / 2, (cc * slope[0] - gc * slope[1]) / safe),
        np.where(is_flat, alone[1] / 2, (gg * slope[1] - gc * slope[0]) / safe),
    )
    at_zero = ((gain <= 0) & ((slope[0] <= 0) | (both[0] <= 0))) | ~varies
    at_floor = (c <= floor) & ((slope[1] <= 0) | (both[1] <= 0))
    g_step = np.where(at_zero, 0, np.where(at_floor, alone[0], both[0]))
    c_step = np.where(at_floor, 0, np.where(at_zero, alone[1], both[1]))
    return g_step, c_step
