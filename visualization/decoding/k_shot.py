"""The K-shot curve: accuracy against the presentations that a decoder has seen."""

import numpy as np
from matplotlib.figure import Figure

from v1model.metrics import student_half_width
from visualization import style
from visualization.decoding.labels import COLOURS, NAMES, place_labels


def mean_and_interval(values):
    """Mean and half width of its 95 % interval (Student); None for a single value."""
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        return float(values.mean()), None
    return float(values.mean()), student_half_width(values)


def k_shot_figure(rows, title="How many presentations it takes"):
    """Accuracy on the same test presentations against K, mean over seeds.

    Bars are 95 % intervals of the mean (Student). Open marks: the same with shuffled
    labels. Dashed: chance. Grey: the best possible decoder, where it is known.

    Args:
        rows: Rows (`v1model.decoders.results`) of one session that have not failed; K
            of 0 stands for the whole training part.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no row, or the rows are of several sessions.
    """
    sessions = {row.session for row in rows}
    if len(sessions) != 1:
        raise ValueError(f"a K-shot curve needs rows of one session, got {sessions}.")
    with style.paper():
        figure = Figure(figsize=(5.4, 3.4))
        axes = figure.add_axes((0.105, 0.14, 0.62, 0.72))
        labels = []
        for decoder in sorted({row.decoder for row in rows}, key=list(COLOURS).index):
            own = [row for row in rows if row.decoder == decoder]
            colour = COLOURS[decoder]
            last = _draw_curve(axes, [r for r in own if not r.shuffled], colour, "o")
            _draw_curve(axes, [r for r in own if r.shuffled], colour, "s", "white")
            if last is not None:
                labels.append((last, NAMES[decoder], colour))
        chance = float(np.mean([row.chance for row in rows]))
        labels.append((chance, f"chance {chance:.3f}", style.INK))
        axes.axhline(chance, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        known = [row.bayes for row in rows if row.bayes is not None]
        if known:
            axes.axhline(known[0], color=style.FAINT, linewidth=0.9)
            labels.append((known[0], f"best possible {known[0]:.3f}", style.FAINT))
        if any(row.shuffled for row in rows):
            labels.append((chance + 0.07, "open: labels shuffled", style.FAINT))
        axes.set_xscale("log")
        shots = sorted({_shots(row) for row in rows})
        axes.set_xticks(shots, [f"{k:g}" for k in shots])
        axes.set_xticks([], minor=True)
        axes.set_xlim(shots[0] * 0.85, shots[-1] * 1.12)
        place_labels(axes, labels, shots[-1] * 1.12, 0.055)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("training presentations of each class, K")
        axes.set_ylabel("accuracy on the test part")
        n_seeds = len({row.seed for row in rows})
        axes.set_title(title, fontweight="bold", pad=17)
        words = f"{next(iter(sessions))}, mean of {n_seeds} draws and its 95 % interval"
        axes.text(0, 1.03, words, transform=axes.transAxes, color=style.FAINT)
    return figure


def _shots(row):
    """K, or presentations per class of the whole training part."""
    return row.k_shot or row.n_train / row.classes


def _draw_curve(axes, rows, colour, marker, face=None):
    """Draws one curve; the mean at its end, or None without rows."""
    if not rows:
        return None
    shots = sorted({_shots(row) for row in rows})
    points = [
        mean_and_interval([row.accuracy for row in rows if _shots(row) == k])
        for k in shots
    ]
    means = [mean for mean, _ in points]
    style_of = {"color": colour, "lw": 1.2 if face is None else 0.6, "zorder": 3}
    axes.plot(
        shots, means, marker, ls="-", ms=4, mfc=face or colour, mew=0.8, **style_of
    )
    for k, (mean, half) in zip(shots, points, strict=True):
        if half is not None:
            axes.plot([k, k], [mean - half, mean + half], color=colour, lw=1, zorder=2)
    return means[-1]
