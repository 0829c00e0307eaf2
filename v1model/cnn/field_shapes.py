"""Where a receptive field is, and when: centre, latency and kind of a neuron."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

SMOOTHING_PX = 1.0  # of the energy, so that a Gabor's lobes become one
THRESHOLD = 0.3  # of the largest energy; less is noise and does not pull the centre


class FieldShapes(NamedTuple):
    """What averages say about receptive fields, (N,) each; NaN without spikes.

    peak_lag: Lag at which the map varies most over space, bins.
    latency_ms: The same between bins, by a parabola through three.
    center_y, center_x: Middle of the energy at the peak, pixels; 0 is the middle of the
        first pixel of the frame.
    snr_sta, snr_ste: Largest value at the peak, in standard deviations over space of
        the lag that varies least.
    simple_index: (snr_ste - snr_sta) / (snr_ste + snr_sta): simple cells are below 0.
    is_by_energy: Whether place and time are those of the STE.
    """

    peak_lag: np.ndarray
    latency_ms: np.ndarray
    center_y: np.ndarray
    center_x: np.ndarray
    snr_sta: np.ndarray
    snr_ste: np.ndarray
    simple_index: np.ndarray
    is_by_energy: np.ndarray

    @property
    def centers(self):
        """(N, 2) y, x."""
        return np.stack([self.center_y, self.center_x], axis=-1)


def field_shapes(averages, sampling_rate, is_by_energy=None):
    """FieldShapes of TriggeredAverages.

    Args:
        averages: TriggeredAverages.
        sampling_rate: Hz.
        is_by_energy: (N,) bool, as of the spikes when a model's rates are asked about;
            None takes what stands out more, STA or STE.
    """
    maps = averages.z_sta, averages.z_ste
    sta, ste = (_over_time(z) for z in maps)
    snr = [one[2] for one in (sta, ste)]
    if is_by_energy is None:
        is_by_energy = snr[1] > snr[0]
    is_by_energy = np.asarray(is_by_energy, bool)
    peak, latency = (
        np.where(is_by_energy, b, a) for a, b in zip(sta[:2], ste[:2], strict=True)
    )
    is_known = averages.n_effective > 0
    centers = np.full((len(peak), 2), np.nan)
    for n in np.flatnonzero(is_known):
        own = maps[int(is_by_energy[n])][n]
        lags = slice(max(int(peak[n]) - 1, 0), int(peak[n]) + 2)
        centers[n] = energy_center((own[lags].astype(np.float64) ** 2).sum(axis=0))
    centers = (centers + 0.5) * averages.pixel - 0.5  # of the frame
    total = snr[0] + snr[1]
    index = (snr[1] - snr[0]) / np.where(total > 0, total, np.nan)
    columns = (peak, latency * 1000 / sampling_rate, *centers.T, *snr, index)
    columns = (np.where(is_known, column, np.nan) for column in columns)
    return FieldShapes(*columns, is_by_energy)


def energy_center(energy):
    """Middle of a map of energy, (H, W): (y, x) pixels; NaN of a flat map.

    The mean place, weighted by what rises above the median by more than 0.3 of what the
    peak does, after smoothing.
    """
    smooth = ndimage.gaussian_filter(energy, SMOOTHING_PX, mode="constant")
    smooth = smooth - np.median(smooth)
    top = smooth.max()
    if not top > 0:
        return np.nan, np.nan
    weights = np.maximum(smooth - THRESHOLD * top, 0)
    return ndimage.center_of_mass(weights)


def parabolic_peak(course):
    """Place of the largest value of each row, between its neighbours: (N,).

    Args:
        course: (N, L). A peak at either end stays there.
    """
    n_lags = course.shape[1]
    peak = course.argmax(axis=1)
    rows = np.arange(len(course))
    left, top, right = (
        course[rows, np.clip(peak + step, 0, n_lags - 1)] for step in (-1, 0, 1)
    )
    bend = left - 2 * top + right
    is_inside = (peak > 0) & (peak < n_lags - 1) & (bend < 0)
    return peak + np.where(
        is_inside, 0.5 * (left - right) / np.where(is_inside, bend, 1), 0
    )


def _over_time(z):
    """Peak lag, latency in bins, and SNR of maps (N, L, H, W), (N,) each."""
    z = np.nan_to_num(z.astype(np.float64))
    course = z.std(axis=(2, 3))
    peak = course.argmax(axis=1)
    top = np.abs(z[np.arange(len(z)), peak]).max(axis=(1, 2))
    quietest = course.min(axis=1)
    snr = top / np.where(quietest > 0, quietest, 1)
    return peak, parabolic_peak(course), snr
