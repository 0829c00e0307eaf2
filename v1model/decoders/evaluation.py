"""How well a decoder reads one part of a session."""

import dataclasses

import numpy as np

from v1model.metrics import balanced_accuracy, chance_level, wilson_interval

TOP = 5
COVERAGE = 0.95


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores of a part, fractions from 0 to 1, each with its 95 % interval.

    Accuracy counts presentations, `balanced` is the mean over classes of the share of
    each that is right, `top5` counts presentations whose class is among the five with
    the highest scores (None with five classes or fewer). All intervals are Wilson's.
    `chance` is the best constant answer in this part, `chance_uniform` 1 / K.
    """

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    top5: float | None
    top5_low: float | None
    top5_high: float | None
    balanced: float
    balanced_low: float
    balanced_high: float
    chance: float
    chance_uniform: float

    @property
    def is_at_chance(self):
        """Whether the interval of the accuracy reaches down to chance."""
        return self.accuracy_low <= max(self.chance, self.chance_uniform)


def evaluate(scores, targets):
    """The Scores of answers.

    Args:
        scores: The higher the likelier, (P, K); finite.
        targets: Position of the right class, (P,).

    Raises:
        ValueError: Shapes disagree, there is no answer, or a score is not finite.
    """
    scores, targets = np.asarray(scores), np.asarray(targets)
    if scores.ndim != 2 or targets.shape != scores.shape[:1] or not len(targets):
        raise ValueError(
            f"scores {scores.shape} need one target per row, got {targets.shape}."
        )
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        raise ValueError(f"scores must be finite; those of presentation {row} are not.")
    n, n_classes = scores.shape
    answers = scores.argmax(axis=1)
    is_right = answers == targets
    top = (None,) * 3
    if n_classes > TOP:
        best = np.argpartition(-scores, TOP - 1, axis=1)[:, :TOP]
        top = _share((best == targets[:, None]).any(axis=1))
    return Scores(
        n,
        *_share(is_right),
        *top,
        *_balanced(targets, answers),
        chance_level(targets),
        1 / n_classes,
    )


def confusion_matrix(answers, targets, n_classes):
    """How often class k was read as class j, (K, K) int64: rows k, columns j."""
    pairs = np.asarray(targets) * n_classes + np.asarray(answers)
    counts = np.bincount(pairs, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def _share(is_right):
    low, high = wilson_interval(int(is_right.sum()), len(is_right), COVERAGE)
    return float(is_right.mean()), low, high


def _balanced(targets, answers):
    """Balanced accuracy and its interval.

    A mean over K classes of n_k presentations varies like a share of K^2 / sum(1 / n_k)
    presentations: all of them if the classes are equally large.
    """
    n = np.unique(targets, return_counts=True)[1]
    worth = len(n) ** 2 / np.sum(1 / n)
    share = balanced_accuracy(targets, answers)
    right = min(share * worth, worth)  # rounding
    return share, *wilson_interval(right, worth, COVERAGE)
