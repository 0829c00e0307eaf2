"""Monitors of decoders, on the validation part."""

import numpy as np

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

N_BINS = 10  # of confidence
_ROOM = ("decoder",)


@monitor("answers", pace="fast", rooms=_ROOM)
def answers(subject):
    """Accuracy on the validation part, and how sure right and wrong answers are."""
    from v1model.decoders.evaluation import evaluate

    scores, targets = subject.scores(), subject.targets
    found = evaluate(scores, targets)
    confidence = np.exp(scores.max(axis=1))
    right = scores.argmax(axis=1) == targets
    scalars = {
        "accuracy": found.accuracy,
        "balanced": found.balanced,
        "chance": found.chance,
        "log_loss": float(-scores[np.arange(len(targets)), targets].mean()),
        "confidence": float(confidence.mean()),
    }
    for name, chosen in (("right", right), ("wrong", ~right)):
        if chosen.any():
            scalars[f"confidence_{name}"] = float(confidence[chosen].mean())
    return Reading(scalars=scalars, histograms={"confidence": confidence})


@monitor("calibration", pace="fast", rooms=_ROOM)
def calibration(subject):
    """Expected calibration error: confidence against the share that is right."""
    scores, targets = subject.scores(), subject.targets
    confidence = np.exp(scores.max(axis=1))
    right = scores.argmax(axis=1) == targets
    return Reading(scalars={"error": calibration_error(confidence, right)})


@monitor("confusion", pace="slow", rooms=_ROOM)
def confusion(subject):
    """What was shown and what was read, of the validation part."""
    from v1model.decoders.evaluation import confusion_matrix
    from visualization.decoding.confusion import confusion_figure
    from visualization.files import png_of

    found = subject.scores().argmax(axis=1)
    matrix = confusion_matrix(found, subject.targets, len(subject.classes))
    figure = confusion_figure(matrix, subject.classes, "Validation")
    return Reading(pictures={"validation": png_of(figure)})


@monitor("classes", pace="slow", rooms=_ROOM)
def classes(subject):
    """How well each class is read, and what it is taken for."""
    from v1model.decoders.evaluation import confusion_matrix

    n_classes = len(subject.classes)
    found = subject.scores().argmax(axis=1)
    matrix = confusion_matrix(found, subject.targets, n_classes)
    rows = []
    for k, label in enumerate(subject.classes):
        shown, wrong = int(matrix[k].sum()), matrix[k].copy()
        wrong[k] = 0
        rows.append(
            {
                "class": label.item(),
                "presentations": shown,
                "right": float(matrix[k, k] / shown) if shown else np.nan,
                "read_instead": (
                    subject.classes[wrong.argmax()].item() if wrong.any() else ""
                ),
            }
        )
    return Reading(tables={"validation": rows})


def calibration_error(confidence, right, n_bins=N_BINS):
    """Mean distance of confidence and share of right answers, over bins of confidence.

    Of bins of equal width, weighted by their answers (Guo et al. 2017, ECE).

    Args:
        confidence: Probability of the answer, (P,).
        right: Whether it is right, (P,) bool.
        n_bins: Bins over [0, 1].
    """
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, confidence - right, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(confidence))
