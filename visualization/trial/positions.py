"""Where the active cells of a trial are: the column, seen from the side and above."""

import itertools
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from v1model.network.populations import LAYERS, ROUGH_POPULATIONS
from visualization import style
from visualization.column.population_rows import draw_names, population_rows
from visualization.trial.axes import size_in_words

AZIMUTH, ELEVATION = np.deg2rad(30), np.deg2rad(18)  # of the observer
NARROWEST = 0.85  # width over depth; a narrower column is stretched sideways
LOUD_HZ = 100.0  # of the largest dot; whoever fires more looks the same
LARGEST_DOT = 34.0  # square points, in a column of CROWD cells
CROWD = 1000
LEAST_KEY = 20.0  # square points; a smaller dot would not be seen alone on white
FAINTEST = 0.35  # opacity of a cell that fired once


class View(NamedTuple):
    """A column as the observer sees it.

    across, down: Of each cell on the picture, (N,), um; `down` grows downwards.
    near: How near it is to the observer, (N,), um.
    radius: Of the column as drawn, um.
    stretch: By which the column is drawn wider than it is.
    """

    across: np.ndarray
    down: np.ndarray
    near: np.ndarray
    radius: float
    stretch: float


def active_cells(trial, neurons, title="Active cells"):
    """Position of every cell, the active ones in the colour of their class.

    The larger and the more opaque a dot, the higher the cell's rate over the trial, on
    a logarithmic scale that is the same for all columns; silent cells are grey points.
    Rings are the borders of the layers. Beside it the share of each population that
    fired, and its mean rate.

    Args:
        trial: TrialActivity of N neurons.
        neurons: Neurons, N of them.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The two differ in their number of neurons.
    """
    if trial.n_neurons != len(neurons):
        raise ValueError(
            f"the trial has {trial.n_neurons} neurons, the column {len(neurons)}."
        )
    rates, view = trial.rates, seen(neurons)
    with style.paper():
        figure = Figure(figsize=(7.4, 5.6))
        _draw_column(figure.add_axes((0.02, 0.06, 0.57, 0.87)), neurons, view, rates)
        _draw_shares(figure.add_axes((0.765, 0.13, 0.145, 0.75)), neurons, rates)
        figure.text(0.02, 0.955, title, fontsize=10, fontweight="bold")
        figure.text(0.02, 0.925, size_in_words(trial), color=style.FAINT)
    return figure


def seen(neurons):
    """The View of Neurons."""
    radius = max(float(np.hypot(neurons.x, neurons.z).max()), 1.0)
    depth = max(float(np.ptp(neurons.y)), 1.0)
    stretch = max(NARROWEST * depth / (2 * radius), 1.0)
    x, z = stretch * neurons.x, stretch * neurons.z
    across = x * np.cos(AZIMUTH) - z * np.sin(AZIMUTH)
    near = x * np.sin(AZIMUTH) + z * np.cos(AZIMUTH)
    down = neurons.y * np.cos(ELEVATION) + near * np.sin(ELEVATION)
    return View(across, down, near, stretch * radius, stretch)


def layer_borders(neurons):
    """Depths between the layers and at both ends, and the layers, from the pia down.

    Returns:
        (n + 1,) um, and n of LAYERS.
    """
    layer, y = neurons.layer, neurons.y
    spans = [
        (name, y[layer == name].min(), y[layer == name].max())
        for name in LAYERS
        if (layer == name).any()
    ]
    inner = [(a[2] + b[1]) / 2 for a, b in itertools.pairwise(spans)]
    return np.array([spans[0][1], *inner, spans[-1][2]]), [span[0] for span in spans]


def _draw_column(axes, neurons, view, rates):
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.invert_yaxis()
    _draw_rings(axes, neurons, view)
    is_active = rates > 0
    silent = {"color": style.FAINT, "alpha": 0.6, "rasterized": True, "zorder": 1}
    point = {"ms": 1.0 if len(neurons) > 10 * CROWD else 2.2, "mew": 0}
    axes.plot(view.across[~is_active], view.down[~is_active], ".", **point, **silent)
    # The far ones first, so that the near ones lie in front.
    active = np.flatnonzero(is_active)
    active = active[np.argsort(view.near[active], kind="stable")]
    loudness = np.minimum(np.log1p(rates[active]) / np.log1p(LOUD_HZ), 1)
    axes.scatter(
        view.across[active],
        view.down[active],
        s=_dot(loudness, len(neurons)),
        c=_colours(neurons, active, loudness),
        linewidths=0,
        rasterized=True,
        zorder=2,
    )
    _draw_scale(axes, view, len(neurons))
    if not len(active):
        middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 4}
        axes.text(0.5, 0.5, "no cell fired", fontsize=10, bbox=box, **middle)


