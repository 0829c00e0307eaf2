"""Figures of one unit: its answers to all classes over time, and its tuning curve."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style

BEST = "#D55E00"
NAMED = 6  # best classes, in words on a tuning curve
MOST_LETTERS = 44  # of these words
MAP = "magma_r"


def unit_psth(responses, unit, duration_s, title=""):
    """PSTH of a unit for every class, the classes with the largest answers at the top.

    Below, the mean over classes and the class with the largest answer, with the
    standard error of its mean as a band.

    Args:
        responses: MeanResponses of `v1model.presentations.responses.psth`.
        unit: Which unit, an index.
        duration_s: Length of a presentation, s.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The unit was never valid.
    """
    rates, sem = responses.mean[:, :, unit], responses.sem[:, :, unit]
    order = _best_first(rates.mean(axis=1))
    edges_ms = np.linspace(0, 1000 * duration_s, rates.shape[1] + 1)
    with style.paper():
        figure = Figure(figsize=(3.6, 4.6))
        axes = figure.add_axes((0.16, 0.40, 0.66, 0.50))
        picture = axes.pcolormesh(
            edges_ms, np.arange(len(order) + 1), rates[order], cmap=MAP, vmin=0
        )
        picture.set_rasterized(True)
        axes.invert_yaxis()
        axes.set_ylabel(f"{len(order)} classes, largest answer first")
        axes.set_yticks([])
        axes.tick_params(labelbottom=False)
        bar = figure.colorbar(picture, cax=figure.add_axes((0.85, 0.40, 0.03, 0.50)))
        bar.set_label("Rate (Hz)")
        bar.outline.set_visible(False)
        _draw_course(figure, edges_ms, rates, sem, order[0], responses.classes)
        figure.text(0.03, 0.955, title, fontsize=9, fontweight="bold")
    return figure


def _draw_course(figure, edges_ms, rates, sem, best, classes):
    """The best class and the mean of all, over time."""
    axes = figure.add_axes((0.16, 0.10, 0.66, 0.25))
    spread = np.nan_to_num(sem[best])
    for sign in (1, -1):
        level = np.maximum(rates[best] + sign * spread, 0)
        axes.stairs(level, edges_ms, color=BEST, linewidth=0.4, alpha=0.6)
    low, high = np.maximum(rates[best] - spread, 0), rates[best] + spread
    axes.stairs(high, edges_ms, baseline=low, fill=True, color=BEST, alpha=0.25)
    axes.stairs(rates[best], edges_ms, baseline=None, color=BEST, linewidth=1.4)
    mean = np.nanmean(rates, axis=0)
    axes.stairs(mean, edges_ms, baseline=None, color=style.INK, linewidth=1.4)
    axes.set_xlim(edges_ms[0], edges_ms[-1])
    axes.set_ylim(0, None)
    axes.set_xlabel("Time after onset (ms)")
    axes.set_ylabel("Rate (Hz)")
    beside = {"transform": axes.transAxes, "va": "top", "fontsize": 7.5}
    label = str(classes[best])
    words = f"class {label}" if len(label) <= 5 else style.shortened(label, 9)
    axes.text(1.03, 1.0, words, color=BEST, **beside)
    axes.text(1.03, 0.82, "all classes", color=style.INK, **beside)


def tuning_curve(responses, unit, title="", blank=None):
    """Mean rate of a unit in presentations of each class, largest first.

    Bars are standard errors of the mean over presentations; the best classes are
    named, in order, and a line marks the blank.

    Args:
        responses: MeanResponses of `v1model.presentations.responses.tuning`.
        unit: Which unit, an index.
        title: Of the figure.
        blank: Label of the grey screen, or None for none.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The unit was never valid, or there is no such blank.
    """
    rates, sem = responses.mean[:, unit], responses.sem[:, unit]
    if blank is not None and blank not in responses.classes:
        raise ValueError(
            f"blank {blank!r} is none of {len(responses.classes)} classes."
        )
    order = _best_first(rates)
    place = np.arange(len(order))
    with style.paper():
        figure = Figure(figsize=(4.6, 2.6))
        axes = figure.add_axes((0.12, 0.19, 0.84, 0.66))
        if blank is not None:
            at_rest = float(rates[np.flatnonzero(responses.classes == blank)[0]])
            axes.axhline(at_rest, color=style.FAINT, linewidth=0.9, linestyle="--")
            axes.annotate(
                f"blank, {at_rest:.1f} Hz",
                (1, at_rest),
                (0, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                color=style.FAINT,
                fontsize=7.5,
            )
        axes.errorbar(
            place,
            rates[order],
            sem[order],
            fmt="o",
            markersize=2.6,
            color=style.INK,
            elinewidth=0.6,
            ecolor=style.FAINT,
        )
        named = order[:NAMED]
        axes.plot(place[:NAMED], rates[named], "o", ms=2.6, color=BEST, zorder=4)
        best = _joined(responses.classes[named])
        axes.text(
            1,
            0.97,
            f"best: {best}",
            color=BEST,
            ha="right",
            va="top",
            transform=axes.transAxes,
        )
        axes.set_xlim(-1, len(order))
        axes.set_ylim(0, None)
        axes.set_xticks([0, len(order) - 1], ["1", str(len(order))])
        axes.set_xlabel("Rank of the class", labelpad=-6)
        axes.set_ylabel("Rate (Hz)")
        figure.text(0.02, 0.925, title, fontsize=9, fontweight="bold")
    return figure


def _joined(labels):
    """The first of some labels, as many as have room in a line."""
    words = [style.shortened(label, MOST_LETTERS // 2) for label in labels]
    ends = np.cumsum([len(word) + 2 for word in words])
    return ", ".join(words[: max(int((ends <= MOST_LETTERS).sum()), 1)])


def _best_first(rates):
    """Classes by rate, the largest first, those without one last."""
    if not np.isfinite(rates).any():
        raise ValueError("the unit was valid in no presentation.")
    return np.argsort(-np.nan_to_num(rates, nan=-np.inf), kind="stable")
