"""Options that are switched on alone, each against the same baseline."""

import numpy as np

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure

BETTER, WORSE, UNSURE = "#009E73", "#D55E00", style.FAINT
USUAL = 6.0  # times the median of the lengths; longer bars are cut off
# Column, what it is called, and whether more is better; None is neither.
COLUMNS = (
    ("bps_mean", "bits per spike", True),
    ("corr_mean", "correlation", True),
    ("lag0_mass", "lag-0 mass", False),
    ("latency_error_ms", "latency error, ms", False),
    ("gain_gap", "gain gap", False),
    ("minutes", "minutes", False),
)


def option_deltas(table, baseline="baseline", title="Options, each alone"):
    """How much each option changes each number, a row per option, a dot per seed.

    Differences are from the baseline of the same seed. The bar is their mean; it has a
    colour where all seeds agree (two at least), green for what is better. A bar that is
    far longer than the others is cut off, and its length written.

    Args:
        table: Data frame with a row per training: option, seed, and some of bps_mean,
            corr_mean, lag0_mass, latency_error_ms, gain_gap, minutes.
        baseline: Name of the option that the others are compared with.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no baseline, or a seed has none.
    """
    base = table[table["option"] == baseline].set_index("seed")
    others = [name for name in dict.fromkeys(table["option"]) if name != baseline]
    missing = sorted(set(table["seed"]) - set(base.index))
    if not len(base) or missing:
        raise ValueError(
            f"each seed needs a row of option '{baseline}'; without one: {missing}."
        )
    if not others:
        raise ValueError(f"there is no option beside '{baseline}'.")
    columns = [
        one for one in COLUMNS if one[0] in table and table[one[0]].notna().any()
    ]
    labels = [style.shortened(name, 34) for name in others]
    left = 0.3 + 0.062 * max(map(len, labels))
    with style.paper():
        height = 0.24 * len(others)
        words = "green: better in all seeds, orange: worse; baseline: " + ", ".join(
            f"{label} {base[name].mean():.3g}" for name, label, _ in columns
        )
        width = max(left + 1.28 * len(columns) + 0.1, 0.3 + 0.062 * len(words))
        size = width, TOP + height + 0.75
        figure = headed_figure(size, title, words)
        place = -np.arange(len(others))
        for k, (name, label, is_more_better) in enumerate(columns):
            axes = add_inches(figure, left + 1.28 * k, 0.45, 1.12, height)
            axes.axvline(0, color=style.INK, lw=0.6)
            deltas = [_deltas(table, base, option, name) for option in others]
            reach = _reach(deltas)
            for y, delta in zip(place, deltas, strict=True):
                if len(delta):
                    colour = _colour(delta, is_more_better)
                    axes.barh(y, delta.mean(), height=0.62, color=colour, alpha=0.55)
                    axes.plot(delta, [y] * len(delta), ".", ms=3.5, color=style.INK)
                    _write_length(axes, y, delta.mean(), reach)
            axes.set_xlim(-reach, reach)
            axes.set_ylim(place[-1] - 0.6, 0.6)
            axes.set_yticks(place, labels if k == 0 else [""] * len(others))
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=3)
            axes.xaxis.set_major_formatter("{x:g}")  # "0.000" meets its neighbours
            axes.set_title(label, fontsize=7.5, pad=4)
            axes.set_xlabel("change", fontsize=7)
    return figure


def _deltas(table, base, option, name):
    own = table[table["option"] == option].set_index("seed")[name]
    return (own - base[name].reindex(own.index)).dropna().to_numpy(float)


def _reach(deltas):
    """Half of the axis: of all, or of the usual, where a few are far longer."""
    sizes = np.array([0.0, *(np.abs(delta).max() for delta in deltas if len(delta))])
    usual = USUAL * np.median(sizes) or sizes.max()
    return 1.15 * max(sizes[sizes <= usual].max(), 1e-9)


def _write_length(axes, y, length, reach):
    if abs(length) > reach:
        axes.text(
            np.sign(length) * 0.95 * reach,
            y,
            f"{length:.2g}",
            ha="right" if length > 0 else "left",
            va="center",
            fontsize=6,
        )


def _colour(delta, is_more_better):
    if len(delta) < 2:
        return UNSURE
    if (delta > 0).all():
        return BETTER if is_more_better else WORSE
    if (delta < 0).all():
        return WORSE if is_more_better else BETTER
    return UNSURE
