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
        last = min(first + _ROWS, stop)
        if is_staggered:
            activity, valid = _filled(
                source, training, phases, first, last, (start, stop)
            )
        else:
            rows = source.read(first, last)
            activity, valid = rows.activity, rows.valid
        kept = np.arange(first, last) % spacing == 0
        frames.append(activity[kept])
        shape = frames[-1].shape
        known.append(np.ones(shape, bool) if valid is None else valid[kept])
    return np.concatenate(frames), np.concatenate(known)


def _filled(source, training, phases, first, last, within):
    """Steps [first, last) filled in from observations within other ones."""
    tu = training.time_units
    # A cycle more on either side, in which everybody is observed.
    begin, end = max(first - tu, within[0]), min(last + tu, within[1])
    rows = source.read(begin, end)
    fill = INTERPOLATED[training.acquisition_mode.interpolation]
    activity = fill(rows.activity, phases, tu, begin % tu, rows.valid, unknown=np.nan)
    activity = activity[first - begin : last - begin]
    known = ~np.isnan(activity)
    return np.where(known, activity, np.float32(0)), known
