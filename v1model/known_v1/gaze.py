"""Where an eye looks: fixations with drift, saccades and microsaccades.

Numbers are of a primate that views pictures freely: fixations of about 280 ms, drift as
Brownian motion, saccades of 2 degrees in the median.
"""

from typing import NamedTuple

import numpy as np

FIXATION_SHAPE, FIXATION_S = 4.0, 0.28  # gamma distribution: shape, mean
FIXATION_RANGE_S = (0.1, 0.8)
DIFFUSION = 20.0 / 3600  # of the drift, degrees^2/s
SACCADE_DEGREES, SACCADE_SPREAD = 2.0, 0.7  # median, SD of the logarithm
MICROSACCADE_DEGREES, MICROSACCADES_HZ = 0.2, 1.0
MICROSACCADE_SPREAD = 0.4
RAMP_S = 0.025  # in which the eye gets there


class Gaze(NamedTuple):
    """An eye over time.

    position: (T, 2) y, x in pixels of the picture: the frame's middle.
    is_fixating: (T,) bool, False in saccades and a bin before and after.
    """

    position: np.ndarray
    is_fixating: np.ndarray


def draw_gaze(rng, n_bins, extent, sampling_rate, pixels_per_degree):
    """The gaze during a trial.

    Args:
        rng: NumPy Generator.
        n_bins: T.
        extent: Room of the gaze, (2,) pixels: it stays in [0, extent].
        sampling_rate: Hz.
        pixels_per_degree: Of the picture.
    """
    extent = np.asarray(extent, np.float64)
    steps = rng.standard_normal((n_bins, 2))
    steps *= pixels_per_degree * np.sqrt(2 * DIFFUSION / sampling_rate)
    starts, sizes = _saccades(rng, n_bins, sampling_rate)
    angle = rng.uniform(0, 2 * np.pi, len(starts))
    jump = (sizes * pixels_per_degree)[:, None] * np.stack(
        [np.sin(angle), np.cos(angle)], -1
    )
    ramp = max(1, round(RAMP_S * sampling_rate))
    is_moving = np.zeros(n_bins + 1, bool)
    for k in range(-1, ramp + 1):  # a bin before and after
        is_moving[np.clip(starts + k, 0, n_bins)] = True
        if 0 <= k < ramp:
            inside = starts + k < n_bins
            np.add.at(steps, starts[inside] + k, jump[inside] / ramp)
    place = rng.uniform(0, extent) + np.cumsum(steps, axis=0)
    return Gaze(folded(place, extent), ~is_moving[:n_bins])


def folded(place, extent):
    """Places (T, 2) that left [0, extent], reflected at its borders."""
    extent = np.maximum(extent, 1e-6)
    return extent - np.abs(place % (2 * extent) - extent)


def _saccades(rng, n_bins, sampling_rate):
    """First bins and amplitudes (degrees) of saccades and microsaccades."""
    seconds = n_bins / sampling_rate
    n = int(seconds / FIXATION_RANGE_S[0]) + 2
    fixations = rng.gamma(FIXATION_SHAPE, FIXATION_S / FIXATION_SHAPE, n)
    times = np.cumsum(np.clip(fixations, *FIXATION_RANGE_S))
    sizes = SACCADE_DEGREES * np.exp(SACCADE_SPREAD * rng.standard_normal(n))
    n_small = rng.poisson(MICROSACCADES_HZ * seconds)
    small = MICROSACCADE_DEGREES * np.exp(
        MICROSACCADE_SPREAD * rng.standard_normal(n_small)
    )
    times = np.concatenate([times, rng.uniform(0, seconds, n_small)])
    sizes = np.concatenate([sizes, small])
    is_inside = times < seconds
    return (times[is_inside] * sampling_rate).astype(int), sizes[is_inside]
