"""Who was active in a trial: cell types, and populations beside measured bands."""

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullLocator

from v1model.network.populations import ROUGH_POPULATIONS, layer_of
from visualization import style
from visualization.column.rates import draw_rates
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    check_neurons,
    draw_title,
    place,
    say,
    size_in_words,
)

WIDE = 760  # px
LEFT, RIGHT = 64, 14
COUNTS, RATES, BANDS = 130, 110, 430  # heights, px
GAP = 34
LAYER_GAP, GROUP_GAP = 2.0, 0.7  # between bars, in bars
N_BARS = 200  # of neurons by number, where types are not known
LEAST = 0.5  # spikes, where bars begin on the logarithmic scale


def population_activity(trial, neurons=None):
    """Spikes and rate of each cell type, and of each population beside its band.

    Args:
        trial: TrialActivity.
        neurons: Neurons of the column; without them types are not known, and rates
            are drawn by number.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The neurons are of another column.
    """
    check_neurons(trial, neurons)
    if neurons is None:
        return _by_number(trial)
    high = TITLE_PX + 16 + COUNTS + 12 + RATES + 120 + BANDS + 44
    with style.paper():
        figure = Figure(figsize=(WIDE / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, size_in_words(trial))
        types = type_bars(neurons)
        top = TITLE_PX + 16
        counts = place(figure, LEFT, top, WIDE - LEFT - RIGHT, COUNTS)
        top += COUNTS + 12
        rates = place(figure, LEFT, top, WIDE - LEFT - RIGHT, RATES)
        spikes = np.bincount(
            types.index, weights=trial.spike_counts, minlength=len(types.name)
        )
        _draw_counts(counts, types, spikes)
        seconds = trial.duration_ms / 1000
        _draw_type_rates(rates, types, spikes / types.size / seconds)
        _name_groups(rates, types)
        top += RATES + 120
        bands = place(figure, 150, top, WIDE - 150 - 100, BANDS)
        draw_rates(bands, population_rates(trial, neurons))
    return figure


@dataclasses.dataclass(frozen=True)
class TypeBars:
    """The cell types of a column, as bars from the pia down.

    Args:
        type_id: Allen specimen id, (M,) int.
        name: Population, (M,) str.
        group: Position of that in ROUGH_POPULATIONS, (M,) int, increasing.
        size: Neurons, (M,) int.
        index: Bar of each neuron, (N,) int.
        x: Middle of each bar, (M,); a bar is 1 wide.
    """

    type_id: np.ndarray
    name: np.ndarray
    group: np.ndarray
    size: np.ndarray
    index: np.ndarray
    x: np.ndarray

    @property
    def colours(self):
        return [style.colour_of(name) for name in self.name]


def type_bars(neurons):
    """The TypeBars of Neurons: by layer, class, population and id."""
    ids, first, index, size = np.unique(
        neurons.node_type_id, return_index=True, return_inverse=True, return_counts=True
    )
    name, group = neurons.pop_name[first], neurons.group[first]
    order = np.lexsort((ids, name, group))
    place_of = np.argsort(order)
    group = group[order]
    layer = layer_of(name[order])
    gaps = GROUP_GAP * (group[1:] != group[:-1])
    gaps += (LAYER_GAP - GROUP_GAP) * (layer[1:] != layer[:-1])
    x = np.arange(len(ids)) + np.concatenate([[0], np.cumsum(gaps)])
    index = place_of[index.ravel()]
    return TypeBars(ids[order], name[order], group, size[order], index, x)


def _draw_bars(axes, types, heights, base):
    """One bar per type; a circle on the axis where there is none."""
    x, colours = types.x, np.array(types.colours)
    points = 72 / DPI * axes.get_window_extent().width / (np.ptp(x) + 2)
    axes.set_xlim(x[0] - 1, x[-1] + 1)
    has = heights > 0
    axes.vlines(x[has], base, heights[has], colors=colours[has], lw=0.8 * points)
    silent = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 3}
    looks = {"s": 9, "fc": "white", "lw": 0.8}
    nowhere = np.zeros(np.sum(~has))
    axes.scatter(x[~has], nowhere, ec=list(colours[~has]), **looks, **silent)
    axes.set_xticks([])


