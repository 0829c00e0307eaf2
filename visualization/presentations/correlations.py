"""The correlation matrix of units, ordered by area."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style

MAP = "RdBu_r"
WITHIN, BETWEEN = "#D55E00", "#0072B2"
MOST_PERCENT = 99  # of the correlations lie within the colours
LEAST_RANGE = 0.05
MOST_AREAS = 40  # between which lines are drawn; more would cover the matrix
FEW = 0.035  # of all units: a smaller area gets no name beside the matrix


def correlation_matrix(correlation, areas, title="", kind="Correlation"):
    """Correlations between units, area by area, and how they are spread.

    Within an area, units keep their order. The diagonal is left blank. At the right
    are the distributions over pairs within and between areas, their medians as ticks.

    Args:
        correlation: (U, U), symmetric.
        areas: Name of the area of each unit, (U,).
        title: Of the figure.
        kind: What the correlation is of, in words.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The shapes disagree, or there are fewer than two units.
    """
    correlation, areas = np.asarray(correlation), np.asarray(areas, str)
    n = len(areas)
    if correlation.shape != (n, n) or n < 2:
        raise ValueError(
            f"correlations of {n} units must be ({n}, {n}) and of at least two, got "
            f"{correlation.shape}."
        )
    order = np.argsort(areas, kind="stable")
    areas = areas[order]
    shown = correlation[np.ix_(order, order)].astype(float)
    pairs = np.triu_indices(n, 1)
    values, is_within = shown[pairs], areas[pairs[0]] == areas[pairs[1]]
    limit = max(float(np.percentile(np.abs(values), MOST_PERCENT)), LEAST_RANGE)
    np.fill_diagonal(shown, np.nan)
    with style.paper():
        figure = Figure(figsize=(7.0, 4.1))
        axes = figure.add_axes((0.075, 0.12, 0.44, 0.75))
        picture = axes.imshow(shown, cmap=MAP, vmin=-limit, vmax=limit, aspect="equal")
        _draw_areas(axes, areas)
        bar = figure.colorbar(
            picture, cax=figure.add_axes((0.535, 0.12, 0.015, 0.75)), extend="both"
        )
        bar.outline.set_visible(False)
        bar.set_label(kind)
        _draw_pairs(figure, values, is_within, kind)
        figure.text(0.02, 0.945, title, fontsize=10, fontweight="bold")
    return figure


def _draw_areas(axes, areas):
    names, first, sizes = np.unique(areas, return_index=True, return_counts=True)
    for border in first[1:] if len(names) <= MOST_AREAS else ():
        axes.axhline(border - 0.5, color=style.INK, linewidth=0.5)
        axes.axvline(border - 0.5, color=style.INK, linewidth=0.5)
    is_named = sizes >= FEW * len(areas)
    middle = first + (sizes - 1) / 2
    axes.set_yticks(middle[is_named], names[is_named])
    axes.set_xticks(middle[is_named], sizes[is_named])
    axes.set_xlabel("Units")
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_pairs(figure, values, is_within, kind):
    axes = figure.add_axes((0.72, 0.12, 0.26, 0.57))
    ends = np.percentile(values, [0.1, 99.9])
    reach = max(LEAST_RANGE, *np.abs(ends))
    bins = np.linspace(-reach, reach, 61)
    groups = (("within an area", WITHIN, is_within), ("between", BETWEEN, ~is_within))
    for k, (name, colour, chosen) in enumerate(groups):
        if not chosen.any():
            continue
        share, _ = np.histogram(values[chosen], bins)
        axes.stairs(share / chosen.sum(), bins, color=colour, linewidth=1.2)
        median = np.median(values[chosen])
        axes.plot(median, 0, "|", color=colour, ms=11, mew=1.6, clip_on=False)
        words = f"{name}: median {median:.3f}\n{chosen.sum():,} pairs"
        axes.text(
            0,
            1.33 - 0.14 * k,
            words,
            color=colour,
            transform=axes.transAxes,
            va="top",
            fontsize=7.5,
        )
    axes.axvline(0, color=style.FAINT, linewidth=0.6, zorder=0)
    axes.set_ylim(0, None)
    axes.set_xlabel(kind)
    axes.set_ylabel("Share of pairs")