def _dot(loudness, n_cells):
    """Area of a dot, square points: more cells, smaller dots."""
    largest = LARGEST_DOT * min((CROWD / n_cells) ** 0.5, 1)
    return largest * (0.12 + 0.88 * loudness)


def _colours(neurons, cells, loudness):
    """Colour and opacity of each cell, (n, 4)."""
    table = np.array([_rgb(style.colour_of(name)) for name in ROUGH_POPULATIONS])
    opacity = FAINTEST + (1 - FAINTEST) * loudness
    return np.column_stack([table[neurons.group[cells]], opacity])


def _rgb(colour):
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def _draw_rings(axes, neurons, view):
    """The borders of the layers; their back half dotted."""
    borders, layers = layer_borders(neurons)
    turn = np.linspace(0, np.pi, 60)
    across, bulge = view.radius * np.cos(turn), view.radius * np.sin(turn)
    for y in borders * np.cos(ELEVATION):
        line = {"color": style.FAINT, "linewidth": 0.7}
        axes.plot(across, y + bulge * np.sin(ELEVATION), zorder=3, **line)
        behind = y - bulge * np.sin(ELEVATION)
        axes.plot(across, behind, linestyle=(0, (1, 2)), zorder=0, **line)
    ends = borders[[0, -1]] * np.cos(ELEVATION)
    for side in (-view.radius, view.radius):
        axes.plot([side, side], ends, color=style.FAINT, linewidth=0.7, zorder=0)
    middles = (borders[:-1] + borders[1:]) / 2 * np.cos(ELEVATION)
    for name, y in zip(layers, middles, strict=True):
        at = {"ha": "right", "va": "center", "fontweight": "bold"}
        axes.text(-1.06 * view.radius, y, f"L{name}", **at)
    # Room on the left for the names, on the right for the scale.
    axes.set_xlim(-1.3 * view.radius, 1.3 * view.radius)


def _draw_scale(axes, view, n_cells):
    """A bar along each direction of the column, and what the dots mean."""
    top, tall = view.down.min(), np.ptp(view.down)
    bottom, text_at = top + 1.12 * tall, top + 1.15 * tall
    length = 10 ** np.floor(np.log10(view.radius / view.stretch))
    left = -view.radius
    ends = [left, left + length * view.stretch]
    axes.plot(ends, [bottom, bottom], color=style.INK, linewidth=1.4)
    words = f"{length:g} µm across"
    if view.stretch > 1.05:
        words += f",\ndrawn {view.stretch:.1f} times too wide"
    axes.text(left, text_at, words, va="top")
    right = 1.12 * view.radius
    deep = top + np.array([0, 100]) * np.cos(ELEVATION)
    axes.plot([right, right], deep, color=style.INK, linewidth=1.4)
    axes.text(1.16 * view.radius, deep.mean(), "100 µm\ndeep", va="center")
    _draw_key(axes, view, n_cells, bottom, text_at)


def _draw_key(axes, view, n_cells, bottom, text_at):
    """Dots of three rates; enlarged where those of the column are tiny."""
    x = np.linspace(0.5, 1.0, 3) * view.radius
    loudness = np.log1p([1, 10, LOUD_HZ]) / np.log1p(LOUD_HZ)
    colours = [(0.2, 0.2, 0.2, FAINTEST + (1 - FAINTEST) * value) for value in loudness]
    size = _dot(loudness, n_cells)
    wider = max((LEAST_KEY / size[-1]) ** 0.5, 1)
    axes.scatter(x, np.full(3, bottom), s=wider**2 * size, c=colours, linewidths=0)
    for place, text in zip(x, ("1", "10", "100 Hz"), strict=True):
        axes.text(place, text_at, text, va="top", ha="center")
    if wider > 1.05:
        words = f"dots enlarged {wider:.1f} times"
        below = {"xytext": (0, -12), "textcoords": "offset points"}
        axes.annotate(words, (x[1], text_at), va="top", ha="center", **below)


def _draw_shares(axes, neurons, rates):
    """Share of the cells of each population that fired, and their mean rate."""
    rows, group = population_rows(), neurons.group
    axes.set_xlim(0, 100)
    axes.set_ylim(max(rows.values()) + 0.8, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("Cells that fired (%)")
    at_right = {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "right"}
    axes.text(1.42, -0.9, "Hz", fontweight="bold", **at_right)
    for k, (name, y) in enumerate(rows.items()):
        members = rates[group == k]
        axes.barh(y, 100, height=0.7, color=style.BACKDROP)
        if not len(members):
            axes.text(1.42, y, "no cells", color=style.FAINT, **at_right)
            continue
        share = 100 * np.mean(members > 0)
        axes.barh(y, share, height=0.7, color=style.colour_of(name))
        mean = members.mean()
        axes.text(1.42, y, f"{mean:.1f}" if mean < 100 else f"{mean:.0f}", **at_right)
    draw_names(axes, rows, name_x=-0.05, layer_x=-0.9)
