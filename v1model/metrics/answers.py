"""Numbers that describe answers: how many are right, and how sure that is."""

import math
import statistics

import numpy as np
from scipy import special


def accuracy(labels, predictions):
    """Share of answers that are right.

    Args:
        labels: Right answers, any shape.
        predictions: Given answers, same shape.

    Raises:
        ValueError: The shapes differ, or there is no answer.
    """
    labels, predictions = _answers(labels, predictions)
    return float(np.mean(labels == predictions))


def balanced_accuracy(labels, predictions):
    """Mean over the classes of the share of that class answered right.

    Constant answers score 1 / number of classes, however unequal the classes are.
    Classes that do not occur in `labels` do not count.

    Raises:
        ValueError: The shapes differ, or there is no answer.
    """
    labels, predictions = _answers(labels, predictions)
    _, class_index = np.unique(labels, return_inverse=True)
    class_index = class_index.ravel()
    n_right = np.bincount(class_index, weights=(labels == predictions).ravel())
    return float(np.mean(n_right / np.bincount(class_index)))


def chance_level(labels):
    """Accuracy of the best answer that is always the same.

    Raises:
        ValueError: There is no label.
    """
    labels = np.asarray(labels)
    if labels.size == 0:
        raise ValueError("chance_level needs at least one label, got none.")
    _, counts = np.unique(labels, return_counts=True)
    return float(counts.max() / labels.size)


def wilson_interval(successes, trials, confidence=0.95):
    """Confidence interval of a proportion (Wilson, J. Am. Stat. Assoc. 1927).

    Unlike the normal interval it stays within 0 and 1 and keeps its coverage when
    the proportion is near either.

    Args:
        successes: Number of successes.
        trials: Number of trials.
        confidence: Coverage, between 0 and 1.

    Returns:
        (lower, upper).

    Raises:
        ValueError: No trials, more successes than trials, or a confidence
            outside (0, 1).
    """
    if trials <= 0:
        raise ValueError(f"trials must be positive, got {trials}.")
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..{trials}, got {successes}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}.")
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = share + z**2 / (2 * trials)
    half_width = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z**2 / trials
    # Rounding may pass 0 and 1, which the interval touches at the extremes.
    lower = max((centre - half_width) / scale, 0.0) if successes > 0 else 0.0
    upper = min((centre + half_width) / scale, 1.0) if successes < trials else 1.0
    return lower, upper


def student_half_width(values):
    """Half width of Student's 95 % interval of the mean of two values or more."""
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        raise ValueError(f"an interval of a mean needs two values, got {len(values)}.")
    t = special.stdtrit(len(values) - 1, 0.975)
    return float(t * values.std(ddof=1) / math.sqrt(len(values)))


def _answers(labels, predictions):
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape:
        raise ValueError(
            f"labels {labels.shape} and predictions {predictions.shape} differ "
            "in shape."
        )
    if labels.size == 0:
        raise ValueError("accuracy needs at least one answer, got none.")
    return labels, predictions
