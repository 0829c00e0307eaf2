"""Scores beside costs."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from v1model.comparison.contents import COST_WORDS
from v1model.comparison.text import short_number
from visualization import style
from visualization.comparison.colours import look_of
from visualization.headings import add_inches, headed_figure

LONGEST_NAME = 36  # letters


def score_and_cost(variants, runs, price, words, title="Scores and costs"):
    """Score over cost: a large dot per variant, small ones its runs.

    Line: the front, variants that none is both cheaper and better than.

    Args:
        variants, runs: Data frames, see Comparison.
        price: One of COSTS.
        words: The score in words.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: No variant has both numbers.
    """
    x, y = (variants[name].to_numpy(float) for name in (price, "score"))
    is_known = np.isfinite(x) & np.isfinite(y)
    if not is_known.any():
        raise ValueError(f"no variant has both a score and {COST_WORDS[price]}.")
    names = list(variants["variant"])
    shown = [names[k] for k in np.flatnonzero(is_known)]
    legend = 0.4 + 0.06 * min(LONGEST_NAME, max(map(len, shown)))
    with style.paper():
        figure = headed_figure(
            (0.75 + 3.2 + legend + 0.15, max(3.5, 0.7 + 0.165 * len(shown))),
            title,
            "line: no other is both cheaper and better",
        )
        axes = add_inches(figure, 0.75, 0.47, 3.2, 2.45)
        front = np.flatnonzero(variants["is_pareto"].to_numpy(bool) & is_known)
        front = front[np.argsort(x[front])]
        axes.plot(x[front], y[front], color=style.FAINT, lw=0.8, zorder=1)
        for k in np.flatnonzero(is_known):
            colour = look_of(k)[0]
            own = runs[runs["variant"] == names[k]]
            axes.plot(
                own[price], own["score"], "o", ms=3, mew=0, alpha=0.5, color=colour
            )
            axes.plot(
                x[k],
                y[k],
                "o" if k in front else "s",
                ms=7,
                mew=1,
                mec="white",
                color=colour,
                zorder=3,
                label=style.without_middle(names[k], LONGEST_NAME),
            )
        _show_price(axes, x[is_known])
        axes.set_xlabel(COST_WORDS[price])
        axes.set_ylabel(words)
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.03, 1.02), borderaxespad=0, fontsize=7
        )
    return figure


def _show_price(axes, values):
    """A logarithmic axis where costs differ by more than three times."""
    if values.min() > 0 and values.max() > 3 * values.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        room = 0.15 * (np.ptp(values) or abs(values.max()) or 1.0)
        axes.set_xlim(values.min() - room, values.max() + room)
        axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
