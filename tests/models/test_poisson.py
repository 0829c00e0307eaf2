"""Poisson counts: the distribution, to the last bit of the uniform numbers."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from v1model.models.poisson import count_tables, draw_counts

MEANS = [0.02, 0.25, 1.0, 30.0, 1000.0]


@pytest.mark.parametrize("mean", MEANS)
def test_thresholds_are_the_distribution_function_in_32_bits(mean):
    thresholds = count_tables(mean).thresholds.astype(np.float64) + 2.0**31
    expected = stats.poisson.cdf(np.arange(len(thresholds)), mean) * 2.0**32
    assert np.abs(thresholds - expected).max() < 1 + 1e-10 * 2.0**32
    assert (np.diff(thresholds) >= 0).all()


@pytest.mark.parametrize("mean", MEANS)
def test_a_pair_of_bytes_decides_where_all_its_numbers_have_one_count(mean):
    first = np.arange(256) / 256
    by_byte = stats.poisson.ppf(np.nextafter(first, 1), mean)
    by_last = stats.poisson.ppf(first + 1 / 256 - 2.0**-33, mean)
    expected = np.where(by_byte == by_last, by_byte, -1)
    words = np.arange(2**16, dtype="<u2").view(np.uint8).reshape(-1, 2)
    expected = expected[words]
    expected[(expected < 0).any(1)] = -1
    np.testing.assert_array_equal(count_tables(mean).pairs, expected)


@pytest.mark.parametrize("mean", MEANS)
def test_counts_follow_the_distribution_far_into_its_tail(mean):
    """Every count that is expected ten times, within 5 standard errors."""
    n = 4_000_000
    seed = tf.constant([3, 4], tf.int64)
    counts = draw_counts(n, seed, count_tables(mean)).numpy().astype(int)
    assert counts.min() >= 0
    found = np.bincount(counts)
    expected = n * stats.poisson.pmf(np.arange(len(found)), mean)
    is_common = expected > 10
    assert is_common.sum() >= 3
    distance = (found - expected)[is_common] / np.sqrt(expected[is_common])
    assert np.abs(distance).max() < 5
    n_rare = n - expected[is_common].sum()
    assert abs(found[~is_common].sum() - n_rare) < 5 * np.sqrt(n_rare) + 1
    # Counts of the bytes of one word, and of successive words, are independent.
    for lag in (1, 2, 3, 4):
        assert abs(np.corrcoef(counts[lag:], counts[:-lag])[0, 1]) < 5 / np.sqrt(n)


def test_any_number_of_counts_can_be_drawn():
    tables, seed = count_tables(1.0), tf.constant([1, 2], tf.int64)
    many = draw_counts(4000, seed, tables).numpy()
    few = draw_counts(3999, seed, tables).numpy()
    assert few.shape == (3999,)
    np.testing.assert_array_equal(few, many[:3999])
    assert draw_counts(0, seed, tables).shape == (0,)
