"""What each penalty measures of kernels, whatever their size: pure functions.

Temporal kernels are (K, M), row tau has the lag tau, 0 is the newest bin. Kernels in
space are (..., H, W, C, F), F output channels; what stands before F belongs to a
channel's kernel. Each measure is a share of the kernel's energy, averaged over kernels,
so that a weight means the same in every model.
"""

import numpy as np
import tensorflow as tf

from v1model.cnn.readouts import places

_LEAST_TRANSFORM = 4  # times K: points of the Fourier transform


def energy_share(kernels, form):
    """k . Q k / k . k, averaged over kernels: scalar; 0 of a kernel of zeros.

    Args:
        kernels: (K, M).
        form: Q, (K, K), symmetric.
    """
    shares = tf.math.divide_no_nan(
        tf.reduce_sum(kernels * tf.matmul(form, kernels), 0),
        tf.reduce_sum(tf.square(kernels), 0),
    )
    return tf.reduce_mean(shares)


def low_frequency_form(n_lags, sampling_rate, corner_hz, order):
    """Q of the share of power at low frequencies, each weighted by

        W(f) = 1 / (1 + (f / corner)^(2 order))

    The power spectrum of a kernel that is padded with zeros is a quadratic form of it,
    so the Fourier transform is taken once and for all.

    Args:
        n_lags: K.
        sampling_rate: Hz.
        corner_hz: Hz.
        order: Steepness.

    Returns:
        (K, K) float32.
    """
    n = 2 ** int(np.ceil(np.log2(_LEAST_TRANSFORM * n_lags)))
    frequencies = np.fft.fftfreq(n, 1 / sampling_rate)
    weights = 1 / (1 + (np.abs(frequencies) / corner_hz) ** (2 * order))
    correlations = np.fft.ifft(weights).real
    return _of_differences(correlations, n_lags)


def sum_form(n_lags):
    """Q of (sum k)^2 / K: 1 of a constant kernel, 0 of one without a sum."""
    return np.full((n_lags, n_lags), 1 / n_lags, np.float32)


def newest_form(n_lags, tau_bins):
    """Q of sum exp(-tau / tau_bins) k[tau]^2: the energy near lag 0."""
    return np.diag(np.exp(-np.arange(n_lags) / tau_bins)).astype(np.float32)


def roughness_form(n_lags):
    """Q of sum (k[tau + 1] - 2 k[tau] + k[tau - 1])^2 over the kernel's inside."""
    second = np.diff(np.eye(n_lags), n=2, axis=0)
    return (second.T @ second).astype(np.float32)


def spatial_roughness(kernels):
    """Energy of the kernels' Laplacian, over their own: scalar.

        [0 -1 0; -1 4 -1; 0 -1 0] * k, with zeros around k

    Args:
        kernels: (..., H, W, C, F).
    """
    kernels = tf.reshape(kernels, (-1, *kernels.shape[-4:]))
    padded = tf.pad(kernels, [(0, 0), (1, 1), (1, 1), (0, 0), (0, 0)])
    laplacian = 4 * kernels
    laplacian -= padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    laplacian -= padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    axes = (0, 1, 2, 3)
    shares = tf.math.divide_no_nan(
        tf.reduce_sum(tf.square(laplacian), axes),
        tf.reduce_sum(tf.square(kernels), axes),
    )
    return tf.reduce_mean(shares)


def spatial_spread(kernels):
    """Mean squared distance of a kernel's energy from its centre, in its area: scalar.

        sum_p |p - centre|^2 k(p)^2 / (H W sum_p k(p)^2)

    Args:
        kernels: (..., H, W, C, F).
    """
    height, width = kernels.shape[-4:-2]
    axes = [*range(len(kernels.shape) - 4), -2]
    energies = tf.reduce_sum(tf.square(kernels), axes)  # (H, W, F)
    energies = tf.transpose(tf.reshape(energies, (height * width, -1)))
    return tf.reduce_mean(places.energy_spreads(energies, height, width))


def _of_differences(values, n):
    """Matrix (n, n) of values[|i - j|]."""
    index = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return values[index].astype(np.float32)
