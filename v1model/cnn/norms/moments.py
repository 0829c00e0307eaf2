"""Sums over the pixels of frames, and of a frame together with those before it."""

import tensorflow as tf


def pixel_mean(x):
    """Mean over rows and columns, (B, T, H, W, C) -> (B, T, C) float32."""
    return tf.reduce_mean(tf.cast(x, tf.float32), (2, 3))


def windowed_mean(x, n_bins):
    """Mean over the last `n_bins` bins, (B, T, F) -> (B, T - n_bins + 1, F)."""
    if n_bins == 1:
        return x
    # Sums, not differences of a running sum, which would lose digits.
    n_out = tf.shape(x)[1] - n_bins + 1
    return tf.add_n([x[:, i : i + n_out] for i in range(n_bins)]) / n_bins


def windowed_moments(x, n_bins):
    """Mean and variance per channel over the pixels of the last `n_bins` frames.

    Args:
        x: (B, T, H, W, C).
        n_bins: Frames of the window.

    Returns:
        Mean and variance, (B, T - n_bins + 1, C) each, float32.
    """
    x = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(x, (2, 3))
    if n_bins == 1:
        return mean, variance
    # The variance within frames and that of the frames' means, both without the
    # difference of two large numbers.
    overall = windowed_mean(mean, n_bins)
    n_out = tf.shape(overall)[1]
    between = tf.add_n(
        [tf.square(mean[:, i : i + n_out] - overall) for i in range(n_bins)]
    )
    return overall, windowed_mean(variance, n_bins) + between / n_bins


def per_frame(statistics):
    """(B, T, F) -> (B, T, 1, 1, F), to be combined with pixels."""
    return statistics[:, :, None, None]
