"""Differences of variants from a baseline, with intervals and verdicts."""

import zlib

import numpy as np
import pandas as pd

from v1model.comparison.alignment import KEYS, matrices_of, units_of
from v1model.comparison.contents import BETTER, OPEN, WORSE
from v1model.comparison.intervals import (
    RESAMPLES,
    drawn_means,
    holm,
    interval,
    p_values,
)
from v1model.comparison.seeds import pooling_of, seed_chances

LEVEL = 0.95
MOST_BINS, UNITS_PER_BIN = 6, 10
BINNED_RESAMPLES = 4000
DIFFERENCE_COLUMNS = (
    "variant",
    "difference",
    "low",
    "high",
    "low_new",
    "high_new",
    "p_holm",
    "verdict",
    "share_better",
    "share_worse",
    "groups_better",
    "is_paired",
    "is_pooled",
    "seed_degrees",
    "n_seeds",
    "n_groups",
    "n_units",
)
BINNED_COLUMNS = (
    "variant",
    "covariate",
    "value",
    "difference",
    "low",
    "high",
    "n_units",
)


def paired_differences(aligned, baseline, seed=0, n_resamples=RESAMPLES):
    """Mean difference of each variant from the baseline, in the same units.

    See `v1model.comparison.intervals` and `v1model.comparison.seeds`.

    Args:
        aligned: Data frame of `align`.
        baseline: Name of a variant.
        seed: Of the draws.
        n_resamples: Draws.

    Returns:
        Data frame, a row per variant as in `Comparison.differences`, in the order of
        `aligned`.

    Raises:
        ValueError: There is no such variant.
    """
    scores, groups = _checked(aligned, baseline)
    names, groups_at = np.unique(groups, return_inverse=True)
    others = [name for name in scores if name != baseline]
    rows = {baseline: _no_difference(scores[baseline], names)}
    if others:
        by_unit = _by_unit(scores, baseline, others)
        chances = seed_chances(scores, baseline, groups_at)
        draws = drawn_means(
            by_unit,
            [chances[name] for name in others],
            groups_at,
            _rng(seed, ""),
            n_resamples,
        )
        p = holm(p_values(draws.same_groups))
        low, high = interval(draws.same_groups, LEVEL)
        new = np.full((2, len(others)), np.nan)
        if draws.new_groups is not None:
            new = interval(draws.new_groups, LEVEL)
        for k, name in enumerate(others):
            rows[name] = {
                "difference": draws.mean[k],
                "low": low[k],
                "high": high[k],
                "low_new": new[0][k],
                "high_new": new[1][k],
                "p_holm": p[k],
                "verdict": _verdict(draws.mean[k], p[k], chances[name].degrees),
                **_shares(by_unit[:, k], groups_at),
                "is_paired": scores[name][0] == scores[baseline][0],
                "is_pooled": chances[name].is_pooled,
                "seed_degrees": chances[name].degrees,
                "n_seeds": len(scores[name][0]),
                "n_groups": len(names),
                "n_units": len(groups),
            }
    return pd.DataFrame(
        [{"variant": name, **rows[name]} for name in scores],
        columns=list(DIFFERENCE_COLUMNS),
    )


