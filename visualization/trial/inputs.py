"""What a column received during a trial."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from v1model.lgn.current import CURRENT_PER_PROBABILITY, rates_from_current
from visualization import style
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    draw_title,
    is_answer_due,
    mark_windows,
    place,
    say,
    set_time,
    windows,
)

LEFT, WIDTH, RIGHT = 64, 600, 86  # px
PICTURE, MEAN, GAP, FOOT = 330, 78, 18, 46  # heights, px
BRIGHTEST = 99.8  # percentile of the pixels that is drawn brightest


def input_heatmap(trial):
    """Activity of all inputs over time, and their mean.

    Inputs that are 0 or 1 are spikes, drawn as their density; others in [0, 1.3) are
    the currents of `current_from_rates`, drawn as the rates that they stand for.
    Anything else is drawn as it is.

    Args:
        trial: TrialActivity.

    Returns:
        matplotlib Figure.
    """
    wide, high = LEFT + WIDTH + RIGHT, TITLE_PX + PICTURE + GAP + MEAN + FOOT
    values, what, unit = _in_units(trial)
    n_inputs = values.shape[1]
    with style.paper():
        figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
        due = "; lines: an answer is due" if is_answer_due(trial) else ""
        draw_title(figure, trial, f"{n_inputs:,} inputs; {what}{due}")
        axes = place(figure, LEFT, TITLE_PX + 6, WIDTH, PICTURE)
        mean = place(figure, LEFT, TITLE_PX + 6 + PICTURE + GAP, WIDTH, MEAN)
        mark_windows(mean, trial)
        words = _why_empty(values)
        if words:
            mark_windows(axes, trial)
            for empty in (axes, mean):
                empty.set_yticks([])
                say(empty, words)
        else:
            _draw_picture(figure, axes, trial, values, unit)
            _draw_mean(mean, trial, values)
        axes.set_ylabel("Input")
        for axis, is_labelled in ((axes, False), (mean, True)):
            set_time(axis, trial, is_labelled)
        mean.set_ylabel(f"Mean ({unit})" if unit else "Mean")
    return figure


def _in_units(trial):
    """The inputs as they are drawn, (T, I), what they are, and their unit."""
    values = trial.inputs
    low, high = values.min(initial=0), values.max(initial=0)
    if low == 0 and high == 0:
        return values, "silent", ""
    if np.array_equal(values, values.astype(bool)):
        return values * np.float32(1000 / trial.dt_ms), "spikes", "Hz"
    if low >= 0 and high < CURRENT_PER_PROBABILITY:
        rates = rates_from_current(values, trial.dt_ms)
        return rates, "rates that their currents stand for", "Hz"
    finite = "" if np.isfinite(low + high) else ", not all of them finite"
    return values, f"as given, without a unit{finite}", ""


def _why_empty(values):
    """Why there is nothing to draw, or nothing if there is."""
    if not values.any():
        return "no input"
    return "" if np.isfinite(values).any() else "no input is a finite number"


def block_means(values, n_rows, n_columns):
    """Means of a matrix over blocks of about equal size, (n_rows, n_columns) at most.

    Args:
        values: (R, C), not empty.
        n_rows, n_columns: Of the blocks; no more than there are rows and columns.
    """
    for axis, n in ((0, n_rows), (1, n_columns)):
        length = values.shape[axis]
        starts = np.arange(min(n, length)) * length // min(n, length)
        sums = np.add.reduceat(values, starts, axis=axis, dtype=np.float32)
        sizes = np.diff([*starts, length])
        values = sums / np.expand_dims(sizes, 1 - axis)
    return values


def _draw_picture(figure, axes, trial, values, unit):
    picture = block_means(values, WIDTH, PICTURE).T
    n_inputs = values.shape[1]
    finite = picture[np.isfinite(picture)]
    brightest = float(np.percentile(finite, BRIGHTEST)) if len(finite) else 0.0
    image = axes.imshow(
        picture,
        cmap="magma",
        vmin=finite.min(initial=0),
        vmax=brightest if brightest > 0 else 1,
        extent=(0, trial.duration_ms, n_inputs, 0),
        aspect="auto",
    )
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    for edge in windows(trial).ravel():
        axes.axvline(edge, color=style.WINDOW, lw=0.8)
    bar = place(figure, LEFT + WIDTH + 12, TITLE_PX + 6, 12, PICTURE)
    is_cut = finite.max(initial=0) > brightest > 0
    figure.colorbar(image, cax=bar, extend="max" if is_cut else "neither")
    bar.set_ylabel(f"Rate ({unit})" if unit else "Input")


def _draw_mean(axes, trial, values):
    mean = block_means(values, WIDTH, 1)[:, 0]
    edges = np.linspace(0, trial.duration_ms, len(mean) + 1)
    axes.stairs(mean, edges, baseline=None, color=style.INK)
    finite = mean[np.isfinite(mean)]
    axes.set_ylim(1.05 * finite.min(initial=0), 1.05 * finite.max(initial=1e-6))
