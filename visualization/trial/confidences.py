"""How sure a readout was of each class, as bars."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from visualization import style
from visualization.trial.axes import is_answer_due, say

MOST_WORDS = 12  # classes up to which each bar has its number
LINE_PX = 12  # height of a line of words


def draw_confidences(axes, trial):
    """Draws the probability of each class in the answer of a trial.

    The right class is named "right" and has a frame, the class that was answered is
    named "given" (none is if classes tie); the dotted line is chance. Words stand to
    the right of the axes, which need about 50 pixels there.
    """
    if not trial.predictions.size:
        axes.set_axis_off()
        say(axes, "no answer")
        return
    confidence, n_classes = trial.confidence, trial.predictions.shape[1]
    is_due = is_answer_due(trial)
    colours = [style.FAINT] * n_classes
    if trial.prediction is not None:
        colours[trial.prediction] = style.WRONG if is_due else style.INK
    if is_due:
        colours[trial.label] = style.RIGHT
    axes.barh(np.arange(n_classes), confidence, height=0.8, color=colours)
    if is_due:
        frame = {"fill": False, "ec": style.INK, "lw": 1.0}
        axes.barh(trial.label, 1, height=0.94, clip_on=False, **frame)
    axes.axvline(1 / n_classes, color=style.INK, lw=0.7, ls=":")
    axes.set(xlim=(0, 1), ylim=(n_classes - 0.4, -0.6))
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.yaxis.set_major_locator(
        MaxNLocator(MOST_WORDS, integer=True, steps=[1, 2, 5, 10])
    )
    _write_numbers(axes, trial, is_due, colours)


def _write_numbers(axes, trial, is_due, colours):
    n_classes = len(colours)
    named = {}
    if trial.prediction is not None:
        named[trial.prediction] = " given" if is_due else ""
    if is_due:
        named[trial.label] = " right"
    looks = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 7}
    heights = {k: k for k in range(n_classes)}
    if n_classes > MOST_WORDS:
        heights = _apart(sorted(named), LINE_PX * n_classes / axes.bbox.height)
    for k, height in heights.items():
        weight = "bold" if k in named else "normal"
        words = f"{trial.confidence[k]:.2f}{named.get(k, '')}"
        colour = colours[k] if k in named else style.INK
        axes.text(1.03, height, words, color=colour, fontweight=weight, **looks)


def _apart(classes, least):
    """Heights of the words of up to two classes, at least so far from each other."""
    if len(classes) < 2:
        return {k: k for k in classes}
    middle = np.mean(classes)
    half = max((classes[1] - classes[0]) / 2, least / 2)
    return {classes[0]: middle - half, classes[1]: middle + half}
