"""The frames of a movie as a figure of a trial shows them: a few, over time."""

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from visualization.trial.stimulus import Shown

MOST_FRAMES = 8
NAMED = 0.09  # share of the movie from which on a stretch has room for its duration


def shown_in(movie, view, most=MOST_FRAMES):
    """What the column sees of a movie, as a list of Shown; gray is left out.

    Args:
        movie: Movie.
        view: View of the column.
        most: Frames that are shown; of a movie with more, those in the middle of
            stretches of equal length, named after their time.
    """
    columns, rows = field_around(view.x, view.y, view.width, view.height)
    ends = np.cumsum(movie.durations_ms)
    starts = ends - movie.durations_ms
    is_sampled = len(ends) > most
    if is_sampled:
        edges = np.linspace(0, movie.duration_ms, most + 1)
        starts, ends = edges[:-1], edges[1:]
    middles = (starts + ends) / 2
    number = np.searchsorted(np.cumsum(movie.durations_ms), middles, side="right")
    found = []
    for start, end, frame in zip(starts, ends, movie.frames[number], strict=True):
        if frame.any():
            is_named = end - start >= NAMED * movie.duration_ms
            words = (
                f"at {(start + end) / 2:.0f} ms" if is_sampled else f"{end - start} ms"
            )
            name = words if is_named else ""
            found.append(Shown(name, float(start), float(end), frame[rows, columns]))
    return found


def field_around(x, y, width, height):
    """Columns and rows of the visual field around a place, slices; cut at its edges."""
    spans = []
    for middle, length, end in ((x, width, N_COLUMNS), (y, height, N_ROWS)):
        first, last = round(middle - length / 2), round(middle + length / 2)
        spans.append(slice(max(first, 0), min(max(last, first + 1), end)))
    return spans