def binned_differences(
    aligned, baseline, covariate, seed=0, n_resamples=BINNED_RESAMPLES
):
    """Differences from the baseline by quantiles of a covariate of the units.

    Args:
        aligned: Data frame of `align`.
        baseline: Name of a variant.
        covariate: Column of it, such as rate_hz.
        seed: Of the draws.
        n_resamples: Draws.

    Returns:
        Data frame with variant, covariate, value (median of the bin), difference, low,
        high (95 %, of this bin alone, same groups) and n_units; no row where the
        covariate is known of too few units.

    Raises:
        ValueError: There is no such variant.
    """
    scores, groups = _checked(aligned, baseline)
    units = units_of(aligned)
    values = np.full(len(units), np.nan)
    if covariate in units:
        values = units[covariate].to_numpy(np.float64)
    known = np.flatnonzero(np.isfinite(values))
    n_bins = min(MOST_BINS, len(known) // UNITS_PER_BIN)
    others = [name for name in scores if name != baseline]
    if n_bins < 2 or not others:
        return pd.DataFrame(columns=list(BINNED_COLUMNS))
    order = known[np.argsort(values[known], kind="stable")]
    # A bin has too few units to judge by them whose runs are how far apart.
    pooling = pooling_of(scores, baseline, np.unique(groups, return_inverse=True)[1])
    rows = []
    for chosen in np.array_split(order, n_bins):
        chosen = np.sort(chosen)  # by group again
        own = {n: (s, matrix[:, chosen]) for n, (s, matrix) in scores.items()}
        _, groups_at = np.unique(groups[chosen], return_inverse=True)
        chances = seed_chances(own, baseline, groups_at, pooling)
        draws = drawn_means(
            _by_unit(own, baseline, others),
            [chances[name] for name in others],
            groups_at,
            _rng(seed, covariate),
            n_resamples,
        )
        low, high = interval(draws.same_groups, LEVEL)
        middle = float(np.median(values[chosen]))
        for k, name in enumerate(others):
            numbers = middle, draws.mean[k], low[k], high[k], len(chosen)
            rows.append((name, covariate, *numbers))
    return pd.DataFrame(rows, columns=list(BINNED_COLUMNS))


def unit_table(aligned, baseline):
    """A row per unit: its covariates, and each variant's score, a mean over seeds.

    Args:
        aligned: Data frame of `align`.
        baseline: Name of a variant.

    Returns:
        Data frame with group, unit, covariates, a column per variant, and
        "VARIANT minus BASELINE" of the others.
    """
    scores, _ = _checked(aligned, baseline)
    table = units_of(aligned)
    means = {name: values.mean(axis=0) for name, (_, values) in scores.items()}
    columns = means | {
        f"{name} minus {baseline}": mean - means[baseline]
        for name, mean in means.items()
        if name != baseline
    }
    return pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)


def _checked(aligned, baseline):
    """Scores by variant (`matrices_of`), and the group of each unit."""
    scores = matrices_of(aligned)
    if baseline not in scores:
        raise ValueError(f"no variant '{baseline}', choose from {list(scores)}.")
    units = aligned[KEYS].drop_duplicates().sort_values(KEYS)
    return scores, units["group"].to_numpy(str)


def _rng(seed, words):
    return np.random.default_rng([seed, zlib.crc32(words.encode())])


def _no_difference(own, names):
    zeros = dict.fromkeys(("difference", "low", "high"), 0.0)
    new = 0.0 if len(names) > 1 else np.nan
    return zeros | {
        "low_new": new,
        "high_new": new,
        "p_holm": 1.0,
        "verdict": "",
        "share_better": np.nan,
        "share_worse": np.nan,
        "groups_better": 0,
        "is_paired": True,
        "is_pooled": False,
        "seed_degrees": 0,
        "n_seeds": len(own[0]),
        "n_groups": len(names),
        "n_units": own[1].shape[1],
    }


def _verdict(difference, p, seed_degrees):
    """Without a second seed anywhere, luck of the seed cannot be told from a gain."""
    if p >= 1 - LEVEL or not seed_degrees:
        return OPEN
    return BETTER if difference > 0 else WORSE


def _by_unit(scores, baseline, others):
    """(U, V) differences, means over seeds."""
    means = {name: scores[name][1].mean(axis=0) for name in (baseline, *others)}
    return np.stack([means[name] - means[baseline] for name in others], axis=1)


def _shares(by_unit, groups_at):
    by_group = np.bincount(groups_at, by_unit) / np.bincount(groups_at)
    return {
        "share_better": (by_unit > 0).mean(),
        "share_worse": (by_unit < 0).mean(),
        "groups_better": int((by_group > 0).sum()),
    }
