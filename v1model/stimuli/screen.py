"""What a trial of a task shows on the screen, as a movie."""

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.lgn.movie import Movie
from v1model.stimuli.responses import GratingRates, PublishedRates
from v1model.stimuli.trials import GRAY


def trial_movie(task, pictures):
    """The Movie of one trial, or None where only the responses to it are known.

    Args:
        task: Task.
        pictures: Picture in each slot of the trial, (n_slots,) int, as in a Plan;
            earlier trials may stand before it.
    """
    if isinstance(task.rates, PublishedRates):
        return None
    pictures = pictures[-task.timeline.n_slots :]
    frames, durations = [], []
    for slot, ms in task.timeline.segments:
        shown = [np.zeros((N_ROWS, N_COLUMNS), np.float32)]
        if slot != GRAY and pictures[slot] != GRAY:
            shown = _frames(task.rates, int(pictures[slot]), ms)
        frames += [*shown]
        durations += [ms // len(shown)] * len(shown)
    return Movie(np.stack(frames), durations)


def _frames(rates, number, ms):
    """The frames of a picture or grating that is shown for some ms; one, or ms."""
    if isinstance(rates, GratingRates) and rates.gratings[number].temporal_frequency:
        return rates.gratings[number].movie(ms)
    return [rates.frame(number)]