def _draw_counts(axes, types, spikes):
    axes.set_yscale("log")
    axes.set_ylim(LEAST, max(2 * spikes.max(initial=0), 10))
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.yaxis.set_minor_locator(NullLocator())
    _draw_bars(axes, types, spikes, LEAST)
    axes.set_ylabel("Spikes")
    n_silent = int(np.sum(spikes == 0))
    words = f"{len(types.name)} cell types"
    if n_silent == len(spikes):
        words += ", all silent (circles)"
    elif n_silent:
        words += f", {n_silent} of them silent (circles)"
    if spikes.any():
        most = int(spikes.argmax())
        words += (
            f"; most spikes: {spikes[most]:,.0f} by type {types.type_id[most]} "
            f"({types.name[most]}, {types.size[most]:,} neurons)"
        )
    axes.text(0, 1.03, words, transform=axes.transAxes, va="bottom")


def _draw_type_rates(axes, types, rates):
    axes.set_ylim(0, max(1.05 * rates.max(initial=0), 1))
    _draw_bars(axes, types, rates, 0)
    axes.set_ylabel("Rate (Hz)")


def _name_groups(axes, types):
    """Names of classes and layers below the bars."""
    below = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    for k in np.unique(types.group):
        middle, name = types.x[types.group == k].mean(), ROUGH_POPULATIONS[k]
        looks = {"rotation": 90, "va": "top", "ha": "center", "fontsize": 7}
        looks |= {"color": style.colour_of(name)}
        axes.text(middle, -0.06, style.class_of(name), **looks, **below)
    layers = layer_of(types.name)
    for layer in dict.fromkeys(layers):
        inside = types.x[layers == layer]
        ends = [inside[0] - 0.5, inside[-1] + 0.5]
        axes.plot(ends, [-0.6, -0.6], color=style.INK, lw=0.8, **below)
        looks = {"va": "top", "ha": "center", "fontweight": "bold"}
        axes.text(np.mean(ends), -0.63, f"L{layer}", **looks, **below)


def population_rates(trial, neurons):
    """Mean rate of each population that a column has, and of the network, Hz."""
    rates, group = trial.rates, neurons.group
    means = {
        ROUGH_POPULATIONS[k]: float(rates[group == k].mean()) for k in np.unique(group)
    }
    return {**means, "network": float(rates.mean())}


def _by_number(trial):
    """Rates by the number of the neuron, and how spikes are distributed."""
    high = TITLE_PX + 16 + COUNTS + 64 + COUNTS + 46
    with style.paper():
        figure = Figure(figsize=(WIDE / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, f"{size_in_words(trial)}; cell types are not known")
        wide = WIDE - LEFT - RIGHT
        axes = place(figure, LEFT, TITLE_PX + 16, wide, COUNTS)
        n_bars = min(N_BARS, trial.n_neurons)
        edges = np.linspace(0, trial.n_neurons, n_bars + 1)
        bar = np.arange(trial.n_neurons) * n_bars // trial.n_neurons
        rates = np.bincount(bar, weights=trial.rates) / np.bincount(bar)
        axes.stairs(rates, edges, fill=True, color=style.INK)
        axes.set(xlim=(0, trial.n_neurons), xlabel="Neuron", ylabel="Rate (Hz)")
        axes.set_ylim(0, max(1.05 * rates.max(), 1))
        top = TITLE_PX + 16 + COUNTS + 64
        spread = place(figure, LEFT, top, wide, COUNTS)
        if len(trial.spike_step):
            spikes = trial.spike_counts
            width = max(-(-int(spikes.max()) // N_BARS), 1)  # a whole number of spikes
            edges = np.arange(0, spikes.max() + width + 1, width) - 0.5
            counts, _ = np.histogram(spikes, edges)
            spread.stairs(counts, edges, fill=True, color=style.INK)
            spread.set(xlabel="Spikes of a neuron", ylabel="Neurons")
            spread.set_xlim(edges[0], edges[-1])
        else:
            say(axes, "no spikes")
            say(spread, "no neuron fired")
    return figure
