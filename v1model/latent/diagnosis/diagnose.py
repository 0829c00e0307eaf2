"""The diagnosis of a model on a recording: what its tables and figures show."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.latent.acquisition import phases_of
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

STAGGERED = "staggered_random"
FEWEST_STEPS = 10  # of a rollout that says something


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

    def one_step_types(self):
        """The same one step ahead of true frames."""
        return type_table(self.one_step_neurons())

    def curves(self, others=None):
        """Data frame of errors, a row per step: mean, lowest and highest of the starts.

        Args:
            others: RolloutErrors of other models by name, or None.
        """
        plan = self.plan
        found = {"step": np.arange(1, plan.n_steps + 1)}
        others = {} if others is None else others
        for name, curve in (
            ("model", self.rollouts.model),
            ("constant", self.rollouts.constant),
            *((name, other.model) for name, other in others.items()),
        ):
            found[name] = scalars.over_starts(curve)
            found[f"{name}_lowest"] = curve.min(axis=0)
            found[f"{name}_highest"] = curve.max(axis=0)
        found["interpolation"] = np.full(plan.n_steps, np.nan)
        found["interpolation"][: plan.window] = scalars.over_starts(
            self.interpolation.aligned
        )
        return pd.DataFrame(found)


class Settings(NamedTuple):
    """How a model is judged.

    n_starts, n_steps: R rollouts of K steps.
    time_units, multiples: Of the training: steps between two observations, and how many
        of those a training rollout is long.
    phases: (N,) of staggered observation, or None.
    opening: Opening: what the first state is made of.
    frequency: Which frames of the stimulus the model knows.
    limit: Squared error above which a rollout has diverged.
    seed: Of the starts.
    """

    n_starts: int = N_STARTS
    n_steps: int = N_STEPS
    time_units: int = 1
    multiples: int = 1
    phases: np.ndarray | None = None
    opening: Opening = Opening()
    frequency: str = "ALL"
    limit: float = DIVERGED
    seed: int = 0


def settings_of(params, n_neurons, **changed):
    """Settings for a model: those of its training, staggered ones opened as there.

    Args:
        params: ModelParams.
        n_neurons: N.
        changed: Fields of Settings that are to be otherwise.
    """
    training = params.training
    mode = training.acquisition_mode
    settings = Settings(
        n_starts=training.rollout_starts,
        n_steps=training.rollout_steps,
        time_units=training.time_units,
        multiples=training.evolve_multiple_steps,
        frequency=training.stimulus_frequency,
    )
    if mode.mode == STAGGERED:
        settings = settings._replace(
            phases=phases_of(mode, training.time_units, n_neurons),
            # The state evolves to the start from where every neuron was observed twice
            # before it: nothing that lies behind the start is used.
            opening=Opening(mode.interpolation, 2 * training.time_units),
        )
    return settings._replace(**changed)


def with_room(settings, first, last):
    """Settings whose rollouts are as long as rows [first, last) allow.

    Raises:
        ValueError: The rows are too few for rollouts of FEWEST_STEPS.
    """
    margin = settings.n_starts + 2 * settings.time_units + 1
    n_steps = min(settings.n_steps, last - first - margin)
    if n_steps < FEWEST_STEPS:
        raise ValueError(
            f"{last - first} steps, {first} to {last}, are too few for rollouts; at "
            f"least {margin + FEWEST_STEPS} are needed."
        )
    return settings._replace(n_steps=n_steps)


def plan_of(settings, source, first=0, last=None):
    """The Plan of a diagnosis of rows [first, last); nothing is read.

    Raises:
        ValueError: The rows are too few, or not in the recording.
    """
    last = source.n_steps if last is None else last
    if not 0 <= first < last <= source.n_steps:
        raise ValueError(
            f"{source.name}: rows [{first}, {last}) are not among {source.n_steps}."
        )
    return plan_rollouts(
        last,
        settings.n_steps,
        settings.n_starts,
        first=max(first, settings.opening.first_start(settings.time_units)),
        time_units=settings.time_units,
        multiples=settings.multiples,
        seed=settings.seed,
        name=source.name,
    )


def diagnose(model, source, settings, first=0, last=None):
    """Judges a model on rows [first, last) of a recording: Diagnosis.

    Args:
        model: With encode, encode_stimulus, evolve and decode.
        source: ActivitySource.
        settings: Settings.
        first, last: Rows; None is the end.

    Raises:
        ValueError: The rows are too few, or not in the recording.
    """
    plan = plan_of(settings, source, first, last)
    rollouts = evaluate_rollouts(
        model,
        source,
        plan,
        opening=settings.opening,
        phases=settings.phases,
        frequency=settings.frequency,
        traced=examples_of_types(source.cell_types),
    )
    frames = evaluate_frames(
        model,
        source,
        first,
        source.n_steps if last is None else last,
        frequency=settings.frequency,
        time_units=settings.time_units,
    )
    return Diagnosis(
        source.name,
        source.dt_ms,
        np.asarray(source.cell_types),
        settings.limit,
        rollouts,
        evaluate_interpolation(source, plan, settings.phases),
        frames,
    )
