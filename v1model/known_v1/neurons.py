"""Neurons whose every number is known: simple, complex and normalised cells.

A neuron has two Gabor filters a quarter of a period apart, w_c and w_s, of unit energy
and without response to grey, and a kernel in time k, a difference of two gamma kernels
after a pure delay:

    q_i(t) = sum_tau k(tau) <w_i, x(t - tau)>
    simple      d = q_c
    complex     d = sqrt(q_c^2 + q_s^2)
    normalised  d = sqrt(q_c^2 + q_s^2) / (s50 + c)
    rate = floor + slope softplus(gain (d - middle) / spread + threshold)

where c is the frames' root mean square, averaged over the past 50 ms (exponential) and
delayed as the kernel is. `middle` and `spread`, mean and standard deviation of d, and
`slope`, from the neuron's mean rate, come from natural pictures; they stay as they are
for all other stimuli. Lag 0 is the bin itself: the frame of a bin acts on its rate.
"""

import numpy as np
import pandas as pd
from scipy import signal, special

KINDS = ("simple", "complex", "normalised")
FREQUENCIES = (0.08, 0.12, 0.16)  # cycles per pixel
ENVELOPE_CYCLES = (0.3, 0.4)  # SD of the envelope across the bars
ASPECT = (1.0, 1.6)  # along the bars, in the width across them
CENTRE_SHARE = 0.45  # centres lie in the middle part of the frame, share of its side
DELAY_MS, FAST_MS, SLOW_MS = (25.0, 50.0), (9.0, 13.0), (15.0, 20.0)
GAMMA_ORDER = 4
SECOND_LOBE = (0.5, 0.9)  # area of the slow kernel, in that of the fast one
KERNEL_S = 0.25  # what comes later is left out
CONTRAST_S = 0.05
S50 = (0.05, 0.1)  # frames' RMS at which the response is half the largest
GAIN = (1.5, 2.5)
THRESHOLD = (-2.0, -1.0)


def draw_neurons(rng, config):
    """A table of neurons, of KINDS in turn.

    Returns:
        Data frame: id, kind, center_y and center_x (pixels, 0 is the middle of the
        first one), orientation_deg (of the direction across the bars), frequency
        (cycles per pixel), phase_deg, sigma_px (across the bars), aspect, delay_ms,
        fast_ms, slow_ms, second_lobe, s50 (0 without normalisation), latency_ms (where
        the kernel's first peak is), rate_hz (wanted, of natural pictures), floor (share
        of it), gain and threshold.
    """
    n, size = config.n_neurons, config.frame_size
    kind = np.resize(KINDS, n)
    # In turn, so that every kind has each frequency.
    frequency = np.resize(np.repeat(FREQUENCIES, len(KINDS)), n)
    frequency = rng.permutation(frequency) if n < 3 * len(KINDS) else frequency
    cycles = rng.uniform(*ENVELOPE_CYCLES, n)
    middle, room = (size - 1) / 2, CENTRE_SHARE * size / 2
    center = middle + rng.uniform(-room, room, (2, n))
    log_hz = np.log(config.median_hz) + config.rate_spread * rng.standard_normal(n)
    table = pd.DataFrame(
        {
            "id": np.arange(n),
            "kind": kind,
            "center_y": center[0],
            "center_x": center[1],
            "orientation_deg": rng.uniform(0, 180, n),
            "frequency": frequency / config.scale,
            "phase_deg": rng.uniform(0, 360, n),
            "sigma_px": cycles / frequency * config.scale,
            "aspect": rng.uniform(*ASPECT, n),
            "delay_ms": rng.uniform(*DELAY_MS, n),
            "fast_ms": rng.uniform(*FAST_MS, n),
            "slow_ms": rng.uniform(*SLOW_MS, n),
            "second_lobe": rng.uniform(*SECOND_LOBE, n),
            "s50": np.where(kind == "normalised", rng.uniform(*S50, n), 0.0),
            "rate_hz": np.clip(np.exp(log_hz), config.lowest_hz, config.highest_hz),
            "floor": rng.uniform(0, config.largest_floor, n),
            "gain": rng.uniform(*GAIN, n),
            "threshold": rng.uniform(*THRESHOLD, n),
        }
    )
    return table.assign(latency_ms=latencies_ms(table, config.sampling_rate))


def filters(table, size):
    """Gabor filters: (N, 2, size, size) float64, cosine and sine."""
    grid = np.arange(size)[:, None]
    y, x = (
        grid - table[name].to_numpy() for name in ("center_y", "center_x")
    )  # (size, N)
    y, x = y.T[:, :, None], x.T[:, None, :]
    angle, phase, f, sigma, aspect = (
        table[name].to_numpy()[:, None, None]
        for name in ("orientation_deg", "phase_deg", "frequency", "sigma_px", "aspect")
    )
    angle, phase = np.deg2rad(angle), np.deg2rad(phase)
    across = x * np.cos(angle) + y * np.sin(angle)
    along = y * np.cos(angle) - x * np.sin(angle)
    envelope = np.exp(-0.5 * (across**2 + (along / aspect) ** 2) / sigma**2)
    found = []
    for shift in (0, np.pi / 2):
        w = envelope * np.cos(2 * np.pi * f * across + phase - shift)
        w -= envelope * (w.sum((1, 2)) / envelope.sum((1, 2)))[:, None, None]
        found.append(w / np.sqrt((w**2).sum((1, 2)))[:, None, None])
    return np.stack(found, 1)


