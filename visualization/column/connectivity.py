"""Who is connected to whom, how often and how strongly: 17 populations by 17."""

from typing import NamedTuple

import numpy as np
from matplotlib.colors import LogNorm, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from v1model.network.populations import ROUGH_POPULATIONS, layer_of, rough_index
from visualization import style

N_GROUPS = len(ROUGH_POPULATIONS)
PIECE = 4_000_000  # synapses that are sorted into pairs at a time
LINEAR = 0.1  # pA; below this the scale of the weights is linear
PANEL = 3.0  # inches


class Connections(NamedTuple):
    """Synapses between populations; rows are sources, columns targets, (17, 17) each.

    cells: Neurons of each population, (17,) int.
    synapses: Their number, int.
    probability: Synapses over ordered pairs of different neurons; NaN without a pair.
    weight: Mean, pA; NaN without a synapse.
    """

    cells: np.ndarray
    synapses: np.ndarray
    probability: np.ndarray
    weight: np.ndarray


def connections_of(network):
    """The Connections of a Network."""
    _, group = rough_index(network)
    group = group.astype(np.int16)
    synapses = network.recurrent
    counts, sums = np.zeros(N_GROUPS**2, np.int64), np.zeros(N_GROUPS**2)
    for start in range(0, len(synapses), PIECE):
        piece = slice(start, start + PIECE)
        pair = N_GROUPS * group[synapses.pre[piece]] + group[synapses.post[piece]]
        counts += np.bincount(pair, minlength=N_GROUPS**2)
        sums += np.bincount(pair, synapses.weight[piece], N_GROUPS**2)
    counts, sums = (a.reshape(N_GROUPS, N_GROUPS) for a in (counts, sums))
    cells = np.bincount(group, minlength=N_GROUPS)
    pairs = np.outer(cells, cells) - np.diag(cells)
    nothing = np.full(counts.shape, np.nan)
    probability = np.divide(counts, pairs, out=nothing.copy(), where=pairs > 0)
    weight = np.divide(sums, counts, out=nothing, where=counts > 0)
    return Connections(cells, counts, probability, weight)


def connectivity_matrix(network, title="Recurrent connections"):
    """Connection probability and mean weight between the 17 populations.

    Sources from top to bottom, targets from left to right, from the pia down, lines
    between the layers. White: no synapse. Gray: no cell.

    Args:
        network: Network.
        title: Of the figure.

    Returns:
        matplotlib Figure.
    """
    found = connections_of(network)
    with style.paper():
        figure = Figure(figsize=(8.6, 4.95))
        width, height = figure.get_size_inches()
        panels = (
            (1.0, _draw_probability, "Connection probability"),
            (5.3, _draw_weight, "Mean weight (pA)"),
        )
        for left, draw, label in panels:
            place = (left / width, 0.85 / height, PANEL / width, PANEL / height)
            axes = figure.add_axes(place)
            picture, ticks = draw(axes, found)
            _prepare(axes, found.cells)
            place = (left / width, 4.0 / height, PANEL / width, 0.1 / height)
            bar = figure.add_axes(place)
            figure.colorbar(picture, cax=bar, orientation="horizontal", ticks=ticks)
            bar.xaxis.set_ticks_position("top")
            bar.xaxis.set_major_formatter(FuncFormatter(_signed))
            bar.minorticks_off()
            bar.set_xlabel(label)
            bar.xaxis.set_label_position("top")
        figure.text(0.012, 0.96, title, fontsize=10, fontweight="bold")
        is_missing = (found.cells == 0).any()
        words = "White: no synapse" + ("; gray: no cell" if is_missing else "")
        figure.text(0.012, 0.925, words, color=style.FAINT)
    return figure


def _signed(value, _):
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _draw_probability(axes, found):
    values = np.where(found.synapses > 0, found.probability, np.nan)
    is_drawn = np.isfinite(values)
    low = values[is_drawn].min() if is_drawn.any() else 1e-3
    decade = 10 ** np.floor(np.log10(low))
    picture = axes.imshow(values, cmap="viridis_r", norm=LogNorm(decade, 1))
    return picture, [t for t in (1e-4, 1e-3, 0.01, 0.1, 1) if t >= decade]


def _draw_weight(axes, found):
    largest = np.nanmax(np.abs(found.weight), initial=10 * LINEAR)
    decade = 10 ** np.ceil(np.log10(largest))
    norm = SymLogNorm(LINEAR, vmin=-decade, vmax=decade)
    picture = axes.imshow(found.weight, cmap="RdBu_r", norm=norm)
    decades = 10.0 ** np.arange(0, np.log10(decade) + 1)
    return picture, [*-decades[::-1], 0, *decades]


def _prepare(axes, cells):
    """Names of the populations in their colours, layers, and lines between them."""
    layers = [str(layer) for layer in layer_of(ROUGH_POPULATIONS)]
    starts = [k for k in range(N_GROUPS) if k == 0 or layers[k] != layers[k - 1]]
    for start in starts[1:]:
        for draw in (axes.axvline, axes.axhline):
            draw(start - 0.5, color=style.INK, linewidth=0.6)
    for k in np.flatnonzero(cells == 0):
        for draw in (axes.axvspan, axes.axhspan):
            draw(k - 0.5, k + 0.5, color=style.BACKDROP, linewidth=0)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
    below = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "top"}
    beside = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for k, name in enumerate(ROUGH_POPULATIONS):
        text = style.class_of(name).replace("excitatory", "exc.")
        colour = {"color": style.colour_of(name), "fontsize": 6.5}
        axes.text(k, -0.015, text, rotation=90, **colour, **below)
        axes.text(-0.015, k, text, **colour, **beside)
    for start, stop in zip(starts, [*starts[1:], N_GROUPS], strict=True):
        middle, label = (start + stop - 1) / 2, f"L{layers[start]}"
        axes.text(middle, -0.155, label, fontweight="bold", **below)
        axes.text(-0.165, middle, label, fontweight="bold", **beside)
    axes.text(0.5, -0.235, "Target", transform=axes.transAxes, ha="center", va="top")
    turned = {"rotation": 90, "ha": "right", "va": "center"}
    axes.text(-0.265, 0.5, "Source", transform=axes.transAxes, **turned)
