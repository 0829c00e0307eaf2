"""The latent states that rollouts begin with, and the frames that drive them."""

from typing import NamedTuple

import numpy as np

from v1model.latent.interpolation import INTERPOLATED
from v1model.latent.source import Stretch

OPENINGS = ("truth", *INTERPOLATED)
LOOK_BACK = 4  # observations before the first row that is wanted


class Opening(NamedTuple):
    """How the first state of a rollout is found.

    kind: "truth" encodes the activity of the start, all neurons of it. "linear" encodes
        what staggered observations say about it, interpolated between the last and the
        next one, as published: it knows up to time_units - 1 later steps. "causal"
        takes the last observations only.
    spin_up: Steps before the start at which that is done; the state evolves through
        them with the known stimulus, so that the model repairs what the observations
        left out.
    """

    kind: str = "truth"
    spin_up: int = 0

    def first_start(self, time_units):
        """The first row of a recording that may be a start."""
        return self.spin_up + (0 if self.kind == "truth" else time_units)


def opening_states(runner, source, plan, opening, phases=None):
    """Latent states of the starts, (R, L).

    Args:
        runner: Runner of the model.
        source: ActivitySource.
        plan: Plan.
        opening: Opening.
        phases: (N,) at which steps modulo time_units each neuron is observed; None is
            every step, or all at 0.

    Raises:
        ValueError: A start is too early, or the kind is unknown.
    """
    first = opening.first_start(plan.time_units)
    if plan.starts.min() < first:
        raise ValueError(
            f"{source.name}: with opening '{opening.kind}' and spin_up "
            f"{opening.spin_up} no rollout can start before row {first}, got "
            f"{plan.starts.min()}."
        )
    rows = plan.starts - opening.spin_up
    frames = [
        known_frame(source, int(row), opening.kind, phases, plan.time_units)
        for row in rows
    ]
    frames = np.stack(frames)
    if opening.kind == "truth" and runner.resting is not None:
        for frame, row in zip(frames, rows.tolist(), strict=True):
            valid = source.read(row, row + 1).valid
            if valid is not None:  # what is missing is as it is on average
                frame[~valid[0]] = runner.resting[~valid[0]]
    state = runner.encode(frames)
    if not opening.spin_up:
        return state
    n = runner.n_frames(opening.spin_up)
    frames = [
        source.read(row, min(row + n, source.n_steps)).stimulus for row in rows.tolist()
    ]
    return runner.evolve(state, frames, opening.spin_up)[-1]


def known_frame(source, row, kind, phases=None, time_units=1):
    """What is known of the activity of a row, (N,) float32.

    Args:
        source: ActivitySource.
        row: Of the recording.
        kind: One of OPENINGS.
        phases: (N,) of the observations, counted from the first row of the recording;
            None observes all neurons at multiples of time_units.
        time_units: Steps between two observations.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind == "truth":
        return source.read(row, row + 1).activity[0]
    return known_stretch(source, row, row + 1, kind, phases, time_units)[0][0]


def known_stretch(source, start, stop, kind, phases, time_units):
    """Activity of rows [start, stop) as the observations give it, (t, N), and Stretch.

    Args:
        kind: "linear" or "causal".
        others: As for `known_frame`.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind not in INTERPOLATED:
        raise ValueError(f"unknown opening '{kind}', choose from {OPENINGS}.")
    if phases is None:
        phases = np.zeros(source.n_neurons, np.int32)
    first = max(0, start - LOOK_BACK * time_units)
    after = 0 if kind == "causal" else 2 * time_units
    known = source.read(first, min(source.n_steps, stop + after))
    # Phases are those of the recording, wherever the rows begin.
    origin = first % time_units
    fill = INTERPOLATED[kind]
    filled = fill(known.activity, phases, time_units, origin, known.valid)
    rows = slice(start - first, stop - first)
    valid = None if known.valid is None else known.valid[rows]
    return filled[rows], Stretch(known.activity[rows], known.stimulus[rows], valid)
