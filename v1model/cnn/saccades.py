"""Saccades, and what spikes and predicted rates do around them."""

from typing import NamedTuple

import numpy as np

from v1model import metrics
from v1model.metrics.correlation import smoothed

SPEED = 30.0  # degrees/s, from which on an eye makes a saccade
SHORTEST_GAP_MS = 60.0  # between two; the later one of less is an overshoot
INTERVALS_S = (0.1, 0.5)  # to the saccades before and after
OUTLIERS = 3.0  # of peak speed over amplitude, median absolute deviations
BASELINE_MS = (-100.0, -25.0)
SUPPRESSION_MS = (0.0, 80.0)
REBOUND_MS = (40.0, 250.0)
SMOOTHING_MS = 10.0  # standard deviation; the least of some noisy bins is always 0
LEAST_SACCADES = 10


class SaccadeResponses(NamedTuple):
    """Mean signals around saccades.

    times_ms: (W,), from the saccade's first bin.
    means: (N, W), in the units of the signal; NaN where nothing counts.
    n_saccades: How many.
    """

    times_ms: np.ndarray
    means: np.ndarray
    n_saccades: int

    @property
    def smooth(self):
        """`means`, smoothed over time by a Gaussian of 10 ms, (N, W)."""
        is_known = np.isfinite(self.means)
        sd_bins = SMOOTHING_MS / (self.times_ms[1] - self.times_ms[0])
        found = smoothed(self.means.T, is_known.T, sd_bins).T
        return np.where(is_known, found, np.nan)

    @property
    def baseline(self):
        """Mean from 100 to 25 ms before, (N,)."""
        return _mean_of(self.means[:, self._within(BASELINE_MS)])

    @property
    def suppression_depth(self):
        """1 - lowest value in the 80 ms from the saccade on / baseline, (N,).

        The lowest of `smooth`.
        """
        own = self.smooth[:, self._within(SUPPRESSION_MS)]
        lowest = np.where(np.isfinite(own), own, np.inf).min(axis=1)
        is_known = (self.baseline > 0) & np.isfinite(lowest)
        depth = 1 - lowest / np.where(is_known, self.baseline, 1)
        return np.where(is_known, depth, np.nan)

    @property
    def rebound_ms(self):
        """When `smooth` is highest, 40 to 250 ms after, (N,)."""
        inside = self._within(REBOUND_MS)
        own = self.smooth[:, inside]
        is_known = np.isfinite(own).any(axis=1) & (np.nan_to_num(own).any(axis=1))
        peak = np.where(np.isfinite(own), own, -np.inf).argmax(axis=1)
        return np.where(is_known, self.times_ms[inside][peak], np.nan)

    def _within(self, span_ms):
        return (self.times_ms >= span_ms[0]) & (self.times_ms <= span_ms[1])


def find_saccades(velocity, sampling_rate, speed=SPEED):
    """First bins of saccades that stand alone, (K,).

    Of those less than 60 ms after another one the later is dropped, then those whose
    peak speed does not fit their amplitude as that of the others does (three median
    absolute deviations), then those with another one 0.1 s or less, or more than 0.5 s
    away, on either side.

    Args:
        velocity: (T, 2), degrees/s; NaN where the eye is not seen.
        sampling_rate: Hz.
        speed: Degrees/s, from which on it is one.
    """
    speeds = np.nan_to_num(np.hypot(*np.asarray(velocity, np.float64).T))
    is_fast = np.r_[False, speeds >= speed, False]
    edges = np.diff(is_fast.astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    kept = []
    for k, start in enumerate(starts):
        gap = np.inf if not kept else start - starts[kept[-1]]
        if gap * 1000 / sampling_rate >= SHORTEST_GAP_MS:
            kept.append(k)
    if not kept:
        return np.zeros(0, np.int64)
    starts, stops = starts[kept], stops[kept]
    pairs = list(zip(starts, stops, strict=True))
    amplitude = np.array([speeds[a:b].sum() for a, b in pairs]) / sampling_rate
    ratio = np.array([speeds[a:b].max() for a, b in pairs]) / amplitude
    deviation = np.abs(ratio - np.median(ratio))
    starts = starts[deviation <= OUTLIERS * np.median(deviation) + 1e-9]
    before = np.diff(starts, prepend=-np.inf) / sampling_rate
    after = np.diff(starts, append=np.inf) / sampling_rate
    shortest, longest = INTERVALS_S
    is_alone = [(x > shortest) & (x < longest) for x in (before, after)]
    return starts[is_alone[0] & is_alone[1]]


def saccade_responses(
    signal, mask, onsets, sampling_rate, before_ms=200, after_ms=400, runs=None
):
    """SaccadeResponses of a signal.

    Args:
        signal: (T, N), counts or rates; anything where the mask is False.
        mask: (T, N) bool.
        onsets: First bins of saccades, (K,).
        sampling_rate: Hz.
        before_ms, after_ms: Window.
        runs: Number of the trial of each bin, (T,), -1 for none: bins of another trial
            than the saccade's do not count. None is one run.

    Raises:
        ValueError: There are fewer than ten saccades.
    """
    onsets = np.asarray(onsets)
    if len(onsets) < LEAST_SACCADES:
        raise ValueError(
            f"onsets must be {LEAST_SACCADES} saccades or more, got {len(onsets)}."
        )
    steps = np.arange(
        -round(before_ms * sampling_rate / 1000),
        round(after_ms * sampling_rate / 1000) + 1,
    )
    n_bins = len(signal)
    values = np.where(mask, signal, 0)
    runs = np.zeros(n_bins, int) if runs is None else np.asarray(runs)
    own = runs[onsets]
    means = np.full((signal.shape[1], len(steps)), np.nan)
    for k, step in enumerate(steps):
        bins = onsets + step
        is_inside = (bins >= 0) & (bins < n_bins)
        rows = bins[is_inside]
        rows = rows[runs[rows] == own[is_inside]]
        n = mask[rows].sum(axis=0)
        total = values[rows].sum(axis=0, dtype=np.float64)
        means[:, k] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return SaccadeResponses(steps * 1000 / sampling_rate, means, len(onsets))


def curve_correlation(one, other):
    """Correlation of the curves of two SaccadeResponses, (N,), such as data and model.

    Raises:
        ValueError: They are of different windows.
    """
    if not np.array_equal(one.times_ms, other.times_ms):
        raise ValueError("responses must be of the same window around saccades.")
    a, b = one.means.T, other.means.T
    is_known = np.isfinite(a) & np.isfinite(b)
    return metrics.correlation(a, b, is_known)


def _mean_of(values):
    is_known = np.isfinite(values)
    n = is_known.sum(axis=1)
    total = np.where(is_known, values, 0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
