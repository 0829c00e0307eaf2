"""Logarithmic axes that show at least one power of ten, and label nothing else."""

import numpy as np
from matplotlib.ticker import NullFormatter

MARGIN = 0.06  # of the range, on both sides


def show_decades(axes, x=None, y=None):
    """Makes axes logarithmic, with room for the values; the minor ticks are unlabelled.

    Args:
        axes: Axes.
        x, y: What it is to hold, any shape; None leaves the axis alone. What has no
            logarithm does not count.
    """
    if x is not None:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(_limits(x))
    if y is not None:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(_limits(y))


def _limits(values):
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return 0.1, 1.0
    low, high = np.log10([values.min(), values.max()])
    margin = max(MARGIN * (high - low), 0.05)
    low, high = low - margin, high + margin
    if np.floor(high) - np.ceil(low) < 1:  # fewer than two powers of ten
        low, high = np.floor(low), np.ceil(high)
    return 10.0**low, 10.0**high
