"""Differences of variants from a baseline, with their intervals."""

import numpy as np

from v1model.comparison.contents import OPEN
from visualization import style
from visualization.comparison.colours import look_of
from visualization.headings import add_inches, headed_figure

ROW = 0.24  # inches
LONGEST_NAME = 44  # letters
MOST_ROWS = 60


def forest_plot(
    differences,
    baseline,
    words,
    unit="unit",
    group="group",
    title="Differences from the baseline",
):
    """A row for each variant: mean difference, its 95 % interval, and the verdict.

    Thick: other seeds and units, in the same groups. Thin: other groups, too, where
    there are several; arrows where it goes on. Filled: told apart from the baseline.

    Args:
        differences: Data frame, see Comparison.
        baseline: Name of its variant.
        words: The score in words.
        unit, group: What a unit is, and a group of them.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is nothing beside the baseline.
    """
    looks = {name: look_of(k)[0] for k, name in enumerate(differences["variant"])}
    rows = differences[differences["variant"] != baseline]
    rows = rows[np.isfinite(rows["difference"].to_numpy(float))].iloc[:MOST_ROWS]
    if not len(rows):
        raise ValueError(f"no variant has scores beside the baseline, {baseline}.")
    first = rows.iloc[0]
    names = [style.without_middle(name, LONGEST_NAME) for name in rows["variant"]]
    left = 0.35 + 0.063 * max(map(len, names))
    height = ROW * len(rows)
    remarks = [f"{row.verdict}; {_shares(row, unit)}" for row in rows.itertuples()]
    right = 0.25 + 0.06 * max(map(len, remarks))
    size = left + 3.2 + right, 0.52 + height + 0.62
    n_groups = int(first["n_groups"])
    of_groups = f"{n_groups} {group}{'s' * (n_groups > 1)}"
    in_words = f"from {style.without_middle(baseline, 40)}; "
    in_words += f"{int(first['n_units'])} {unit}s of {of_groups}"
    if n_groups > 1:
        in_words += f"; thin: other {group}s, too"
    with style.paper():
        figure = headed_figure(size, title, in_words)
        axes = add_inches(figure, left, 0.47, 3.2, height + 0.05)
        low, high = _limits(rows)
        axes.axvline(0, color=style.FAINT, lw=0.8)
        for place, row in enumerate(rows.itertuples()):
            _draw_row(axes, place, row, looks[row.variant], (low, high), remarks[place])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(low, high)
        axes.set_yticks(range(len(rows)), names)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"difference in {words}")
    return figure


def _draw_row(axes, place, row, colour, limits, remark):
    if np.isfinite(row.low_new):
        ends = np.clip((row.low_new, row.high_new), *limits)
        axes.plot(ends, (place, place), color=colour, lw=0.8, alpha=0.7)
        for end, own, sign in zip(ends, (row.low_new, row.high_new), "<>", strict=True):
            if end != own:
                axes.plot(end, place, sign, color=colour, ms=3, mew=0, clip_on=False)
    ends = np.clip((row.low, row.high), *limits)
    axes.plot(ends, (place, place), color=colour, lw=2.6, solid_capstyle="butt")
    is_open = row.verdict == OPEN
    axes.plot(
        row.difference,
        place,
        "o",
        ms=5.5,
        mec=colour,
        mfc="white" if is_open else colour,
        mew=1.3,
    )
    axes.annotate(
        remark,
        (1, place),
        (8, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=style.FAINT if is_open else style.INK,
    )


def _shares(row, unit):
    """In how many units a variant is better, and worse if some are equal."""
    words = f"{row.share_better:.0%} of {unit}s better"
    if row.share_better + row.share_worse < 1:
        words += f", {row.share_worse:.0%} worse"
    return words


def _limits(rows):
    """All thick intervals with some room: thin ones may be many times as wide."""
    ends = rows[["low", "high", "difference"]].to_numpy(float)
    low, high = min(0.0, ends.min()), max(0.0, ends.max())
    room = 0.25 * (high - low) or 0.01  # where all are equal
    return low - room, high + room
