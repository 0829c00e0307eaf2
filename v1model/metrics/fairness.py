"""Whether a model serves all neurons alike."""

import numpy as np
from scipy import stats


def favouritism(bits, rates):
    """Spearman's correlation of a score per neuron and its rate; 0 favours nobody.

    Args:
        bits, rates: (N,); neurons of which one is NaN do not count.

    Returns:
        A number; NaN with fewer than three neurons, or where one does not vary.
    """
    bits, rates = np.asarray(bits, np.float64), np.asarray(rates, np.float64)
    is_known = np.isfinite(bits) & np.isfinite(rates)
    ranks = [stats.rankdata(x[is_known]) for x in (bits, rates)]
    if is_known.sum() < 3 or min(np.ptp(x) for x in ranks) == 0:
        return np.nan
    return float(np.corrcoef(*ranks)[0, 1])


def gini(values):
    """Gini's index: 0 where all have the same, near 1 where one has all.

    Args:
        values: (N,), such as shares of a ceiling; negative ones count as 0, NaN not at
            all.
    """
    values = np.asarray(values, np.float64)
    values = np.sort(np.maximum(values[np.isfinite(values)], 0))
    n = len(values)
    if not n or values[-1] == 0:
        return np.nan
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / (n * values.sum()))
