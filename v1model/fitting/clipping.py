"""Gradients that are shortened where they are too long."""

import tensorflow as tf


def clipped(gradients, longest):
    """Gradients with a common length of at most `longest`, and whether they are finite.

    Through long rollouts of an evolver that amplifies small differences, gradients
    reach lengths whose squares are beyond float32: the length is computed in units of
    the largest entry. Gradients of which an entry is beyond it itself say nothing and
    become 0.

    Args:
        gradients: Tensors.
        longest: Positive number.

    Returns:
        Tensors, and a scalar bool tensor.
    """
    largest = tf.reduce_max([tf.reduce_max(tf.abs(g)) for g in gradients])
    is_finite = tf.math.is_finite(largest)
    unit = tf.where(is_finite & (largest > 0), largest, 1.0)
    length = tf.linalg.global_norm([g / unit for g in gradients])  # in units
    factor = tf.minimum(unit, longest / tf.maximum(length, 1.0))
    shortened = [
        tf.where(is_finite, (g / unit) * factor, tf.zeros_like(g)) for g in gradients
    ]
    return shortened, is_finite
