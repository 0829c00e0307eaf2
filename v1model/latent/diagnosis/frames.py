"""Errors of single frames: reconstruction alone, and one step ahead."""

from typing import NamedTuple

import numpy as np

from v1model.latent.diagnosis.moments import Moments
from v1model.latent.diagnosis.rollouts import mean_over_neurons
from v1model.latent.prediction import Runner

N_STRETCHES, LENGTH = 16, 64  # frames that are read together, spread over the rows


class FrameErrors(NamedTuple):
    """Mean squared errors over frames and neurons, from the true frame before.

    reconstruction: Of encoding and decoding a frame.
    one_step: Of the frame after it.
    constant: Of the frame itself, as a guess of the one after it.
    n_frames: Frames.
    errors, truth: Moments (N,) of the error one step ahead, and of the truth.
    """

    reconstruction: float
    one_step: float
    constant: float
    n_frames: int
    errors: Moments
    truth: Moments


def evaluate_frames(model, source, first, last, *, frequency="ALL", time_units=1):
    """Errors of frames spread over rows [first, last): FrameErrors.

    Args:
        model, source: What is judged, and on what.
        first, last: Rows.
        frequency, time_units: Which frames of the stimulus the model knows.

    Raises:
        ValueError: There are fewer than two rows.
    """
    if last - first < 2:
        raise ValueError(
            f"{source.name}: errors one step ahead need two rows, got [{first}, {last})"
        )
    length = min(LENGTH, last - first - 1)
    n = min(N_STRETCHES, (last - first - 1) // length)
    begins = np.linspace(first, last - 1 - length, n).astype(np.int64)
    errors, truth = Moments(source.n_neurons), Moments(source.n_neurons)
    runner = Runner(model, frequency, time_units)
    curves = []
    for begin in begins.tolist():
        rows = source.read(begin, begin + length + 1)
        state = runner.encode(rows.activity[:-1])
        frames = [frame[None] for frame in rows.stimulus[:-1]]
        after = runner.decode(runner.evolve(state, frames, 1))[0]
        now, then = rows.activity[:-1], rows.activity[1:]
        at = to = both = None
        if rows.valid is not None:
            at, to = rows.valid[:-1], rows.valid[1:]
            both = at & to
        errors.add(after.astype(np.float64) - then, to)
        truth.add(then, to)
        again = runner.decode(state)
        curves.append(
            [
                mean_over_neurons(np.square(one.astype(np.float64) - other), valid)
                for one, other, valid in (
                    (again, now, at),
                    (after, then, to),
                    (now, then, both),
                )
            ]
        )
    means = np.concatenate(curves, axis=1)  # (3, frames)
    means = [float(np.mean(row, where=~np.isnan(row))) for row in means]
    return FrameErrors(*means, n * length, errors, truth)
