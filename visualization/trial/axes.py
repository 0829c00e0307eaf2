"""What all figures of a trial share: its title, its time axis, its answers.

Figures are laid out by hand, in pixels of DPI: an automatic layout takes longer than
all the drawing.
"""

from typing import NamedTuple

import numpy as np

from v1model.activity import UNDECIDED
from visualization import style

DPI = 100  # dots per inch that figures are laid out for; more are fine
TITLE_PX = 52  # height of the title


class Sign(NamedTuple):
    """What an answer was: a mark, a word, and the colour of both."""

    mark: str
    word: str
    colour: str

    def __str__(self):
        return f"{self.mark} {self.word}"


RIGHT = Sign("✓", "right", style.RIGHT)
WRONG = Sign("✗", "wrong", style.WRONG)
TIED = Sign("?", "undecided", style.INK)


def place(figure, left, top, width, height):
    """New axes at this place, in pixels from the upper left corner of the figure."""
    wide, high = (DPI * inches for inches in figure.get_size_inches())
    bottom = high - top - height
    return figure.add_axes((left / wide, bottom / high, width / wide, height / high))


def write(figure, left, top, text, **looks):
    """Text whose upper left corner is at this place, in pixels."""
    wide, high = (DPI * inches for inches in figure.get_size_inches())
    looks = {"va": "top", **looks}
    return figure.text(left / wide, 1 - top / high, text, **looks)


def check_neurons(trial, neurons):
    """Refuses neurons of another column than the trial's.

    Raises:
        ValueError: Their number is another one.
    """
    if neurons is not None and len(neurons) != trial.n_neurons:
        raise ValueError(
            f"figure: the trial has {trial.n_neurons} neurons, got {len(neurons)}."
        )


def draw_title(figure, trial, what, left=14):
    """Two lines at the top: question and answer with its sign, then what is drawn."""
    words, sign = verdict(trial)
    looks = {"fontsize": 10, "fontweight": "bold"}
    write(figure, left, 9, words, **looks)
    if sign is not None:
        right = DPI * figure.get_size_inches()[0] - left
        write(figure, right, 9, str(sign), color=sign.colour, ha="right", **looks)
    write(figure, left, 29, what, color=style.FAINT)


def verdict(trial):
    """The answer in words, and its Sign; None if none was due.

    If several answers were due, both are of the last.
    """
    if not trial.predictions.size:
        return _with_question(trial, "no answer was given"), None
    n_due = int(trial.is_asked.sum())
    if not n_due:
        words = f"no answer due, {_in_words(trial, 'likeliest')}"
        return _with_question(trial, words), None
    words = f"right answer {trial.label}, {_in_words(trial, 'given')}"
    signs = signs_of(trial)
    if n_due > 1:
        n_right = sum(signs[chunk] == RIGHT for chunk in np.flatnonzero(trial.is_asked))
        words = f"{n_right} of {n_due} right; the last: {words}"
    return _with_question(trial, words), signs[trial.answer_chunk]


def _in_words(trial, role):
    """The class in `answer_chunk` and its probability, or how many classes tie."""
    largest = trial.confidence.max()
    if trial.prediction is not None:
        return f"{role} {trial.prediction} (p = {largest:.2f})"
    n_tied = int((trial.confidence == largest).sum())
    return f"undecided ({n_tied} at p = {largest:.2f})" if n_tied else "undecided"


def share_right(trials):
    """How many answers of some trials were right, in words; "" if none was due."""
    signs = [sign for _, sign in map(verdict, trials) if sign is not None]
    if not signs:
        return ""
    words = f"{signs.count(RIGHT)} of {len(signs)} answers right"
    n_tied = signs.count(TIED)
    return words + (f", {n_tied} undecided" if n_tied else "")


def is_answer_due(trial):
    """Whether the trial asks anything."""
    return bool(trial.is_asked.any())


def signs_of(trial):
    """The Sign of what was answered in each chunk, list of C."""
    pairs = zip(trial.answers, trial.labels, strict=True)
    return [
        TIED if answer == UNDECIDED else RIGHT if answer == label else WRONG
        for answer, label in pairs
    ]


def _with_question(trial, words):
    return f"{trial.question}: {words}" if trial.question else words.capitalize()


def size_in_words(trial):
    """Neurons, duration, spikes and mean rate of a trial."""
    n_spikes = len(trial.spike_step)
    rate = n_spikes / trial.n_neurons / (trial.duration_ms / 1000)
    return (
        f"{trial.n_neurons:,} neurons, {trial.duration_ms:g} ms, {n_spikes:,} spikes "
        f"({rate:.3g} Hz on average)"
    )


def windows(trial):
    """Start and end of each chunk in which an answer is due, (n, 2), ms."""
    edges = np.linspace(0, trial.duration_ms, len(trial.labels) + 1)
    return np.column_stack([edges[:-1], edges[1:]])[trial.is_asked]


def mark_windows(axes, trial, say=False):
    """Tints the time in which an answer is due; with `say`, names it above the axes."""
    spans = windows(trial)
    for start, end in spans:
        axes.axvspan(start, end, color=style.WINDOW, alpha=0.45, lw=0, zorder=0)
    if say and len(spans):
        start, end = spans[-1]
        is_late = start > trial.duration_ms / 2
        axes.annotate(
            "answer due",
            (end if is_late else start, 1),
            xytext=(0, 3),
            textcoords="offset points",
            xycoords=("data", "axes fraction"),
            ha="right" if is_late else "left",
            fontsize=7,
        )


def set_time(axes, trial, is_labelled=True):
    """The time axis of a trial, with words only where `is_labelled`."""
    axes.set_xlim(0, trial.duration_ms)
    if is_labelled:
        axes.set_xlabel("Time (ms)", labelpad=2)
    else:
        axes.tick_params(labelbottom=False)


def say(axes, words):
    """Says in an empty panel why it is empty."""
    axes.text(
        0.5,
        0.5,
        words,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=style.FAINT,
    )


def binned_rates(trial, group, n_groups, n_bins):
    """Rate of groups of neurons over time.

    Args:
        trial: TrialActivity.
        group: Group of each neuron, (N,) int.
        n_groups: Number of groups.
        n_bins: About how many bins there are; a bin is at least one step.

    Returns:
        Edges of the bins, (n + 1,), ms, and the mean rate of a neuron of each group in
        them, (n_groups, n), Hz; NaN for a group without neurons.
    """
    n_bins = max(min(n_bins, trial.n_steps), 1)
    of_step = (np.arange(trial.n_steps) * n_bins // trial.n_steps).astype(np.int32)
    first = (group * n_bins).astype(np.int32)
    key = first[trial.spike_neuron] + of_step[trial.spike_step]
    counts = np.bincount(key, minlength=n_groups * n_bins).reshape(n_groups, n_bins)
    seconds = np.bincount(of_step, minlength=n_bins) * trial.dt_ms / 1000
    sizes = np.bincount(group, minlength=n_groups).astype(float)
    sizes[sizes == 0] = np.nan
    edges = np.concatenate([[0], np.cumsum(seconds)]) * 1000
    return edges, counts / sizes[:, None] / seconds
