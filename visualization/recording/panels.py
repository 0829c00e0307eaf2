"""What was shown during a stretch of a recording: trials, pictures, curves."""

import numpy as np
from matplotlib.patches import Rectangle

from visualization import style
from visualization.trial.stimulus import LETTER_PX, SCREEN_GRAY

MOST_ROWS = 6  # stimuli with a row of their own
_PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7F6A00",
    "#5B5B5B",
)
_LABELS = ("label", "frame", "image_name", "orientation", "direction")
MOST_CURVES = 40  # columns of a stimulus that are drawn as curves; more as a picture


def colours_of(names):
    """A colour for each group: of its cell class if all have one, or of a palette."""
    try:
        return [style.colour_of(name) for name in names]
    except ValueError:
        pass
    if len(names) == 1:
        return [style.INK]
    return [_PALETTE[k % len(_PALETTE)] for k in range(len(names))]


def trial_rows(stretch):
    """(name, trials) of each stimulus that was shown, a list."""
    trials = stretch.trials
    if not len(trials):
        return []
    if "stimulus" not in trials:
        return [("trials", trials)]
    rows = [(str(name), part) for name, part in trials.groupby("stimulus", sort=False)]
    if len(rows) > MOST_ROWS:
        others = [name for name, _ in rows[MOST_ROWS - 1 :]]
        rest = trials[trials["stimulus"].astype(str).isin(others)]
        rows = [*rows[: MOST_ROWS - 1], (f"{len(others)} others", rest)]
    return rows


def draw_trials(axes, stretch, rows):
    """A bar per presentation, a row per stimulus; what was shown where it has room."""
    axes.set_ylim(len(rows), 0)
    per_second = axes.get_window_extent().width / (stretch.stop_s - stretch.start_s)
    for y, (_, part) in enumerate(rows):
        label = next((name for name in _LABELS if name in part), None)
        for k, trial in enumerate(part.to_dict("records")):
            start = max(trial["start_s"], stretch.start_s)
            stop = min(trial["stop_s"], stretch.stop_s)
            colour = "#C9D7E3" if k % 2 else "#A9BFD2"
            box = Rectangle((start, y + 0.12), stop - start, 0.76, color=colour, lw=0)
            axes.add_patch(box)
            words = "" if label is None else _in_words(trial[label])
            if words and (stop - start) * per_second > LETTER_PX * len(words) + 3:
                looks = {"ha": "center", "va": "center", "fontsize": 6.5}
                axes.text((start + stop) / 2, y + 0.52, words, **looks)
    names = [style.shortened(name, 19) for name, _ in rows]
    axes.set_yticks(np.arange(len(rows)) + 0.5, names)
    axes.tick_params(left=False, labelsize=7)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _in_words(value):
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return str(value)


def draw_pictures(axes, stretch):
    """The screen over time; a picture stands where it was shown, in its own shape.

    Of the frames of a movie, those are drawn that have room side by side.
    """
    axes.set(ylim=(0, 1), yticks=[])
    axes.axhspan(0, 1, color=SCREEN_GRAY, lw=0, zorder=0)
    values = np.concatenate([picture.ravel() for *_, picture in stretch.pictures])
    values = values[np.isfinite(values)]
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low < 0:  # luminance around that of a gray screen
        low, high = -max(-low, high), max(-low, high)
    box = axes.get_window_extent()
    per_second = box.width / (stretch.stop_s - stretch.start_s)
    rows, columns = stretch.pictures[0][-1].shape
    room = box.height * columns / rows / per_second
    for start, stop, picture in side_by_side(stretch.pictures, room):
        for edge in (start, stop):
            if stretch.start_s < edge < stretch.stop_s:
                axes.axvline(edge, color="white", lw=0.8, zorder=4)
        wide = min(room, stop - start)
        if wide * per_second < 3:  # thinner than anything could be seen in
            continue
        inset = axes.inset_axes((start, 0, wide, 1), transform=axes.transData)
        inset.imshow(picture, cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
        inset.set(anchor="W")
        inset.set_axis_off()
    _name(axes, stretch.pictures[0][0], -0.018)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def side_by_side(pictures, room):
    """(start_s, stop_s, picture) of those that are drawn, and until when.

    One that is shown for less than half of its room takes that of the frames that
    follow without a break, and these are left out. Where a movie ends, what has less
    than that is left to the last that is drawn.

    Args:
        pictures: (name, start_s, stop_s, picture), in order.
        room: Time that a picture covers in its own shape, s.
    """
    drawn, following, last = [], 0, -np.inf
    for k, (_, start, stop, picture) in enumerate(pictures):
        if k < following:
            continue
        following = k + 1
        if stop - start < room / 2:
            while following < len(pictures):
                _, begin, end, _ = pictures[following]
                if begin > stop or end > start + room:
                    break
                stop, following = end, following + 1
            if stop - start < room / 2 and start <= last:
                start, _, picture = drawn.pop()
            last = stop
        drawn.append((start, stop, picture))
    return drawn


def draw_curve(axes, stretch):
    """A stimulus of some numbers as curves, one of many as a picture."""
    name, values = stretch.curve
    if values.shape[1] <= MOST_CURVES:
        times = stretch.start_s + (np.arange(len(values)) + 0.5) * stretch.dt_ms / 1000
        for k, column in enumerate(values.T):
            colour = style.INK if values.shape[1] == 1 else _PALETTE[k % len(_PALETTE)]
            axes.plot(times, column, color=colour, lw=0.8)
    else:
        extent = (stretch.start_s, stretch.stop_s, values.shape[1], 0)
        axes.imshow(values.T, extent=extent, aspect="auto", cmap="gray")
        axes.set_yticks([])
    _name(axes, name, -0.06)


def _name(axes, name, x):
    """What a panel shows, left of it; x in shares of its width."""
    looks = {"ha": "right", "va": "center", "fontsize": 7}
    axes.text(x, 0.5, style.shortened(name, 16), transform=axes.transAxes, **looks)
