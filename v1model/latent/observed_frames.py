"""Frames of a recording as an experimenter has them: observed, or filled in."""

import numpy as np

from v1model.latent.interpolation import INTERPOLATED

_ROWS = 8192  # read together


def observed_frames(source, training, phases, start, stop, most):
    """Up to `most` frames, evenly spaced, (M, N) float32, and what of them is known.

    Where all neurons are observed together these are observed frames; where they are
    observed in turn, frames filled in as the training's are.

    Args:
        source: ActivitySource.
        training: TrainingConfig.
        phases: (N,), or None; see `acquisition.phases_of`.
        start, stop: Steps of the recording.

    Returns:
        Activity (M, N), and (M, N) bool, false where nothing is known.
    """
    tu = training.time_units
    is_staggered = training.acquisition_mode.mode == "staggered_random"
    spacing = 1 if is_staggered or phases is None else tu
    spacing *= max(-(-(stop - start) // (spacing * most)), 1)
    frames, known = [], []
    for first in range(start, stop, _ROWS):
        rows = source.read(first, min(first + _ROWS, stop))
        activity, valid = rows.activity, rows.valid
        if is_staggered:
            fill = INTERPOLATED[training.acquisition_mode.interpolation]
            activity = fill(activity, phases, tu, first % tu, valid)
            valid = None
        steps = np.arange(first, first + len(activity))
        kept = steps % spacing == 0
        frames.append(activity[kept])
        shape = frames[-1].shape
        known.append(np.ones(shape, bool) if valid is None else valid[kept])
    return np.concatenate(frames), np.concatenate(known)
