"""Two variants, unit by unit."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import NullFormatter, ScalarFormatter

from visualization import style
from visualization.headings import add_inches, headed_figure

MOST_UNITS = 20_000
MOST_PLACES = 49  # more are drawn as points
_SIDE = 2.7  # inches


def unit_scatter(first, second, names, words, rates=None, unit="unit"):
    """Scores of one variant over those of another, a point per unit.

    Scores that take few values, such as right and wrong answers, are drawn as discs
    whose area is the number of units. Beside it how the differences are spread, with
    their mean (black) and zero (grey).

    Args:
        first, second: (U,) scores of the same units, means over seeds.
        names: Of both variants, a pair.
        words: The score in words.
        rates: (U,) Hz, for colours; None where they are not known.
        unit: What a unit is.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no unit, or they are not equally many.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != second.shape or not len(first):
        raise ValueError(
            f"both variants need scores of the same units, got {len(first)} and "
            f"{len(second)}."
        )
    gain = second - first
    x, y = (style.without_middle(name, 34) for name in names)
    with style.paper():
        n_better = (gain > 0).sum()
        figure = headed_figure(
            (7.0, 3.75),
            f"{unit.capitalize()} by {unit}",
            f"{len(gain)} {unit}s; {y} is better in {n_better / len(gain):.0%} of them",
        )
        axes = add_inches(figure, 0.65, 0.5, _SIDE, _SIDE)
        places, counts = np.unique((first, second), axis=1, return_counts=True)
        if len(counts) <= MOST_PLACES and 2 * len(counts) < len(first):
            _draw_counts(axes, places, counts)
        else:
            _draw_points(figure, axes, first[:MOST_UNITS], second[:MOST_UNITS], rates)
        axes.set_xlabel(f"{x}, {words}")
        axes.set_ylabel(f"{y}, {words}")
        _draw_gains(add_inches(figure, 4.75, 0.5, 2.1, _SIDE), gain, words, unit)
    return figure


def _draw_counts(axes, places, counts):
    """Discs with the number of units in them, or above if they are small."""
    low, high = places.min(), places.max()
    room = 0.2 * (high - low) or 0.05
    low, high = low - room, high + room
    axes.plot([low, high], [low, high], color=style.FAINT, lw=0.8, zorder=0)
    values = len(np.unique(places))
    sizes = (0.7 * 72 * _SIDE / (values + 1)) ** 2 * counts / counts.max()
    axes.scatter(*places, s=sizes, lw=0, color="#2a7fc0", alpha=0.45)
    for x, y, count, size in zip(*places, counts, sizes, strict=True):
        is_small = size < 150
        above = 3 + size**0.5 / 2 if is_small else 0
        axes.annotate(
            f"{count}",
            (x, y),
            (0, above),
            textcoords="offset points",
            ha="center",
            va="bottom" if is_small else "center",
            fontsize=7,
        )
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)


def _draw_points(figure, axes, first, second, rates):
    both = np.concatenate([first, second])
    # What few units have far away must not push all others together.
    low, high = np.quantile(both, [0.002, 0.998])
    room = 0.06 * (high - low) or 0.05
    low, high = low - room, high + room
    ends = np.clip((first, second), low, high)
    axes.plot([low, high], [low, high], color=style.FAINT, lw=0.8, zorder=0)
    size = float(np.clip(2500 / len(first), 4, 16))
    known = None if rates is None else np.asarray(rates, float)[: len(first)]
    has_rates = known is not None and np.isfinite(known).all() and (known > 0).all()
    colours = (
        {"c": known, "norm": LogNorm(), "cmap": "viridis"}
        if has_rates
        else {"color": "#2a7fc0"}
    )
    points = axes.scatter(*ends, s=size, lw=0, alpha=0.75, **colours)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    if has_rates:
        w, h = figure.get_size_inches()
        place = figure.add_axes((3.46 / w, 0.5 / h, 0.09 / w, _SIDE / h))
        bar = figure.colorbar(points, cax=place)
        bar.ax.yaxis.set_major_formatter(ScalarFormatter())
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        bar.outline.set_visible(False)
        bar.set_label("Hz", labelpad=2)


def _draw_gains(axes, gain, words, unit):
    low, high = np.quantile(gain, [0.005, 0.995])
    room = max(abs(low), abs(high)) * 1.1 or 0.01
    bins = np.linspace(-room, room, 42)  # zero is in the middle of one
    axes.hist(np.clip(gain, -room, room), bins, color="#2a7fc0", alpha=0.75)
    axes.axvline(0, color=style.FAINT, lw=0.8)
    axes.axvline(gain.mean(), color=style.INK, lw=1.2)
    axes.set_title(f"mean {gain.mean():+.3g} (black)", fontsize=7, pad=3)
    axes.set_xlabel(f"difference in {words}")
    axes.set_ylabel(f"{unit}s")
    axes.locator_params(nbins=5)
