"""The frames of a movie as a figure of a trial shows them: a few, over time."""

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from visualization.trial.stimulus import SCREEN_GRAY, Shown, mark_edges

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


def draw_frames(axes, shown, duration_ms):
    """Draws a list of Shown over a time axis of some ms; all have one scale."""
    axes.set(xlim=(0, duration_ms), ylim=(0, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.axhspan(0, 1, color=SCREEN_GRAY, lw=0, zorder=0)
    limit = max((float(np.abs(one.picture).max()) for one in shown), default=1.0)
    for name, start, end, picture in shown:
        mark_edges(axes, start, end, duration_ms)
        axes.text((start + end) / 2, 1.05, name, ha="center", fontsize=7)
        inset = axes.inset_axes((start, 0, end - start, 1), transform=axes.transData)
        inset.imshow(picture, cmap="gray", vmin=-limit, vmax=limit)
        inset.set_axis_off()


def field_around(x, y, width, height):
    """Columns and rows of the visual field around a place, slices; cut at its edges."""
    spans = []
    for middle, length, end in ((x, width, N_COLUMNS), (y, height, N_ROWS)):
        first, last = round(middle - length / 2), round(middle + length / 2)
        spans.append(slice(max(first, 0), min(max(last, first + 1), end)))
    return spans
