"""Responses of units to what was shown: PSTH, tuning, rates, reliability.

Everything is in Hz and leaves out presentations in which a unit was not valid. Numbers
that describe responses are those of `v1model.metrics`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model import metrics
from v1model.presentations.units import mean_unit_rates


class MeanResponses(NamedTuple):
    """Mean responses of U units to K classes, Hz.

    classes: Labels, (K,).
    mean: (K, U), or (K, T, U) by bin; NaN where a unit was never valid.
    sem: Standard error of the mean over presentations, as `mean`; NaN with fewer than
        two.
    n: Presentations in which the unit was valid, (K, U).
    """

    classes: np.ndarray
    mean: np.ndarray
    sem: np.ndarray
    n: np.ndarray


def presentation_rates(binned):
    """Rate of each unit in each presentation, (P, U) Hz; NaN where it is not valid."""
    seconds = (binned.stop_s - binned.start_s)[:, None]
    rates = binned.counts.sum(axis=1, dtype=np.int64) / seconds
    return np.where(binned.valid, rates, np.nan)


def tuning(binned):
    """Mean rate of each unit in presentations of each class: MeanResponses, (K, U)."""
    seconds = binned.stop_s - binned.start_s
    counts = binned.counts.sum(axis=1, dtype=np.int64)[:, None]
    found = _mean_by_class(binned, counts, seconds)
    return found._replace(mean=found.mean[:, 0], sem=found.sem[:, 0])


def psth(binned):
    """Mean rate of each unit in each bin for each class: MeanResponses, (K, T, U).

    Bins of presentations of different lengths are different in length too; time is
    then a share of the presentation.
    """
    return _mean_by_class(binned, binned.counts, binned.bin_s)


def repeats(binned):
    """Rates in Hz with repeats first, (R, K, U), for the functions of v1model.metrics.

    Repeats of a class are in the order of the presentations. R is the largest number
    of them; what is missing or not valid is NaN.
    """
    rates, targets = presentation_rates(binned), binned.targets
    sizes = np.bincount(targets)
    order = np.argsort(targets, kind="stable")
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    result = np.full((sizes.max(initial=0), len(sizes), binned.n_units), np.nan)
    result[rank, targets[order]] = rates[order]
    return result


def rate_table(binned):
    """Firing rates: one row per unit, with the columns of `binned.units`.

    Returns:
        Data frame with the columns "mean_hz", of all presentations, and "hz_of_LABEL"
        for each class.

    Raises:
        ValueError: `binned.units` has a column of that name.
    """
    by_class = tuning(binned)
    columns = {"mean_hz": mean_unit_rates(binned)}
    for label, rates in zip(by_class.classes, by_class.mean, strict=True):
        columns[f"hz_of_{label}"] = rates
    return _beside_units(binned, columns)


def response_table(binned, seed=0):
    """What each unit prefers and how reliably: one row per unit.

    Args:
        binned: BinnedSpikes; for choices that a decoder profits from, of training
            presentations only.
        seed: Of the split halves.

    Returns:
        Data frame with the columns of `binned.units` and

        preferred: Class with the largest mean rate; the first of equals.
        preferred_hz: That rate.
        lifetime_sparseness, class_selectivity: 0 to 1, over classes.
        fano_factor: Variance over mean of the spike counts of repeats, in a
            presentation of mean length, the mean over classes.
        reliability: Split-half reliability of the mean rates over classes.
        explainable_variance: Share of the variance of single responses that repeats.
        cc_max: Largest correlation of a model with the mean rates.

    Raises:
        ValueError: Fewer than two classes, or `binned.units` has such a column.
    """
    by_class = tuning(binned).mean
    responses = repeats(binned)
    is_silent = ~(np.nan_to_num(by_class).max(axis=0, initial=0) > 0)
    best = np.argmax(np.nan_to_num(by_class, nan=-1), axis=0)
    preferred = pd.Series(binned.classes[best]).mask(is_silent)
    counts = responses * (binned.stop_s - binned.start_s).mean()
    fano = metrics.fano_factor(counts)
    n_known = np.isfinite(fano).sum(axis=0)
    mean_fano = np.nansum(fano, axis=0) / np.maximum(n_known, 1)
    columns = {
        "preferred": preferred,
        "preferred_hz": by_class[best, np.arange(len(best))],
        "lifetime_sparseness": metrics.lifetime_sparseness(by_class.T),
        "class_selectivity": metrics.class_selectivity(by_class.T),
        "fano_factor": np.where(n_known > 0, mean_fano, np.nan),
        "reliability": metrics.split_half_reliability(responses, seed),
        "explainable_variance": metrics.explainable_variance(responses),
        "cc_max": metrics.cc_max(responses),
    }
    return _beside_units(binned, columns)


def _mean_by_class(binned, counts, seconds):
    """MeanResponses of counts (P, T, U) in bins of `seconds` (P,)."""
    targets, classes = binned.targets, binned.classes
    shape = (len(classes), *counts.shape[1:])
    total, squares = np.zeros(shape), np.zeros(shape)
    n = np.zeros((len(classes), binned.n_units), np.int64)
    for target in range(len(classes)):
        rows = np.flatnonzero(targets == target)
        valid = binned.valid[rows]
        n[target] = valid.sum(axis=0)
        rates = counts[rows] / seconds[rows, None, None]  # 0 where not valid
        total[target] = rates.sum(axis=0)
        mean = total[target] / np.maximum(n[target], 1)
        squares[target] = (((rates - mean) * valid[:, None]) ** 2).sum(axis=0)
    several = n[:, None]
    mean = np.where(several > 0, total / np.maximum(several, 1), np.nan)
    variance = squares / np.maximum(several - 1, 1)
    sem = np.sqrt(variance / np.maximum(several, 1))
    return MeanResponses(classes, mean, np.where(several > 1, sem, np.nan), n)


def _beside_units(binned, columns):
    taken = set(columns) & set(binned.units)
    if taken:
        raise ValueError(f"the table of units has columns {sorted(taken)} already.")
    units = binned.units.reset_index(drop=True)
    return pd.concat([units, pd.DataFrame(columns)], axis=1)
