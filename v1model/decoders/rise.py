"""Rise: when a course in time has come half way to its peak."""

from typing import NamedTuple

import numpy as np

BOOTSTRAPS = 1000


class Rise(NamedTuple):
    """When half of the largest accuracy is reached, and its 95 % interval, ms."""

    ms: float
    low: float
    high: float


def rise_of(rows, right, seed):
    """When a layer tells half of what it will: the Rise of its course in time.

    Args:
        rows: Of `over_time`, one for each window.
        right: Its answers, (windows, P) bool.
        seed: Presentations are drawn again for the interval.

    Returns:
        Rise; NaN where the layer never is above chance.
    """
    stops = np.array([row["stop_ms"] for row in rows], float)
    peak = max(rows, key=lambda row: row["accuracy"])
    if peak["low"] <= peak["chance"]:
        return Rise(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    n = right.shape[1]
    draws = (right[:, rng.integers(n, size=n)].mean(axis=1) for _ in range(BOOTSTRAPS))
    times = [half_rise(stops, draw, peak["chance"]) for draw in draws]
    low, high = np.quantile(times, (0.025, 0.975))
    whole = half_rise(stops, right.mean(axis=1), peak["chance"])
    return Rise(whole, float(low), float(high))


def half_rise(stops, accuracy, chance):
    """When the accuracy first is half way from chance to its peak, ms.

    Between two windows on the straight line; at the first window if it is there.
    """
    half = (chance + accuracy.max()) / 2
    k = int(np.argmax(accuracy >= half))
    if k == 0:
        return float(stops[0])
    share = (half - accuracy[k - 1]) / (accuracy[k] - accuracy[k - 1])
    return float(stops[k - 1] + share * (stops[k] - stops[k - 1]))
