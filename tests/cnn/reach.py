"""Which input bins an output depends on, by its gradient."""

import numpy as np
import tensorflow as tf


def movie(seed=0, batch=2, bins=9, height=4, width=5, channels=3):
    """Normal numbers (B, T, H, W, C), float32."""
    shape = (batch, bins, height, width, channels)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def reach(layer, x):
    """Largest |d y[t'] / d x[t]|, (T', T): rows are outputs, columns inputs."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.convert_to_tensor(layer(x))
        # Random weights: a plain sum of what a norm gives does not change at all.
        weights = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
        axes = [axis for axis in range(len(y.shape)) if axis != 1]
        by_bin = tf.reduce_sum(tf.cast(y, tf.float32) * weights, axes)
    slopes = np.abs(tape.jacobian(by_bin, x))
    return slopes.max(axis=(1, *range(3, slopes.ndim)))


def lags(n_out, n_in):
    """Lag of input bin t before the input bin of output t', (T', T)."""
    newest = np.arange(n_out) + n_in - n_out
    return newest[:, None] - np.arange(n_in)
