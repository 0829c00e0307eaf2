"""The diagnosis of a model on a recording: what its tables and figures show."""

from typing import NamedTuple

import numpy as np

from v1model.latent.diagnosis import scalars
from v1model.latent.diagnosis.frames import FrameErrors, evaluate_frames
from v1model.latent.diagnosis.interpolation import (
    InterpolationErrors,
    evaluate_interpolation,
)
from v1model.latent.diagnosis.openings import Opening
from v1model.latent.diagnosis.rollouts import RolloutErrors, evaluate_rollouts
from v1model.latent.diagnosis.starts import DIVERGED, N_STARTS, N_STEPS, plan_rollouts
from v1model.latent.diagnosis.tables import examples_of_types, neuron_table, type_table


class Diagnosis(NamedTuple):
    """How a model does on a recording.

    name: Of the recording.
    dt_ms: Of a step.
    cell_types: (N,) names, "" where unknown.
    limit: Squared error above which a rollout has diverged.
    rollouts: RolloutErrors.
    interpolation: InterpolationErrors.
    frames: FrameErrors.
    """

    name: str
    dt_ms: float
    cell_types: np.ndarray
    limit: float
    rollouts: RolloutErrors
    interpolation: InterpolationErrors
    frames: FrameErrors

    @property
    def plan(self):
        """Plan of the rollouts."""
        return self.rollouts.plan

    def scalars(self):
        """Numbers by published name, and a few more."""
        frames, neurons = self.frames, self.neurons()
        one_step = self.one_step_neurons()
        own = {
            "frame_reconstruction_mse": frames.reconstruction,
            "frame_one_step_mse": frames.one_step,
            "frame_constant_mse": frames.constant,
            "median_r2": float(neurons["r2"].median()),
            "median_r2_bias": float(neurons["r2_bias"].median()),
            "one_step_median_r2_bias": float(one_step["r2_bias"].median()),
        }
        return (
            scalars.stability(self.rollouts, self.limit)
            | scalars.horizon(self.rollouts, self.limit)
            | scalars.aligned(self.rollouts, self.interpolation)
            | own
        )

    def neurons(self):
        """Data frame of `neuron_table` over all rollouts."""
        errors, truth = self.rollouts.errors, self.rollouts.truth
        return neuron_table(errors.pooled(), truth.pooled(), self.cell_types)

    def neurons_of(self, rollout):
        """The same of one rollout, by its index."""
        errors, truth = self.rollouts.errors, self.rollouts.truth
        return neuron_table(errors.row(rollout), truth.row(rollout), self.cell_types)

    def one_step_neurons(self):
        """The same one step ahead of true frames."""
        return neuron_table(self.frames.errors, self.frames.truth, self.cell_types)

    def types(self):
        """Data frame of `type_table` over all rollouts."""
        return type_table(self.neurons())


def diagnose(
    model,
    source,
    *,
    first=0,
    last=None,
    n_starts=N_STARTS,
    n_steps=N_STEPS,
    time_units=1,
    multiples=1,
    phases=None,
    opening=Opening(),  # noqa: B008, a constant
    frequency="ALL",
    limit=DIVERGED,
    seed=0,
):
    """Judges a model on rows [first, last) of a recording: Diagnosis.

    Args:
        model: With encode, encode_stimulus, evolve and decode.
        source: ActivitySource.
        first, last: Rows; None is the end.
        n_starts, n_steps: R rollouts of K steps.
        time_units, multiples: Of the training.
        phases: (N,) of staggered observation, or None.
        opening: Opening: what the first state is made of.
        frequency: Which frames of the stimulus the model knows.
        limit: Squared error above which a rollout has diverged.
        seed: Of the starts.

    Raises:
        ValueError: The rows are too few.
    """
    last = source.n_steps if last is None else last
    if not 0 <= first < last <= source.n_steps:
        raise ValueError(
            f"{source.name}: rows [{first}, {last}) are not among {source.n_steps}."
        )
    plan = plan_rollouts(
        last,
        n_steps,
        n_starts,
        first=max(first, opening.first_start(time_units)),
        time_units=time_units,
        multiples=multiples,
        seed=seed,
        name=source.name,
    )
    rollouts = evaluate_rollouts(
        model,
        source,
        plan,
        opening=opening,
        phases=phases,
        frequency=frequency,
        traced=examples_of_types(source.cell_types),
    )
    return Diagnosis(
        source.name,
        source.dt_ms,
        np.asarray(source.cell_types),
        limit,
        rollouts,
        evaluate_interpolation(source, plan, phases),
        evaluate_frames(
            model, source, first, last, frequency=frequency, time_units=time_units
        ),
    )
