"""Differences against what is known of the units: firing rate, reliability."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from visualization import style
from visualization.comparison.colours import look_of
from visualization.headings import add_inches, headed_figure

COVARIATES = {"rate_hz": "firing rate (Hz)", "reliability": "reliability"}
MOST_VARIANTS = 7
LONGEST_NAME = 36  # letters
_WIDTH, _GAP = 2.5, 0.85  # inches


def differences_by_rate(
    by_rate, variants, words, title="Who gains: differences by firing rate"
):
    """Mean difference in bins of the units' firing rate, and of their reliability.

    Bins have equally many units. Bars: 95 % intervals of single bins.

    Args:
        by_rate: Data frame, see Comparison.
        variants: Names of all variants, the baseline first: their colours.
        words: The score in words.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: Nothing is known of the units.
    """
    if not len(by_rate):
        raise ValueError("neither rate_hz nor reliability is known of enough units.")
    found = [name for name in COVARIATES if (by_rate["covariate"] == name).any()]
    names = [name for name in variants if (by_rate["variant"] == name).any()]
    shown = names[:MOST_VARIANTS]
    n_more = len(names) - len(shown)
    more = f"; {n_more} more variants are not shown" if n_more else ""
    legend = 0.45 + 0.06 * min(LONGEST_NAME, max(map(len, shown)))
    size = 0.75 + len(found) * (_WIDTH + _GAP) - _GAP + legend + 0.2, 3.1
    with style.paper():
        figure = headed_figure(
            size, title, f"from {style.without_middle(variants[0], 40)}{more}"
        )
        panels = []
        for k, covariate in enumerate(found):
            left = 0.75 + k * (_WIDTH + _GAP)
            axes = add_inches(figure, left, 0.47, _WIDTH, 2.0)
            if panels:
                axes.sharey(panels[0])
            panels.append(axes)
            own = by_rate[by_rate["covariate"] == covariate]
            _draw(axes, own, shown, variants)
            axes.set_xlabel(COVARIATES[covariate])
            # A bin of silent neurons has no place on a logarithmic axis.
            if covariate == "rate_hz" and (own["value"] > 0).all():
                _show_rates(axes)
        panels[0].set_ylabel(f"difference in {words}")
        panels[-1].legend(
            loc="upper left", bbox_to_anchor=(1.03, 1.02), borderaxespad=0, fontsize=7
        )
    return figure


def _draw(axes, table, shown, variants):
    axes.axhline(0, color=style.FAINT, lw=0.8)
    for k, name in enumerate(shown):
        own = table[table["variant"] == name].sort_values("value")
        value, middle = own["value"].to_numpy(float), own["difference"].to_numpy(float)
        # A little apart, or intervals of several variants hide each other.
        spread = (value.max() - value.min()) * 0.012
        x = value + spread * (k - (len(shown) - 1) / 2)
        if (value > 0).all() and value.max() > 4 * value.min():
            x = value * 1.025 ** (k - (len(shown) - 1) / 2)
        errors = np.stack([middle - own["low"], own["high"] - middle])
        axes.errorbar(
            x,
            middle,
            np.maximum(errors, 0),
            color=look_of(variants.index(name))[0],
            marker="o",
            ms=3,
            lw=1,
            elinewidth=0.8,
            label=style.without_middle(name, LONGEST_NAME),
        )


def _show_rates(axes):
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
