"""Intervals of mean differences: seeds, groups and units as three sources of chance.

The mean difference changes with other units, with other seeds, and, for new groups,
with other groups:

    units   drawn again with replacement within their group, n - 1 of n, which makes the
            variance of a mean unbiased (Rao and Wu, 1988); the same draw for all that
            is compared
    seeds   too few to be drawn again: three of them have ten different draws. What is
            drawn is the variance V that they may have had, V d / chi2(d) with d degrees
            of freedom, less the part of V that noise of single units explains, which
            the units' draws hold; and a normal deviate of that variance. Without such
            noise this is Student's t (Weerahandi's generalized interval, 1993). See
            `v1model.comparison.seeds` for V.
    groups  Student's t with the spread of their means, in place of the units, whose
            chance is part of theirs

Deviations of all sources are added; the interval is their percentiles around the mean.
"""

from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
MOST_DRAWN = 1000  # units of a group; a mean of more is normal, and is drawn as such
_AT_ONCE = 4_000_000  # numbers of a block of draws, 32 MB


class Draws(NamedTuple):
    """What the mean differences may as well have been.

    mean: (V,) mean differences.
    same_groups: (V, B) draws: other seeds and units.
    new_groups: (V, B) draws: other seeds and groups; None of one group.
    """

    mean: np.ndarray
    same_groups: np.ndarray
    new_groups: np.ndarray | None


def drawn_means(by_unit, chances, groups, rng, n_resamples=RESAMPLES):
    """Draws of the mean of several differences in the same units.

    Args:
        by_unit: (U, V) differences, means over seeds.
        chances: A SeedChance for each difference.
        groups: (U,) number of each unit's group, 0 to G - 1, ascending.
        rng: NumPy generator.
        n_resamples: B.

    Returns:
        Draws.

    Raises:
        ValueError: There is no unit.
    """
    groups = np.asarray(groups)
    if not len(groups):
        raise ValueError("a mean difference needs units, got none.")
    mean = by_unit.mean(axis=0)
    by_seed = np.stack([_seed_draws(own, rng, n_resamples) for own in chances])
    same = mean[:, None] + by_seed + _unit_draws(by_unit, groups, rng, n_resamples)
    new = None
    if groups[-1] > groups[0]:
        new = mean[:, None] + by_seed + _group_draws(by_unit, groups, rng, n_resamples)
    return Draws(mean, same, new)


def interval(draws, level=0.95):
    """Lower and upper end of each row's interval, (2, V)."""
    return np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=1)


def p_values(draws):
    """Two-sided p of each row for a difference of zero, (V,); not below 2 / B."""
    n = draws.shape[1]
    below = (draws <= 0).sum(axis=1)
    above = (draws >= 0).sum(axis=1)
    return np.minimum(1.0, 2 * np.maximum(np.minimum(below, above), 1) / n)


def holm(p):
    """P values that hold for all together (Holm, 1979), (V,)."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def _seed_draws(chance, rng, n_resamples):
    """(B,) deviations of the mean by other seeds; zeros where nothing tells of them."""
    if not chance.degrees:
        return np.zeros(n_resamples)
    chi2 = rng.chisquare(chance.degrees, n_resamples)
    possible = np.maximum(0.0, chance.variance * chance.degrees / chi2 - chance.noise)
    return np.sqrt(possible) * rng.standard_normal(n_resamples)


def _unit_draws(by_unit, groups, rng, n_resamples):
    """(V, B) deviations of the mean by other units of the same groups."""
    n_units = len(by_unit)
    total = np.zeros((n_resamples, by_unit.shape[1]))
    for group in range(int(groups[-1]) + 1):
        own = by_unit[groups == group]
        if len(own) > 1:
            share = len(own) / n_units
            total += share * mean_draws(own - own.mean(axis=0), rng, n_resamples)
    return total.T


def mean_draws(deviations, rng, n_resamples):
    """Means of n - 1 of n rows, drawn with replacement, (B, K); rows sum to zero."""
    n = len(deviations)
    if n > MOST_DRAWN:
        error = deviations.std(axis=0, ddof=1) / np.sqrt(n)
        return error * rng.standard_normal((n_resamples, deviations.shape[1]))
    block = max(1, _AT_ONCE // n)
    found = np.empty((n_resamples, deviations.shape[1]))
    for start in range(0, n_resamples, block):
        stop = min(start + block, n_resamples)
        counts = _counts(rng, stop - start, n)
        found[start:stop] = counts @ deviations / (n - 1)
    return found


def _counts(rng, n_draws, n):
    """How often each of n was drawn in n - 1 times, (n_draws, n) float64."""
    chosen = rng.integers(0, n, (n_draws, n - 1))
    chosen += n * np.arange(n_draws)[:, None]
    counts = np.bincount(chosen.ravel(), minlength=n * n_draws)
    return counts.reshape(n_draws, n).astype(np.float64)


def _group_draws(by_unit, groups, rng, n_resamples):
    """(V, B) deviations of the mean by other groups."""
    sizes = np.bincount(groups)
    n = len(sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    means = np.add.reduceat(by_unit, starts, axis=0) / sizes[:, None]
    parts = sizes[:, None] * (means - by_unit.mean(axis=0)) * n / sizes.sum()
    error = parts.std(axis=0, ddof=1) / np.sqrt(n)
    return error[:, None] * rng.standard_t(n - 1, n_resamples)
