"""Orientation and direction selectivity beside chance, publication and Neuropixels."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from v1model.network.physiology import physiology_targets
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.column.population_rows import draw_names, population_rows

FEW = 12  # so many neurons are drawn one by one, not as a distribution
BINS = 50  # of a distribution over 0 to 1
SMOOTHING = 1.5  # bins, standard deviation of the kernel
TALL = 0.38  # rows, height of the largest bin
# Rows below the line of a population, where no distribution reaches.
NEUROPIXELS_LANE = 0.42
OFFSET_BINS = 24


class Selectivity(NamedTuple):
    """Index of one population: of its neurons, and of neurons without preference.

    measured: (n,), 0-1, of the neurons that fired.
    untuned: (m,), 0-1, of Poisson neurons with the same rates.
    beyond_chance: Share of the neurons that fired, 0-1.
    """

    measured: np.ndarray
    untuned: np.ndarray
    beyond_chance: float


class Offsets(NamedTuple):
    """Preferred angle minus `tuning_angle` of excitatory neurons, degrees.

    direction: (n,), -180 to 180.  orientation: (m,), -90 to 90.
    """

    direction: np.ndarray
    orientation: np.ndarray


def tuning_distributions(osi, dsi, offsets, title="Tuning to drifting gratings"):
    """Selectivity of each population, and whether the wiring predicts the preference.

    One row per population: above the line its neurons in the colour of their class,
    with their median as a dot; below it, grey, Poisson neurons of the same rates that
    prefer nothing, with theirs. Tick: median of the published column (Billeh et al.
    2020). Line with a cross-bar: quartiles and median of Neuropixels units. At the
    right the share of neurons beyond the 95 % point of their own chance.

    Args:
        osi, dsi: Selectivity by population, keys of `ROUGH_POPULATIONS`; a population
            that is missing has no neuron, one with nothing `measured` is silent.
        offsets: Offsets.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A population is unknown, or an index lies outside 0 to 1.
    """
    for values in (osi, dsi):
        _check(values)
    rows = population_rows()
    with style.paper():
        figure = Figure(figsize=(7.2, 8.6))
        names = (("OSI", osi, 0.125), ("DSI", dsi, 0.575))
        for index, values, left in names:
            axes = figure.add_axes((left, 0.27, 0.355, 0.60))
            _prepare(axes, rows, index)
            for name, y in rows.items():
                _draw_references(axes, name, y, index)
                _draw_population(axes, name, y, values.get(name))
        draw_names(figure.axes[0], rows, layer_x=-0.325)
        _draw_key(figure)
        _draw_offsets(figure, offsets)
        figure.text(0.02, 0.972, title, fontsize=10, fontweight="bold")
    return figure


def _check(values):
    unknown = sorted(set(values) - {*ROUGH_POPULATIONS})
    if unknown:
        raise ValueError(f"selectivity of unknown populations {unknown}.")
    for name, selectivity in values.items():
        for field in ("measured", "untuned"):
            index = np.asarray(getattr(selectivity, field))
            if index.size and not (index.min() >= 0 and index.max() <= 1):
                raise ValueError(
                    f"{field} selectivity of {name} must lie in 0..1, got "
                    f"{index.min()} to {index.max()}."
                )


def _prepare(axes, rows, index):
    axes.set_xlim(0, 1)
    axes.set_ylim(max(rows.values()) + 0.8, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    kind = {"OSI": "Orientation", "DSI": "Direction"}[index]
    axes.set_xlabel(f"{kind} selectivity ({index})")
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    for x in (0, 0.2, 0.4, 0.6, 0.8):
        axes.axvline(x, color=style.BACKDROP, linewidth=0.6, zorder=0)


def _draw_references(axes, name, y, index):
    targets = physiology_targets()[name]
    published = targets[f"bil_{index}_median"]
    line = [y - 0.28, y + 0.14]
    axes.plot([published, published], line, color=style.INK, linewidth=1.3, zorder=4)
    lane = y + NEUROPIXELS_LANE
    quartiles = [targets[f"np_{index}_q25"], targets[f"np_{index}_q75"]]
    axes.plot(quartiles, [lane, lane], color=style.FAINT, linewidth=1.0, zorder=4)
    median = targets[f"np_{index}_median"]
    axes.plot(median, lane, "|", color=style.FAINT, ms=5, mew=1.4, zorder=4)


def _draw_population(axes, name, y, selectivity):
    at_right = {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "right"}
    if selectivity is None or not len(selectivity.measured):
        word = "no cells" if selectivity is None else "silent"
        axes.text(1.14, y, word, color=style.FAINT, **at_right)
        return
    colour = style.colour_of(name)
    _draw_distribution(axes, selectivity.untuned, y, 1, style.FAINT)
    _draw_distribution(axes, selectivity.measured, y, -1, colour)
    share = 100 * selectivity.beyond_chance
    axes.text(1.14, y, f"{share:.0f} %", **at_right)


def _draw_distribution(axes, values, y, side, colour):
    """Half a violin above (-1) or below (1) the line of a row, and its median."""
    if len(values) > FEW:
        x, height = _smoothed(values)
        edge = y + side * TALL * height / height.max()
        axes.fill_between(x, y, edge, color=colour, alpha=0.45, linewidth=0)
    else:
        lane = np.full(len(values), y + side * 0.15)
        axes.plot(values, lane, ".", color=colour, ms=4, mew=0, clip_on=False)
    if len(values):
        median = np.median(values)
        marker = {"ms": 4.5, "mec": "white", "mew": 0.6, "zorder": 5}
        axes.plot(median, y + side * 0.15, "o", color=colour, clip_on=False, **marker)


def _smoothed(values):
    """Smoothed histogram over 0 to 1: positions and heights, both (BINS + 2,)."""
    counts, edges = np.histogram(values, BINS, (0, 1))
    reach = np.arange(-5, 6)
    kernel = np.exp(-0.5 * (reach / SMOOTHING) ** 2)
    # Mirrored at both ends, so that nothing leaks out of 0 to 1.
    padded = np.pad(counts.astype(float), len(reach) // 2, mode="symmetric")
    height = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    middle = (edges[:-1] + edges[1:]) / 2
    return np.r_[0, middle, 1], height[[0, *range(BINS), -1]]


def _draw_key(figure):
    """The marks, each beside its meaning, above the panels."""
    axes = figure.add_axes((0.02, 0.885, 0.96, 0.065))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 2)
    axes.set_axis_off()
    dot = {"ms": 5, "mec": "white", "mew": 0.6}
    bump = np.linspace(-2.4, 2.4, 30)
    shape = 0.55 * np.exp(-(bump**2) / 2)

    def explain(x, y, text):
        axes.text(x + 4, y, text, va="center")

    ink = style.INK
    axes.fill_between(1.5 + bump * 0.6, 1.25, 1.25 + shape, color=ink, alpha=0.45, lw=0)
    axes.plot(1.5, 1.45, "o", color=ink, **dot)
    explain(0, 1.45, "this network, median")
    axes.fill_between(1.5 + bump * 0.6, 0.7, 0.7 - shape, color=style.FAINT, lw=0)
    axes.plot(1.5, 0.5, "o", color=style.FAINT, **dot)
    explain(0, 0.45, "same rates, no preference")
    axes.plot([34, 34], [1.15, 1.75], color=ink, linewidth=1.3)
    explain(32.5, 1.45, "published column, median")
    axes.plot([32.5, 35.5], [0.45, 0.45], color=style.FAINT, linewidth=1.0)
    axes.plot(34, 0.45, "|", color=style.FAINT, ms=5, mew=1.4)
    explain(32.5, 0.45, "Neuropixels, quartiles")
    axes.text(66, 1.45, "%", va="center", fontweight="bold")
    explain(65, 1.45, "of the active cells are more")
    explain(65, 0.85, "selective than chance (p < 0.05)")


def _draw_offsets(figure, offsets):
    directions = np.where(offsets.direction < -90, 360, 0) + offsets.direction
    panels = (
        # From -90 on, so that neither 0 nor a half turn is cut in two.
        (0.125, directions, np.arange(-90, 271, 90), "direction"),
        (0.575, offsets.orientation, np.arange(-90, 91, 45), "orientation"),
    )
    for left, values, ticks, what in panels:
        axes = figure.add_axes((left, 0.055, 0.355, 0.125))
        axes.set_xlabel(f"Preferred {what} minus tuning angle (degrees)")
        axes.set_xticks(ticks)
        axes.set_xlim(ticks[0], ticks[-1])
        cells = "cell" if len(values) == 1 else "cells"
        title = f"{len(values):,} excitatory {cells} beyond chance"
        axes.set_title(title, fontsize=8)
        if not len(values):
            axes.set_yticks([])
            middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
            axes.text(0.5, 0.5, f"no {what} is preferred", **middle)
            continue
        edges = np.linspace(ticks[0], ticks[-1], OFFSET_BINS + 1)
        share = np.histogram(values, edges)[0] / len(values) * 100
        axes.stairs(share, edges, fill=True, color=style.CLASS_COLOURS["excitatory"])
        even = 100 / OFFSET_BINS
        axes.axhline(even, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        beside = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(1.01, even, "no\nrelation", fontsize=7, **beside)
        axes.set_ylim(0, 1.1 * share.max())
        axes.set_ylabel("cells (%)")
