"""Where the rollouts of a diagnosis begin, and which steps of them are judged."""

from typing import NamedTuple

import numpy as np

N_STARTS, N_STEPS = 20, 2000  # published
DIVERGED = 1.0  # squared error, in the units of the recording; published


class Plan(NamedTuple):
    """What is rolled out.

    starts: (R,) int64, rows of the recording, sorted. Prediction k (from 0) of a
        rollout from row s is of row s + 1 + k.
    n_steps: K, predictions of each.
    time_units: Steps between two observations.
    multiples: Observations that a training step looks ahead.
    """

    starts: np.ndarray
    n_steps: int
    time_units: int = 1
    multiples: int = 1

    @property
    def window(self):
        """W, steps of a training rollout, as far as they are predicted.

        Whole multiples of time_units, since the interpolation ends at an observation.
        """
        multiples = min(self.multiples, self.n_steps // self.time_units)
        return multiples * self.time_units

    @property
    def loss_points(self):
        """(K,) bool, steps at which a training rollout meets an observation."""
        step = np.arange(self.n_steps)
        return ((step + 1) % self.time_units == 0) & (step < self.window)


def plan_rollouts(
    n_rows,
    n_steps=N_STEPS,
    n_starts=N_STARTS,
    *,
    first=0,
    time_units=1,
    multiples=1,
    seed=0,
    name="the recording",
):
    """Draws starts without replacement: Plan.

    Args:
        n_rows: T, rows of the recording that may be used; none after them is read.
        n_steps: K, steps of each rollout.
        n_starts: R.
        first: First row that may be a start.
        time_units, multiples: Of the training.
        seed: Of the draw.
        name: Of the recording, for errors.

    Raises:
        ValueError: There are too few rows.
    """
    n_choices = n_rows - n_steps - 1 - first  # published: one fewer than possible
    if n_choices < n_starts:
        needed = first + n_steps + 1 + n_starts
        raise ValueError(
            f"{name}: {n_starts} rollouts of {n_steps} steps from row {first} on need "
            f"{needed} rows, got {n_rows}."
        )
    rng = np.random.default_rng(seed)
    starts = first + np.sort(rng.choice(n_choices, n_starts, replace=False))
    return Plan(starts.astype(np.int64), n_steps, time_units, multiples)