def kernels(table, sampling_rate):
    """Kernels in time by lag, lag 0 first: (N, L) float64, of unit energy."""
    ms = np.arange(round(KERNEL_S * sampling_rate)) * 1000 / sampling_rate
    delay, fast, slow, lobe = (
        table[name].to_numpy()[:, None]
        for name in ("delay_ms", "fast_ms", "slow_ms", "second_lobe")
    )
    t = np.maximum(ms - delay, 0)
    k = _gamma(t, fast) - lobe * _gamma(t, slow)
    return k / np.sqrt((k**2).sum(1, keepdims=True))


def latencies_ms(table, sampling_rate):
    """Where |k| is largest, by a parabola through three bins: (N,) ms."""
    k = np.abs(kernels(table, sampling_rate))
    at = np.clip(k.argmax(1), 1, k.shape[1] - 2)
    left, top, right = (k[np.arange(len(k)), at + step] for step in (-1, 0, 1))
    return (at + 0.5 * (left - right) / (left - 2 * top + right)) * 1000 / sampling_rate


def drives(movie, table, sampling_rate):
    """d of each neuron; before the movie the screen was grey.

    Args:
        movie: (T, H, W) luminance, 0 is grey.
        table: See `draw_neurons`.
        sampling_rate: Hz.

    Returns:
        (T, N) float64.
    """
    n = len(table)
    pixels = movie.reshape(len(movie), -1)
    w = filters(table, movie.shape[1]).reshape(2 * n, -1).astype(movie.dtype)
    q = (pixels @ w.T).astype(np.float64)
    k = np.repeat(kernels(table, sampling_rate), 2, axis=0)
    q = signal.oaconvolve(q, k.T, axes=0)[: len(movie)].reshape(-1, n, 2)
    is_simple = (table["kind"] == "simple").to_numpy()
    d = np.where(is_simple, q[..., 0], np.hypot(q[..., 0], q[..., 1]))
    is_normalised = (table["kind"] == "normalised").to_numpy()
    if is_normalised.any():
        own = table[is_normalised]
        d[:, is_normalised] /= own["s50"].to_numpy() + contrast(
            pixels, own["delay_ms"].to_numpy(), sampling_rate
        )
    return d


def contrast(pixels, delay_ms, sampling_rate):
    """Root mean square of the frames over the past, delayed: (T, K) float64.

    Args:
        pixels: (T, P) luminance, 0 is grey.
        delay_ms: (K,), rounded to bins.
        sampling_rate: Hz.
    """
    rms = np.sqrt(np.mean(np.square(pixels, dtype=np.float64), axis=1))
    share = 1 - np.exp(-1 / (sampling_rate * CONTRAST_S))
    mean = signal.lfilter([share], [1, share - 1], rms)
    delay = np.rint(np.asarray(delay_ms) * sampling_rate / 1000).astype(int)
    at = np.arange(len(mean))[:, None] - delay
    return np.where(at >= 0, mean[np.maximum(at, 0)], 0.0)


def calibrated(table, drive):
    """The table with middle, spread and slope from natural pictures.

    Args:
        table: See `draw_neurons`.
        drive: d in natural pictures, (T, N).

    Raises:
        ValueError: The pictures move nothing in a neuron.
    """
    middle, spread = drive.mean(0), drive.std(0)
    if not (spread > 0).all():
        raise ValueError("the pictures do not drive all neurons: they must vary.")
    table = table.assign(middle=middle, spread=spread, slope=1.0)
    wanted = table["rate_hz"] * (1 - table["floor"])
    return table.assign(slope=wanted / _nonlinear(drive, table).mean(0))


def rates(drive, table):
    """Rates of calibrated neurons: (T, N) Hz."""
    floor = (table["rate_hz"] * table["floor"]).to_numpy()
    return floor + table["slope"].to_numpy() * _nonlinear(drive, table)


def _nonlinear(drive, table):
    middle, spread, gain, threshold = (
        table[name].to_numpy() for name in ("middle", "spread", "gain", "threshold")
    )
    return np.logaddexp(0, gain * (drive - middle) / spread + threshold)


def _gamma(t, tau):
    """Gamma kernel of unit area."""
    n = GAMMA_ORDER
    return (t / tau) ** (n - 1) * np.exp(-t / tau) / (tau * special.gamma(n))
