"""Poisson counts from few random bits, the same numbers on every device.

A count inverts the distribution function at a uniform number. Of most uniform numbers
the first byte decides the count already: only those whose byte holds a step of the
distribution function need more bits. Two bytes together index a table.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

_BITS = 32  # of a uniform number
_LATER_BITS = _BITS - 8


class CountTables(NamedTuple):
    """What a Poisson distribution makes of uniform numbers 0 .. 2^32 - 1.

    thresholds: Uniform number, less 2^31, from which on there are k + 1 spikes, (K,)
        int32, increasing.
    pairs: Counts by two bytes, the first the low one, (65,536, 2) float32; -1 twice
        where one of the bytes does not decide.
    """

    thresholds: np.ndarray
    pairs: np.ndarray


def count_tables(mean):
    """The CountTables of a mean count."""
    most = int(mean + 10 * np.sqrt(mean) + 15)  # P(more) < 1e-13
    counts = np.arange(most, dtype=np.float64)
    distribution = tfp.distributions.Poisson(np.float64(mean)).cdf(counts)
    thresholds = np.ceil(np.asarray(distribution) * 2.0**_BITS)
    thresholds = thresholds[thresholds < 2.0**_BITS].astype(np.int64)
    first = np.arange(256, dtype=np.int64) << _LATER_BITS
    last = first + (1 << _LATER_BITS) - 1
    lowest, highest = (
        np.searchsorted(thresholds, ends, side="right") for ends in (first, last)
    )
    by_byte = np.where(lowest == highest, lowest, -1).astype(np.float32)
    pairs = np.stack((np.tile(by_byte, 256), np.repeat(by_byte, 256)), 1)
    pairs[(pairs < 0).any(1)] = -1
    return CountTables((thresholds - 2 ** (_BITS - 1)).astype(np.int32), pairs)


def draw_counts(n, seed, tables):
    """n independent Poisson counts.

    Args:
        n: How many, int.
        seed: (2,) int64.
        tables: CountTables.

    Returns:
        (n,) float32, a function of the seed only.
    """
    words = tf.random.stateless_uniform((-(-n // 4),), seed, None, None, tf.int32)
    index = tf.cast(tf.reshape(tf.bitcast(words, tf.uint16), (-1,)), tf.int32)
    counts = tf.gather(tables.pairs, index)
    undecided = tf.where(tf.bitcast(counts, tf.int64) < 0)  # their two signs at once
    pair = tf.gather(index, undecided[:, 0])
    first = tf.stack((pair % 256, pair // 256), 1)
    later = tf.random.stateless_uniform(
        tf.shape(first), tf.random.fold_in(seed, 1), 0, 1 << _LATER_BITS, tf.int32
    )
    uniform = tf.reshape((first - 128) * (1 << _LATER_BITS) + later, (-1,))
    decided = tf.searchsorted(tables.thresholds, uniform, side="right")
    decided = tf.reshape(tf.cast(decided, counts.dtype), (-1, 2))
    counts = tf.tensor_scatter_nd_update(counts, undecided, decided)
    return tf.reshape(counts, (-1,))[:n]
