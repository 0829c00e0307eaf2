"""Tuning to flashed gratings, by forward correlation of spikes or predicted rates."""

from typing import NamedTuple

import numpy as np

LEAST_SPIKES = 50


class GratingTuning(NamedTuple):
    """What N neurons prefer; NaN without enough spikes.

    tuning: Mean response (spikes per bin) to each orientation and frequency at the best
        lag, (N, O, F).
    orientations, frequencies: (O,) degrees, (F,) cycles per pixel.
    peak_lag: Lag at which responses differ most between gratings, (N,) bins.
    orientation: Vector mean over orientations at the best frequency, (N,) degrees in
        [0, 180).
    osi: Its length |sum r exp(2 i a)| / sum r, (N,).
    frequency: Best one, (N,) cycles per pixel.
    f1_f0: Modulation by the phase of the best grating, A / C of a fit
        C + A cos(phase - phase_0), (N,): above 1 for a rectified simple cell, near 0
        for a complex one.
    phase: phase_0, (N,) degrees in [0, 360).
    """

    tuning: np.ndarray
    orientations: np.ndarray
    frequencies: np.ndarray
    peak_lag: np.ndarray
    orientation: np.ndarray
    osi: np.ndarray
    frequency: np.ndarray
    f1_f0: np.ndarray
    phase: np.ndarray


def grating_tuning(signal, mask, shown, runs, n_lags=16):
    """GratingTuning of counts or rates.

    Args:
        signal: (T, N), spikes per bin; anything where the mask is False.
        mask: (T, N) bool.
        shown: Grating of each bin, (T, 3): orientation and phase in degrees, first and
            last, and frequency in cycles per pixel between them; frequency 0 is none.
        runs: Number of the trial of each bin, (T,): a response counts if its grating
            was in the same one. -1 is no trial.
        n_lags: Lags that are tried, bins.

    Raises:
        ValueError: Shapes differ, or no grating was shown.
    """
    signal, mask, shown = np.asarray(signal), np.asarray(mask, bool), np.asarray(shown)
    runs = np.asarray(runs)
    if shown.shape != (len(signal), 3) or mask.shape != signal.shape:
        raise ValueError(
            f"signal {signal.shape}, mask {mask.shape} and shown {shown.shape} must be "
            "(T, N), (T, N) and (T, 3)."
        )
    is_shown = (shown[:, 1] > 0) & (runs >= 0)
    if not is_shown.any():
        raise ValueError("shown has no grating: all frequencies are 0.")
    orientations, own_o = np.unique(shown[is_shown, 0] % 180, return_inverse=True)
    frequencies, own_f = np.unique(shown[is_shown, 1], return_inverse=True)
    kinds = np.full(len(signal), -1)
    kinds[is_shown] = own_o.ravel() * len(frequencies) + own_f.ravel()
    n_kinds = len(orientations) * len(frequencies)
    values = np.where(mask, signal, 0).astype(np.float64)
    means = np.stack(
        [_means(values, mask, kinds, runs, lag, n_kinds) for lag in range(n_lags)]
    )  # (L, K, N)
    spread = _spread(means)
    peak = spread.argmax(axis=0)
    neurons = np.arange(signal.shape[1])
    at_peak = means[peak, :, neurons]  # (N, K)
    tuning = at_peak.reshape(len(neurons), len(orientations), len(frequencies))
    best = np.nanargmax(np.nan_to_num(at_peak, nan=-np.inf), axis=1)
    best_o, best_f = np.divmod(best, len(frequencies))
    along = np.nan_to_num(tuning[neurons, :, best_f])  # (N, O)
    vector = along @ np.exp(2j * np.deg2rad(orientations))
    total = along.sum(axis=1)
    f1_f0, phase = _phase_tuning(values, mask, kinds, runs, shown[:, 2], peak, best)
    is_known = values.sum(axis=0) >= LEAST_SPIKES
    columns = (
        np.rad2deg(np.angle(vector)) / 2 % 180,
        np.abs(vector) / np.where(total > 0, total, 1),
        frequencies[best_f],
        f1_f0,
        phase,
    )
    columns = [np.where(is_known, column, np.nan) for column in columns]
    peak = np.where(is_known, peak, np.nan)
    return GratingTuning(tuning, orientations, frequencies, peak, *columns)


def orientation_difference(one, other):
    """Angle between orientations in degrees, at most 90."""
    difference = np.abs(np.asarray(one) - np.asarray(other)) % 180
    return np.minimum(difference, 180 - difference)


def _means(values, mask, kinds, runs, lag, n_kinds):
    """Mean response `lag` bins after each kind of grating, (K, N); NaN without one."""
    before, after = slice(0, len(values) - lag), slice(lag, len(values))
    is_used = (kinds[before] >= 0) & (runs[before] == runs[after])
    rows = np.flatnonzero(is_used) + lag
    one_hot = np.zeros((n_kinds, len(rows)), np.float64)
    one_hot[kinds[rows - lag], np.arange(len(rows))] = 1
    n = one_hot @ mask[rows]
    return np.where(n > 0, one_hot @ values[rows] / np.maximum(n, 1), np.nan)


def _spread(means):
    """Standard deviation over gratings, (L, N), of those that were seen."""
    is_known = np.isfinite(means)
    n = np.maximum(is_known.sum(axis=1), 1)
    mean = np.where(is_known, means, 0).sum(axis=1) / n
    deviation = np.where(is_known, means - mean[:, None], 0)
    return np.sqrt((deviation**2).sum(axis=1) / n)


def _phase_tuning(values, mask, kinds, runs, phases, peak, best):
    """F1/F0 and preferred phase (degrees) at the best grating and lag, (N,) each."""
    n_neurons = values.shape[1]
    ratio, preferred = np.full((2, n_neurons), np.nan)
    for lag, kind in sorted({*zip(peak.tolist(), best.tolist(), strict=True)}):
        rows = np.flatnonzero(kinds[: len(values) - lag] == kind)
        rows = rows[runs[rows] == runs[rows + lag]] + lag
        angle = np.deg2rad(phases[rows - lag])
        design = np.stack([np.ones(len(rows)), np.cos(angle), np.sin(angle)], -1)
        for n in np.flatnonzero((peak == lag) & (best == kind)):
            own = mask[rows, n]
            if len(np.unique(phases[rows[own] - lag])) < 3:
                continue  # three numbers are fitted
            fit = np.linalg.lstsq(design[own], values[rows[own], n], rcond=None)[0]
            if fit[0] > 0:
                ratio[n] = np.hypot(fit[1], fit[2]) / fit[0]
                preferred[n] = np.rad2deg(np.arctan2(fit[2], fit[1])) % 360
    return ratio, preferred
