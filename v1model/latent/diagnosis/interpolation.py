"""What linear interpolation between observations would have said about the same steps.

It knows the next observation, which no prediction does: a model that is better has
learnt how the activity moves in between.
"""

from typing import NamedTuple

import numpy as np

from v1model.latent.diagnosis.openings import known_stretch
from v1model.latent.diagnosis.rollouts import mean_over_neurons, observed_at


class InterpolationErrors(NamedTuple):
    """Squared errors over the steps of a training rollout; column k is row start+1+k.

    aligned: (R, W) mean over all neurons, observed together at the start and every
        time_units steps after it.
    staggered: (R, W) mean over the neurons that are not observed in a step, each
        observed at its own phase; NaN where all are. None without phases.
    """

    aligned: np.ndarray
    staggered: np.ndarray | None


def evaluate_interpolation(source, plan, phases=None):
    """Errors of linear interpolation for the rollouts of a plan: InterpolationErrors.

    Args:
        source: ActivitySource.
        plan: Plan.
        phases: (N,) of staggered observation, or None.
    """
    aligned = np.stack([_aligned(source, int(row), plan) for row in plan.starts])
    if phases is None:
        return InterpolationErrors(aligned, None)
    staggered = [_staggered(source, int(row), plan, phases) for row in plan.starts]
    return InterpolationErrors(aligned, np.stack(staggered))


def _aligned(source, start, plan):
    """Between the truths of start + i time_units and start + (i + 1) time_units."""
    curve = np.empty(plan.window)
    for first in range(0, plan.window, plan.time_units):
        row = start + first
        stretch = source.read(row, row + plan.time_units + 1)
        weight = np.arange(1, plan.time_units + 1)[:, None] / plan.time_units
        truth = stretch.activity.astype(np.float64)
        filled = (1 - weight) * truth[0] + weight * truth[-1]
        valid = stretch.valid
        if valid is not None:
            valid = valid[1:] & valid[0] & valid[-1]
        error = np.square(filled - truth[1:])
        curve[first : first + plan.time_units] = mean_over_neurons(error, valid)
    return curve


def _staggered(source, start, plan, phases):
    filled, rows = known_stretch(
        source, start + 1, start + 1 + plan.window, "linear", phases, plan.time_units
    )
    step = np.arange(plan.window)
    hidden = ~observed_at(start, step, plan.time_units, phases)
    if rows.valid is not None:
        hidden &= rows.valid
    error = np.square(filled.astype(np.float64) - rows.activity)
    return mean_over_neurons(error, hidden)
