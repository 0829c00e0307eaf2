"""Intervals of what groups of units know."""

import numpy as np

from v1model.decoders.by_group import mean_interval


def test_intervals_of_means_cover_the_mean():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(500):
        low, high = mean_interval(rng.normal(0.5, 0.05, 15))
        covered += low <= 0.5 <= high
    assert 0.92 < covered / 500 < 0.98
