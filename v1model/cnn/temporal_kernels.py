"""Temporal kernels (K, M): what they begin as, and what they are kept from.

Row tau is the lag in bins: 0 is the newest bin. The first `n_masked` taps are those
that a hard mask makes 0; kernels begin behind them.
"""

import numpy as np
import tensorflow as tf

# Of the two lobes of a biphasic kernel, ms, and the second one's size.
BIPHASIC_TAUS_MS = (8.0, 22.0)
BIPHASIC_ORDER = 2
BIPHASIC_BALANCE = 0.9
SPREAD = (0.75, 1.5)  # factors of the time constants, first kernel to last
SMALLEST_NORM = 1e-8


def initial_kernels(kind, n_taps, n_kernels, n_masked, sampling_rate, draw):
    """Kernels before training, each with the sum of squares 1.

    gaussian_derivatives: g = exp(-t^2 / 2 s^2), its first and second derivative, then
        noise times g; t from the middle of the taps that are not masked, s a sixth of
        their number.
    biphasic: G(t; 8 ms) - 0.9 G(t; 22 ms), G a gamma density of order 2, minus the
        mean. The time constants are times 0.75 to 1.5: every kernel has its own.
    raised_cosine: cosines in log time, peaks from the first tap to the last.
    identity: kernel i is 1 at tap i, or at the last one; the others are 0.
    random: normal numbers.

    Args:
        kind: A name in KINDS.
        n_taps: K.
        n_kernels: M.
        n_masked: Taps that stay 0.
        sampling_rate: Taps per second, Hz.
        draw: Function of a shape that gives normal numbers.

    Returns:
        (K, M) float32.
    """
    n_free = n_taps - n_masked
    kernels = KINDS[kind](n_free, n_kernels, sampling_rate, draw)
    kernels = kernels / np.linalg.norm(kernels, axis=0)
    return np.pad(kernels, ((n_masked, 0), (0, 0))).astype(np.float32)


def gamma_density(t, tau, order):
    """t^n exp(-t / tau), with the sum 1 over the first axis; t and tau in one unit.

    NumPy or TensorFlow, whichever `t` and `tau` are.
    """
    scaled = t / tau
    kernel = scaled**order * tf.exp(-scaled)
    return kernel / tf.reduce_sum(kernel, 0)


def midpoints_ms(n_taps, sampling_rate):
    """Time from the middle of each bin to the end of the newest, ms, (K,)."""
    return ((np.arange(n_taps) + 0.5) * 1000 / sampling_rate).astype(np.float32)


def raised_cosines(t, peaks):
    """Bumps in log time, 0.5 (1 + cos a), a = pi (t - peak) / w within +-pi.

    w is twice the distance of two peaks (Pillow et al., Nature 2008).

    Args:
        t: Log times, (K,).
        peaks: Log times at equal distances, (M,).

    Returns:
        (K, M).
    """
    width = 2 * (peaks[1] - peaks[0]) if len(peaks) > 1 else 2.0
    phase = np.clip((t[:, None] - peaks) / max(width, SMALLEST_NORM), -1, 1)
    return 0.5 * (1 + np.cos(np.pi * phase))


def _gaussian_derivatives(n_taps, n_kernels, sampling_rate, draw):
    del sampling_rate
    t = np.arange(n_taps) - (n_taps - 1) / 2
    width = n_taps / 6
    gaussian = np.exp(-(t**2) / (2 * width**2))
    # The sign of the first derivative is of time, which runs against the lag.
    first = t / width**2 * gaussian
    second = (t**2 / width**2 - 1) / width**2 * gaussian
    noise = draw((n_taps, n_kernels)) * gaussian[:, None]
    # One tap has no derivative: noise takes its place, too.
    derivatives = [gaussian, first, second] if n_taps > 1 else [gaussian]
    columns = [*derivatives, *noise.T[len(derivatives) :]]
    return np.stack(columns[:n_kernels], 1)


def _biphasic(n_taps, n_kernels, sampling_rate, draw):
    del draw
    t = midpoints_ms(n_taps, sampling_rate)[:, None]
    factors = np.geomspace(*SPREAD, n_kernels) if n_kernels > 1 else np.ones(1)
    fast, slow = (
        gamma_density(t, tau * factors, BIPHASIC_ORDER) for tau in BIPHASIC_TAUS_MS
    )
    kernels = np.asarray(fast - BIPHASIC_BALANCE * slow)
    return kernels - kernels.mean(0) if n_taps > 1 else kernels


def _raised_cosines(n_taps, n_kernels, sampling_rate, draw):
    del sampling_rate, draw
    t = np.log(np.arange(n_taps) + 1)
    return raised_cosines(t, np.linspace(t[0], t[-1], n_kernels))


def _identity(n_taps, n_kernels, sampling_rate, draw):
    del sampling_rate, draw
    taps = np.minimum(np.arange(n_kernels), n_taps - 1)
    return np.eye(n_taps)[:, taps]


def _random(n_taps, n_kernels, sampling_rate, draw):
    del sampling_rate
    return draw((n_taps, n_kernels))


KINDS = {
    "gaussian_derivatives": _gaussian_derivatives,
    "biphasic": _biphasic,
    "raised_cosine": _raised_cosines,
    "identity": _identity,
    "random": _random,
}


def latency_mask(n_taps, n_masked, ramp):
    """0 at the first taps, half a cosine over `ramp` taps, then 1; (K,) float32."""
    step = (np.arange(n_taps) - n_masked + 1) / (ramp + 1)
    mask = 0.5 - 0.5 * np.cos(np.pi * np.clip(step, 0, 1))
    return mask.astype(np.float32)


def without_sum(kernels, window, n_free):
    """Kernels times a window, with the sum 0 but for the last `n_free` kernels.

        w (k - w sum(w k) / sum(w^2))

    is the nearest k whose windowed sum is 0, so that masked taps stay 0.

    Args:
        kernels: (K, M).
        window: (K,), not 0 everywhere.
        n_free: Kernels, the last ones, that are only windowed.
    """
    window = tf.convert_to_tensor(window)[:, None]
    total = tf.reduce_sum(window * kernels, 0, keepdims=True)
    n_kernels = kernels.shape[1]
    is_bound = tf.range(n_kernels) < n_kernels - n_free
    total = tf.where(is_bound, total / tf.reduce_sum(window**2), 0.0)
    return window * (kernels - window * total)


def unit_norm(kernels):
    """Each kernel divided by its length; one of zeros stays."""
    length = tf.sqrt(tf.reduce_sum(kernels**2, 0, keepdims=True))
    return kernels / tf.maximum(length, SMALLEST_NORM)
