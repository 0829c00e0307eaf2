"""What runs cost, beside what they score."""

import numpy as np
import pandas as pd

from v1model.comparison.contents import COSTS
from v1model.runs.options_text import is_number


def costs(runs):
    """Costs of runs as their trainings have measured them.

    Args:
        runs: ComparedRuns.

    Returns:
        Data frame, a row per run by its name, with COSTS; NaN of what is not known.
    """
    rows = {}
    for one in runs:
        found = (one.summary.result or {}).get("costs")
        found = found if isinstance(found, dict) else {}
        rows[one.name] = [_cost(found.get(name)) for name in COSTS]
    return pd.DataFrame.from_dict(rows, "index", np.float64, columns=list(COSTS))


def price_of(table):
    """The cost by which models are cheap: operations, or else parameters, or None."""
    for name in ("operations_per_bin", "parameters"):
        values = table[name].to_numpy(np.float64)
        if len(values) and np.isfinite(values).all():
            return name
    return None


def is_pareto(price, score):
    """Which are at least as cheap and good as all others in one of both, (V,) bool.

    Args:
        price, score: (V,) arrays; NaN is never on the front.
    """
    price, score = np.asarray(price, float), np.asarray(score, float)
    beats = (price <= price[:, None]) & (score >= score[:, None])
    beats &= (price < price[:, None]) | (score > score[:, None])
    return np.isfinite(price) & np.isfinite(score) & ~beats.any(axis=1)


def _cost(value):
    return float(value) if is_number(value) else np.nan
