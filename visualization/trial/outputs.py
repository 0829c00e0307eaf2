"""What the readout of a column said over a trial."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    draw_title,
    is_answer_due,
    mark_windows,
    place,
    say,
    set_time,
    signs_of,
    windows,
)
from visualization.trial.confidences import draw_confidences

LEFT, WIDTH, GAP_X, BARS, RIGHT = 66, 420, 50, 150, 70  # px
KEY_LEFT = (0, 0.4, 0.8)  # of the axes, where the words of the key begin
OUTPUT, GAP_Y, FOOT = 150, 22, 46  # px


def readout_over_time(trial):
    """Activity of the readout and probabilities over time, and the last answer.

    The right class is a thick line, the class that was answered instead a dashed one,
    all others are gray. Where classes tie, none was answered.

    Args:
        trial: TrialActivity.

    Returns:
        matplotlib Figure.
    """
    wide = LEFT + WIDTH + GAP_X + BARS + RIGHT
    top = TITLE_PX + 18
    high = top + 2 * OUTPUT + GAP_Y + FOOT
    n_chunks, n_classes = trial.outputs.shape
    with style.paper():
        figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
        words = f"{n_classes} classes, {n_chunks} steps of the readout"
        if is_answer_due(trial):
            words += "; dots: the right class where an answer is due"
        draw_title(figure, trial, words)
        activity = place(figure, LEFT, top, WIDTH, OUTPUT)
        chance = place(figure, LEFT, top + OUTPUT + GAP_Y, WIDTH, OUTPUT)
        bars = place(figure, LEFT + WIDTH + GAP_X, top, BARS, 2 * OUTPUT + GAP_Y)
        _draw_lines(activity, trial, trial.outputs)
        activity.set_ylabel("Readout (logit)")
        _draw_lines(chance, trial, trial.predictions)
        chance.set(ylabel="Probability", ylim=(0, 1.02))
        _explain_lines(activity, trial)
        _judge_windows(chance, trial)
        set_time(activity, trial, is_labelled=False)
        set_time(chance, trial)
        draw_confidences(bars, trial)
        bars.set_xlabel("Probability (dotted: chance)", labelpad=2)
        bars.text(0, 1.025, _answer_time(trial), transform=bars.transAxes)
    return figure


def _answer_time(trial):
    """When the answer was given that the bars show, in words."""
    n_chunks = len(trial.labels)
    if not n_chunks:
        return ""
    edges = np.linspace(0, trial.duration_ms, n_chunks + 1)
    start, end = edges[trial.answer_chunk :][:2]
    return f"From {start:g} to {end:g} ms"


def _draw_lines(axes, trial, values):
    """One line per class, a step per chunk; values (C, K)."""
    mark_windows(axes, trial)
    if not np.isfinite(values).any():
        say(axes, "no finite number" if values.size else "no readout")
        return
    edges = np.linspace(0, trial.duration_ms, len(values) + 1)
    looks = _special_classes(trial)
    for k, line in enumerate(values.T):
        look = {"color": style.FAINT, "lw": 0.6, **looks.get(k, {})}
        axes.stairs(line, edges, baseline=None, zorder=3 if k in looks else 2, **look)


def _special_classes(trial):
    """How the lines of the right and of the given class look, by class."""
    if not trial.predictions.size:
        return {}
    given = {"color": style.WRONG, "lw": 1.4, "ls": (0, (3, 1.5))}
    if not is_answer_due(trial):
        given = {"color": style.INK, "lw": 1.2}
    looks = {} if trial.prediction is None else {trial.prediction: given}
    if is_answer_due(trial):
        looks[trial.label] = {"color": style.RIGHT, "lw": 2.2}
    return looks


def _explain_lines(axes, trial):
    """The classes that have a look of their own, named above the axes."""
    looks = _special_classes(trial)
    key = [(f"class {k}: {_role(trial, k)}", look) for k, look in looks.items()]
    n_others = trial.outputs.shape[1] - len(looks)
    if n_others > 0 and looks:
        words = "1 other" if n_others == 1 else f"{n_others} others"
        key.append((words, {"color": style.FAINT, "lw": 0.6}))
    for left, (words, look) in zip(KEY_LEFT, key, strict=False):
        line = [left, left + 0.06], [1.08, 1.08]
        axes.plot(*line, transform=axes.transAxes, clip_on=False, **look)
        at = {"transform": axes.transAxes, "va": "center"}
        axes.text(left + 0.075, 1.08, words, **at)


def _role(trial, k):
    if not is_answer_due(trial):
        return "likeliest"
    roles = {"right": k == trial.label, "given": k == trial.prediction}
    return " and ".join(name for name, holds in roles.items() if holds)


def _judge_windows(axes, trial):
    """A dot on the right class in each window, and the sign of the answer above."""
    if not trial.predictions.size:
        return
    asked = np.flatnonzero(trial.is_asked)
    signs = signs_of(trial)
    for chunk, span in zip(asked, windows(trial), strict=True):
        at, label = span.mean(), trial.labels[chunk]
        axes.plot(at, trial.predictions[chunk, label], "o", color=style.INK, ms=4)
        axes.annotate(
            f"{label} {signs[chunk].mark}",
            (at, 1),
            xytext=(0, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            color=signs[chunk].colour,
            fontweight="bold",
        )
