"""Answers to all trials of a batch."""

from matplotlib.figure import Figure

from visualization import style
from visualization.trial.axes import (
    DPI,
    SIGNS,
    place,
    verdict,
    write,
)
from visualization.trial.confidences import draw_confidences

COLUMNS = 4
LEFT, WIDTH, WORDS, HEIGHT, GAP = 30, 110, 66, 130, 46  # of a cell, px
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
    judged = [is_right for _, is_right in map(verdict, trials) if is_right is not None]
    if not judged:
        return (
            f"{len(trials)} trials, no answer due"
            if len(trials) > 1
            else "No answer due"
        )
    if len(trials) == 1:
        return verdict(trials[0])[0]
    return f"{sum(judged)} of {len(judged)} answers right"


def _name_trial(axes, trial, k):
    _, is_right = verdict(trial)
    name = f"#{k}" + (f"  {trial.question}" if trial.question else "")
    looks = {"transform": axes.transAxes, "va": "bottom"}
    axes.text(0, 1.05, name, **looks)
    if is_right is None:
        axes.text(1.03, 1.05, "not asked", color=style.FAINT, **looks)
        return
    colour = style.RIGHT if is_right else style.WRONG
    axes.text(1.03, 1.05, SIGNS[is_right], color=colour, fontweight="bold", **looks)
