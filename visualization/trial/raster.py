"""Spikes of a trial: a laminar raster, the rate of each class below it."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from visualization import style
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    binned_rates,
    check_neurons,
    draw_title,
    mark_windows,
    place,
    say,
    set_time,
    size_in_words,
    windows,
    write,
)
from visualization.trial.dots import dot_picture, enlarged
from visualization.trial.laminar import heights, laminar_groups
from visualization.trial.stimulus import draw_stimulus

LEFT, WIDTH, RIGHT = 118, 600, 22  # px
RASTER, STRIP, STIMULUS = 480, 78, 60  # heights, px
GAP, FOOT = 40, 52  # px
MOST_DOTS = 5000  # spikes that are drawn one by one, as vectors
SPARSE = 0.1  # spikes per pixel up to which dots are enlarged
N_BINS = 60  # of the rates below the raster


def spike_raster(trial, neurons=None, stimulus=None):
    """Spikes of all neurons over time.

    Neurons lie in groups, from the pia down, in the colour of their class; the height
    of a group grows with the square root of its size. Many spikes are put together to
    one picture: a pixel is the more opaque, the more spikes it has.

    Args:
        trial: TrialActivity.
        neurons: Neurons of the column; without them the order is that of the numbers.
        stimulus: What to draw below, as `stimulus.draw_stimulus` takes it: a list of
            Shown or a curve (T,).

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The neurons are of another column, or the stimulus does not fit.
    """
    check_neurons(trial, neurons)
    extra = 0 if stimulus is None else STIMULUS + GAP - 12
    high = TITLE_PX + 14 + RASTER + GAP + STRIP + extra + FOOT
    with style.paper():
        figure = Figure(figsize=((LEFT + WIDTH + RIGHT) / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, size_in_words(trial))
        top = TITLE_PX + 14
        axes = place(figure, LEFT, top, WIDTH, RASTER)
        if neurons is None:
            group = np.zeros(trial.n_neurons, int)
            names, colours = ["all neurons"], [style.INK]
            _draw_by_number(axes, trial)
        else:
            names = list(style.CLASS_COLOURS)
            colours = [*style.CLASS_COLOURS.values()]
            group = _draw_by_group(axes, trial, laminar_groups(neurons), names)
        mark_windows(axes, trial, say=True)
        for edge in windows(trial).ravel():  # a tint is not seen behind many spikes
            axes.axvline(edge, color=style.INK, lw=0.5, alpha=0.6)
        set_time(axes, trial, is_labelled=False)
        top += RASTER + GAP
        strip = place(figure, LEFT, top, WIDTH, STRIP)
        _draw_rates(figure, strip, trial, group, names, colours)
        last = strip
        if stimulus is not None:
            last = place(figure, LEFT, top + STRIP + GAP - 12, WIDTH, STIMULUS)
            set_time(strip, trial, is_labelled=False)
        set_time(last, trial)
        if stimulus is not None:
            draw_stimulus(last, trial, stimulus)
        if neurons is not None:
            note = "Heights of groups grow with the square root of their size."
            write(figure, 14, high - 16, note, fontsize=6.5, color=style.FAINT)
    return figure


def _draw_by_number(axes, trial):
    row = (np.arange(trial.n_neurons) + 0.5) * RASTER / trial.n_neurons
    spacing = np.full(trial.n_neurons, RASTER / trial.n_neurons)
    _draw_spikes(axes, trial, row, spacing, [style.INK] * RASTER)
    ticks = MaxNLocator(5, integer=True).tick_values(0, trial.n_neurons - 1)
    ticks = [int(tick) for tick in ticks if 0 <= tick < trial.n_neurons]
    axes.set_yticks(row[ticks], [f"{tick:,}" for tick in ticks])
    axes.set_ylabel("Neuron")


def _draw_by_group(axes, trial, groups, classes):
    """Draws the raster; returns the class of each neuron, its position in `classes`."""
    ends = np.cumsum(heights([len(group.members) for group in groups], RASTER))
    row, spacing, colours = np.empty(trial.n_neurons), np.empty(trial.n_neurons), []
    class_index = np.empty(trial.n_neurons, int)
    for group, start, end in zip(groups, [0, *ends], ends, strict=False):
        n = len(group.members)
        spacing[group.members] = (end - start) / n
        row[group.members] = start + (np.arange(n) + 0.5) * (end - start) / n
        class_index[group.members] = classes.index(group.class_name)
        colours += [group.colour] * (end - start)
        _name_group(axes, group, start, end)
    _draw_spikes(axes, trial, row, spacing, colours)
    _draw_layers(axes, groups, ends)
    axes.set_yticks([])
    return class_index


def _name_group(axes, group, start, end):
    looks = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 7}
    middle, words = (start + end) / 2, f"{group.class_name} {len(group.members):,}"
    axes.text(-0.018, middle, words, color=group.colour, ha="right", **looks)


def _draw_layers(axes, groups, ends):
    """A bar at the side of each group, names of layers, a line between two of them."""
    starts, in_axes = np.array([0, *ends[:-1]]), axes.get_yaxis_transform()
    looks = {"transform": in_axes, "clip_on": False}
    colours = [group.colour for group in groups]
    bars = np.full(len(groups), -0.008), starts + 0.5, ends - 0.5
    axes.vlines(*bars, colors=colours, lw=3, **looks)
    borders = []
    for layer in dict.fromkeys(group.layer for group in groups):
        inside = [k for k, group in enumerate(groups) if group.layer == layer]
        start, end = starts[inside[0]], ends[inside[-1]]
        name = {"va": "center", "fontweight": "bold", "fontsize": 8}
        axes.text(-0.187, (start + end) / 2, f"L{layer}", **name, **looks)
        borders.append(start)
    axes.hlines(borders[1:], -0.187, 1, color=style.FAINT, lw=0.6, **looks)


def _draw_spikes(axes, trial, row, spacing, colours):
    """Spikes at the rows of their neurons.

    Args:
        axes: Where to.
        trial: TrialActivity.
        row: Height of each neuron, (N,), in pixel rows from the top.
        spacing: Pixel rows that it has, (N,).
        colours: Of each pixel row, (H,).
    """
    axes.set_ylim(RASTER, 0)
    if not len(trial.spike_step):
        say(axes, f"no spikes in {trial.duration_ms:g} ms")
        return
    pixel = np.minimum(row.astype(np.int32), RASTER - 1)
    if len(trial.spike_step) <= MOST_DOTS:
        times = (trial.spike_step + 0.5) * trial.dt_ms
        of_dot = np.array(colours)[pixel[trial.spike_neuron]]
        for colour in dict.fromkeys(colours):
            mine = of_dot == colour
            at = row[trial.spike_neuron[mine]]
            axes.plot(times[mine], at, "o", ms=1.8, mew=0, color=colour)
        return
    shown = np.full(RASTER, -1)
    for offset, needed in ((0, 0), (-1, 2), (1, 3)):  # higher, where there is room
        mine = pixel[spacing >= needed]
        shown[mine + offset] = mine
    width = min(WIDTH, trial.n_steps)
    column = (np.arange(trial.n_steps) * width // trial.n_steps).astype(np.int32)
    at = pixel[trial.spike_neuron], column[trial.spike_step]
    picture = dot_picture(*at, colours, width, shown)
    if len(trial.spike_step) < SPARSE * RASTER * width:
        picture = enlarged(picture)
    extent = (0, trial.duration_ms, RASTER, 0)
    axes.imshow(picture, extent=extent, aspect="auto", zorder=1)


def _draw_rates(figure, axes, trial, group, names, colours):
    """The rate of each class over time, their names in a line above."""
    edges, rates = binned_rates(trial, group, len(names), N_BINS)
    mark_windows(axes, trial)
    left = 0.0
    for name, colour, rate in zip(names, colours, rates, strict=True):
        if np.isnan(rate).all():
            continue
        axes.stairs(rate, edges, baseline=None, color=colour, lw=1.1)
        words = f"{name} {np.average(rate, weights=np.diff(edges)):.3g} Hz"
        looks = {"transform": axes.transAxes, "fontsize": 7, "va": "bottom"}
        axes.text(left, 1.04, words, color=colour, **looks)
        left += 0.24
    axes.set_ylim(0, max(np.nanmax(rates) * 1.05, 1))
    axes.set_ylabel("Rate (Hz)")
    if not len(trial.spike_step):
        say(axes, "no spikes")
