"""How far a difference between variants may be off because of the seeds of their runs.

Two to five seeds tell little about their own spread, so it is taken to be alike in all
variants, and estimated from the runs of all, as an analysis of variance does: with S
seeds that all V variants share, from what is left of each run's mean score after those
of its variant and of its seed, with (V - 1)(S - 1) degrees of freedom; otherwise from
the spread within variants. A variant that spreads far more than the others (F test)
leaves the pool, and is compared by its own runs and the baseline's alone; so is one
whose runs differ from the baseline's of the same seed by far more evenly than others
do, as where an option hardly changes what is trained.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import f as f_distribution

WILD_P = 0.01  # of the F test, over the number of variants


class SeedChance(NamedTuple):
    """What seeds do to a mean difference.

    variance: Of the mean difference, by seeds and by noise of single units; 0 where no
        variant has two seeds.
    degrees: Of freedom; 0 then.
    noise: The part of it that noise of single units explains, which is no seed's.
    is_pooled: Whether more than the two variants have told it.
    """

    variance: float = 0.0
    degrees: int = 0
    noise: float = 0.0
    is_pooled: bool = False


class _Spread(NamedTuple):
    """Variance of the means of runs, and of single units in a run, by seeds."""

    of_runs: float
    of_units: float
    degrees: int


class Pooling(NamedTuple):
    """Whose runs tell how far runs are apart.

    wild: Variants that spread too far to tell it of others.
    own: Variants that are compared by their own runs and the baseline's alone.
    """

    wild: frozenset
    own: frozenset


def pooling_of(scores, baseline, groups):
    """The Pooling of variants; arguments are those of `seed_chances`."""
    wild = frozenset(wild_variants(scores))
    pool = {name: own for name, own in scores.items() if name not in wild}
    others = frozenset(scores) - {baseline}
    if baseline in wild or len(pool) < 3:
        return Pooling(wild, others)
    pooled = _spread(pool, groups)
    narrow = {
        name
        for name in others - wild
        if _is_narrow(_pair(scores, baseline, name), groups, pooled, len(scores))
    }
    return Pooling(wild, others & wild | narrow)


def seed_chances(scores, baseline, groups, pooling=None):
    """The SeedChance of each variant's difference from the baseline, by name.

    Args:
        scores: Seeds and (S, U) scores by variant, pairs.
        baseline: Name of a variant.
        groups: (U,) number of each unit's group, 0 to G - 1.
        pooling: Pooling; None finds it by these scores.
    """
    if pooling is None:
        pooling = pooling_of(scores, baseline, groups)
    pool = {name: own for name, own in scores.items() if name not in pooling.wild}
    pooled = _spread(pool, groups)
    found = {}
    for name in scores:
        if name == baseline:
            continue
        pair = _pair(scores, baseline, name)
        is_pooled = name not in pooling.own
        spread = pooled if is_pooled else _spread(pair, groups)
        if not spread.degrees:
            found[name] = SeedChance()
            continue
        share = sum(1 / len(seeds) for seeds, _ in pair.values())
        noise = spread.of_units * share / len(groups)
        found[name] = SeedChance(
            spread.of_runs * share, spread.degrees, noise, is_pooled
        )
    return found


def _pair(scores, baseline, name):
    return {key: scores[key] for key in (baseline, name)}


def _is_narrow(pair, groups, pooled, n_variants):
    """Whether two variants' runs are far more alike than others', by an F test."""
    pair = _spread(pair, groups)
    if not pair.degrees or not pooled.of_runs:
        return False
    ratio = pair.of_runs / pooled.of_runs
    p = f_distribution.cdf(ratio, pair.degrees, pooled.degrees)
    return p < WILD_P / n_variants


def wild_variants(scores):
    """Names of the variants whose runs are much further apart than the others'."""
    means = {name: values.mean(axis=1) for name, (_, values) in scores.items()}
    means = {name: own for name, own in means.items() if len(own) > 1}
    squares = {
        name: float(((own - own.mean()) ** 2).sum()) for name, own in means.items()
    }
    found = set()
    for name, own in means.items():
        rest = sum(len(other) - 1 for key, other in means.items() if key != name)
        around = sum(value for key, value in squares.items() if key != name)
        if len(means) < 3 or not around:
            continue
        ratio = (squares[name] / (len(own) - 1)) / (around / rest)
        if f_distribution.sf(ratio, len(own) - 1, rest) < WILD_P / len(means):
            found.add(name)
    return found


def _spread(pool, groups):
    """The _Spread of the runs of some variants; without degrees of one seed."""
    seeds = {own for own, _ in pool.values()}
    if not pool:
        return _Spread(0.0, 0.0, 0)
    if len(seeds) == 1:
        cube = np.stack([values for _, values in pool.values()])  # (V, S, U)
        rest = cube - cube.mean(axis=0) - cube.mean(axis=1, keepdims=True)
        # Summed in this order, runs that are alike leave exactly nothing.
        rest = rest + cube.mean(axis=0).mean(axis=0)
        degrees = (cube.shape[0] - 1) * (cube.shape[1] - 1)
        rest = rest.reshape(-1, rest.shape[-1])
    else:
        rest = np.concatenate(
            [values - values.mean(axis=0) for _, values in pool.values()]
        )
        degrees = sum(len(own) - 1 for own, _ in pool.values())
    if not degrees:
        return _Spread(0.0, 0.0, 0)
    of_runs = float((rest.mean(axis=1) ** 2).sum()) / degrees
    sizes = np.bincount(groups)
    n_free = rest.shape[1] - len(sizes)
    if n_free < 1:
        return _Spread(of_runs, 0.0, degrees)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    of_groups = np.add.reduceat(rest, starts, axis=1) / sizes
    of_units = float(((rest - of_groups[:, groups]) ** 2).sum()) / (degrees * n_free)
    return _Spread(of_runs, of_units, degrees)
