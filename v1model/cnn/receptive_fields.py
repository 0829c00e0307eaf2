"""Spike-triggered averages of movies, of spikes and of predicted rates alike.

    STA(tau) = sum_t y_t z_{t - tau} / sum_t y_t        STE: the same of z^2

z are the pixels less their mean, if wanted decorrelated in space. The STA of a complex
cell is flat; its STE, the energy, is not. Models are judged by the averages that their
rates have over the same bins of the same movie, so that both see its correlations.
"""

from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

WHITENING_FLOOR = 1e-2  # luminance^2; directions in which the movie varies less fade
MOST_PIXELS = 48**2  # of a map; more cost minutes of whitening and GB of averages


class TriggeredAverages(NamedTuple):
    """Averages of N signals over L lags (bins; 0 is the bin itself) and H x W pixels.

    sta: (N, L, H, W) float32, units of z.
    ste: (N, L, H, W) float32, units of z^2.
    power: Mean of z^2 of all frames, (H, W).
    n_effective: (sum y)^2 / sum y^2, (N,): bins that the average is over.
    pixel: Side of a pixel of the maps, in pixels of the frame.
    """

    sta: np.ndarray
    ste: np.ndarray
    power: np.ndarray
    n_effective: np.ndarray
    pixel: int = 1

    @property
    def z_sta(self):
        """STA in standard errors, of spikes; of rates its scale means nothing."""
        scale = np.sqrt(self.n_effective)[:, None, None, None]
        return self.sta / np.sqrt(self.power) * scale

    @property
    def z_ste(self):
        """STE, less the power of all frames, in standard errors of normal pixels."""
        scale = np.sqrt(self.n_effective / 2)[:, None, None, None]
        return (self.ste / self.power - 1) * scale

    def take(self, rows):
        """Those of some signals: indices or a slice."""
        return self._replace(
            sta=self.sta[rows], ste=self.ste[rows], n_effective=self.n_effective[rows]
        )


