"""Answers to all trials of a batch."""

from matplotlib.figure import Figure

from visualization import style
from visualization.trial.axes import (
    DPI,
    place,
    share_right,
    verdict,
    write,
)
from visualization.trial.confidences import draw_confidences

COLUMNS = 4
LEFT, WIDTH, WORDS, HEIGHT, GAP = 30, 110, 84, 130, 46  # of a cell, px
TITLE, FOOT = 48, 14  # px
LEAST_WIDE = 560  # px, room for the title


def batch_predictions(trials):
    """Confidence in each class, one cell per trial, and whether the answer was right.

    Args:
        trials: TrialActivity of each trial of a batch.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no trial.
    """
    if not trials:
        raise ValueError("predictions: at least one trial is needed, got 0.")
    n_columns = min(COLUMNS, len(trials))
    n_rows = -(-len(trials) // n_columns)
    width = max(WIDTH, (LEAST_WIDE - 10) // n_columns - LEFT - WORDS)
    cell = LEFT + width + WORDS
    wide = n_columns * cell + 10
    high = TITLE + n_rows * (HEIGHT + GAP) + FOOT
    with style.paper():
        figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
        write(figure, 12, 9, _summary(trials), fontsize=10, fontweight="bold")
        key = "Frame: the right class; dotted: chance"
        write(figure, 12, 28, key, color=style.FAINT)
        for k, trial in enumerate(trials):
            row, column = divmod(k, n_columns)
            left = LEFT + column * cell
            top = TITLE + 22 + row * (HEIGHT + GAP)
            axes = place(figure, left, top, width, HEIGHT)
            draw_confidences(axes, trial)
            _name_trial(axes, trial, k)
            if k + n_columns >= len(trials):
                axes.set_xlabel("Probability", labelpad=2)
    return figure


def _summary(trials):
    words = share_right(trials)
    if not words:
        return (
            f"{len(trials)} trials, no answer due"
            if len(trials) > 1
            else "No answer due"
        )
    return verdict(trials[0])[0] if len(trials) == 1 else words


def _name_trial(axes, trial, k):
    _, sign = verdict(trial)
    name = f"#{k}" + (f"  {trial.question}" if trial.question else "")
    looks = {"transform": axes.transAxes, "va": "bottom"}
    axes.text(0, 1.05, name, **looks)
    if sign is None:
        axes.text(1.03, 1.05, "not asked", color=style.FAINT, **looks)
        return
    axes.text(1.03, 1.05, str(sign), color=sign.colour, fontweight="bold", **looks)
