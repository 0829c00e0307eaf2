"""Long rollouts of a model from many starts, and their errors.

Errors are summed up block by block, so that the memory does not grow with the steps: 20
rollouts of 2,000 steps of 13,741 neurons would be 4.4 GB.
"""

from typing import NamedTuple

import numpy as np

from v1model.latent.diagnosis.moments import Moments
from v1model.latent.diagnosis.openings import Opening, opening_states
from v1model.latent.diagnosis.starts import Plan
from v1model.latent.prediction import Runner, block_steps, blocks


class RolloutErrors(NamedTuple):
    """Errors of R rollouts of K steps; column k is of row start + 1 + k.

    Curves are squared errors, averaged over the neurons that are valid; inf where a
    prediction is not finite, NaN where no neuron is valid.

    plan: Plan.
    model: (R, K) of the model.
    constant: (R, K) of staying at the activity of the start.
    unobserved: (R, W) of the model over the neurons that are not observed in the step;
        NaN where all are. W steps are a training rollout.
    errors: Moments (R, N) of predicted minus true.
    truth: Moments (R, N) of the truth.
    traced: (M,) neurons of which everything is kept.
    traced_truth, traced_prediction: (R, K, M) float32.
    """

    plan: Plan
    model: np.ndarray
    constant: np.ndarray
    unobserved: np.ndarray
    errors: Moments
    truth: Moments
    traced: np.ndarray
    traced_truth: np.ndarray
    traced_prediction: np.ndarray

    def ranked(self):
        """Indices of the rollouts, from the smallest mean error to the largest."""
        errors = self.model.mean(axis=1, where=~np.isnan(self.model))
        return np.argsort(np.nan_to_num(errors, nan=np.inf), kind="stable")


def evaluate_rollouts(
    model,
    source,
    plan,
    *,
    opening=Opening(),  # noqa: B008, a constant
    phases=None,
    frequency="ALL",
    traced=(),
):
    """Rolls out from every start and compares with what happened: RolloutErrors.

    Args:
        model: With encode, encode_stimulus, evolve and decode.
        source: ActivitySource.
        plan: Plan.
        opening: Opening.
        phases: (N,) of staggered observation; None observes all neurons together, at
            the start and every time_units steps after it.
        frequency: Which frames of the stimulus the model knows.
        traced: Neurons of which everything is kept.

    Raises:
        ValueError: The recording is too short for the plan.
    """
    _check(source, plan)
    n_starts, n_steps = len(plan.starts), plan.n_steps
    traced = np.asarray(traced, np.int64)
    kept = np.empty((2, n_starts, n_steps, len(traced)), np.float32)
    errors = Moments((n_starts, source.n_neurons))
    truth = Moments((n_starts, source.n_neurons))
    model_curve, constant = np.empty((2, n_starts, n_steps))
    unobserved = np.full((n_starts, plan.window), np.nan)
    runner = Runner(model, frequency, plan.time_units)
    state = opening_states(runner, source, plan, opening, phases)
    begun = [source.read(int(row), int(row) + 1) for row in plan.starts]
    size = block_steps(n_starts, source.n_neurons, runner.unit)
    for block in blocks(n_steps, size):
        length = block.stop - block.start
        n = max(length + 1, runner.n_frames(length))
        read = [_read(source, row + block.start, n) for row in plan.starts.tolist()]
        states = runner.evolve(state, [rows.stimulus for rows in read], length)
        predicted = runner.decode(states)  # (K, R, N)
        state = states[-1]
        for r, start in enumerate(plan.starts.tolist()):
            rows = _after_the_first(read[r], length)
            error = predicted[:, r].astype(np.float64) - rows.activity
            squared = _squares(error)
            model_curve[r, block] = mean_over_neurons(squared, rows.valid)
            errors.add(error, rows.valid, r)
            truth.add(rows.activity, rows.valid, r)
            kept[0, r, block] = rows.activity[:, traced]
            kept[1, r, block] = predicted[:, r, traced]
            known = _both(rows.valid, begun[r].valid)
            moved = rows.activity.astype(np.float64) - begun[r].activity
            constant[r, block] = mean_over_neurons(np.square(moved), known)
            if block.start < plan.window:
                step = np.arange(block.start, min(block.stop, plan.window))
                hidden = ~observed_at(start, step, plan.time_units, phases)
                part = rows.valid if rows.valid is None else rows.valid[: len(step)]
                hidden = np.broadcast_to(hidden, squared[: len(step)].shape)
                unobserved[r, step] = mean_over_neurons(
                    squared[: len(step)], _both(hidden, part)
                )
    return RolloutErrors(
        plan, model_curve, constant, unobserved, errors, truth, traced, *kept
    )


def observed_at(start, step, time_units, phases=None):
    """Which neurons are observed in steps of a rollout, (K, N) or (K, 1) bool.

    Prediction k is of row start + 1 + k. Phases count from the first row of the
    recording; without them all neurons are observed together, at the start.
    """
    ahead = np.asarray(step)[:, None] + 1
    if phases is None:
        return ahead % time_units == 0
    return (start + ahead - np.asarray(phases)) % time_units == 0


def mean_over_neurons(values, valid=None):
    """Mean of (K, N) over the neurons that are valid, (K,); NaN where none is."""
    if valid is None:
        return values.mean(axis=1)
    count = valid.sum(axis=1)
    total = np.where(valid, values, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def _check(source, plan):
    needed = int(plan.starts.max()) + plan.n_steps + 1
    if needed > source.n_steps:
        raise ValueError(
            f"{source.name}: a rollout of {plan.n_steps} steps from row "
            f"{plan.starts.max()} needs {needed} rows, got {source.n_steps}."
        )


def _read(source, first, n):
    return source.read(first, min(first + n, source.n_steps))


def _after_the_first(rows, n):
    """The n steps that follow the first one, a Stretch."""
    return type(rows)(*(part if part is None else part[1 : n + 1] for part in rows))


def _squares(error):
    """Squared errors; inf where there is none."""
    with np.errstate(over="ignore"):
        return np.nan_to_num(np.square(error), nan=np.inf, posinf=np.inf)


def _both(valid, also):
    if valid is None or also is None:
        return also if valid is None else valid
    return valid & also