# Threads of a product that wait for each other, where other programs compute, were
# measured to take thirty times as long as one thread.
@threadpool_limits.wrap(limits=1, user_api="blas")
def sta_ste(
    recording,
    signal=None,
    mask=None,
    n_lags=16,
    parts=None,
    types=None,
    is_whitened=False,
    most_pixels=None,
):
    """TriggeredAverages of the movie of a recording.

    All lags are averaged over the same bins, those with n_lags - 1 bins of their trial
    before them. Channels are averaged.

    Args:
        recording: RecordingData.
        signal: (T, N), not negative, such as predicted rates; NaN does not count. None
            is the spike counts.
        mask: Which bins count, broadcasts to (T, N); None takes what is valid.
        n_lags: L.
        parts, types: Of the trials; None for all.
        is_whitened: Whether the pixels are decorrelated in space, which natural
            pictures need and flashed Gabors do not: z = W (x - mean),
            W = V (eigenvalues + 0.01)^(-1/2) V^T of the frames' covariance.
        most_pixels: Frames of more are averaged over squares of pixels; what is left
            at their lower and right borders is cut off. None keeps all.

    Raises:
        ValueError: Shapes differ, the signal is negative, or no trial is of these parts
            and types, or as long as the lags.
    """
    signal = recording.counts if signal is None else np.asarray(signal)
    if signal.ndim != 2 or len(signal) != len(recording.counts):
        raise ValueError(
            f"signal {signal.shape} must be (T, N) of {len(recording.counts)} bins."
        )
    if mask is None:
        own = recording.valid
        mask = own if signal.shape == own.shape else own.any(axis=1, keepdims=True)
    trials = recording.trials_of(parts, types)
    bins = list(zip(trials["start"], trials["stop"], strict=True))
    bins = [(start, stop) for start, stop in bins if stop - start >= n_lags]
    if not bins:
        raise ValueError(
            f"{recording.path}: no trial of part {parts} and type {types} has n_lags "
            f"{n_lags} bins."
        )
    pixel = _side_of_pixels(recording.spec.frame_shape[:2], most_pixels)
    mean, matrix = _frame_statistics(recording, bins, is_whitened, pixel)
    height, width = (side // pixel for side in recording.spec.frame_shape[:2])
    n_pixels, n = height * width, signal.shape[1]
    sums = np.zeros((2, n_lags, n, n_pixels))
    power, n_frames = np.zeros(n_pixels), 0
    total, squares = np.zeros(n), np.zeros(n)
    for start, stop in bins:
        pixels = _pixels(recording, start, stop, pixel) - mean
        if matrix is not None:
            pixels = pixels @ matrix
        energy = pixels**2
        power += energy.sum(axis=0, dtype=np.float64)
        n_frames += len(pixels)
        weights = _weights(signal, mask, start + n_lags - 1, stop)
        total += weights.sum(axis=0, dtype=np.float64)
        squares += (weights.astype(np.float64) ** 2).sum(axis=0)
        lagged = _lagged(weights, n_lags)
        sums[0] += (lagged @ pixels).reshape(sums[0].shape)
        sums[1] += (lagged @ energy).reshape(sums[1].shape)
    if total.min() < 0:
        raise ValueError("signal must not be negative.")
    sums /= np.where(total > 0, total, np.nan)[:, None]
    maps = sums.transpose(0, 2, 1, 3).reshape(2, n, n_lags, height, width)
    n_effective = total**2 / np.where(squares > 0, squares, 1)
    # A pixel that never changes has no power; its averages are 0.
    power = np.maximum(power / n_frames, 1e-12).reshape(height, width)
    return TriggeredAverages(*maps.astype(np.float32), power, n_effective, pixel)


def map_correlation(one, other):
    """Correlation of maps over lags and pixels, (N,); NaN where one is flat.

    Args:
        one, other: (N, ...), as `sta`; of an STE take `ste - power`, whose zero means
            something.
    """
    one, other = (x.reshape(len(x), -1).astype(np.float64) for x in (one, other))
    scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    is_known = scale > 0  # False for NaN, too
    product = (one * other).sum(axis=1)
    return np.where(is_known, product / np.where(is_known, scale, 1), np.nan)


def _side_of_pixels(frame, most):
    """Side of the smallest squares, pixels, of which a frame has at most so many."""
    side = 1
    while most is not None and (frame[0] // side) * (frame[1] // side) > most:
        side += 1
    return min(side, *frame)


def _pixels(recording, start, stop, side):
    frames = recording.movie(start, stop).mean(axis=-1)
    if side > 1:
        t, height, width = frames.shape[0], *(n // side for n in frames.shape[1:])
        frames = frames[:, : height * side, : width * side]
        frames = frames.reshape(t, height, side, width, side).mean(axis=(2, 4))
    return frames.reshape(len(frames), -1)


def _weights(signal, mask, start, stop):
    rows = np.asarray(signal[start:stop], np.float32)
    own = np.asarray(mask, bool)
    own = np.broadcast_to(own, signal.shape)[start:stop] & np.isfinite(rows)
    rows = np.where(own, rows, 0)
    if (rows < 0).any():
        raise ValueError(f"signal must not be negative, got {rows.min()}.")
    return rows


def _lagged(weights, n_lags):
    """Weights of the frames before each bin: (L N, t + L - 1).

    One large product of matrices in the place of one per lag.

    Args:
        weights: Of the bins from n_lags - 1 on, (t, N).
        n_lags: L.
    """
    t, n = weights.shape
    found = np.zeros((n_lags, n, t + n_lags - 1), weights.dtype)
    for lag in range(n_lags):
        first = n_lags - 1 - lag
        found[lag, :, first : first + t] = weights.T
    return found.reshape(n_lags * n, -1)


def _frame_statistics(recording, bins, is_whitened, pixel):
    """Mean frame (D,), and the matrix that decorrelates pixels (D, D) or None."""
    n_pixels = np.prod([side // pixel for side in recording.spec.frame_shape[:2]])
    total, n_frames = np.zeros(n_pixels), 0
    products = np.zeros((n_pixels, n_pixels)) if is_whitened else None
    for start, stop in bins:
        pixels = _pixels(recording, start, stop, pixel)
        total += pixels.sum(axis=0, dtype=np.float64)
        n_frames += len(pixels)
        if is_whitened:
            products += pixels.T @ pixels
    mean = total / n_frames
    if not is_whitened:
        return mean.astype(np.float32), None
    covariance = products / n_frames - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0) + WHITENING_FLOOR
    matrix = (vectors / np.sqrt(values)) @ vectors.T
    return mean.astype(np.float32), matrix.astype(np.float32)
