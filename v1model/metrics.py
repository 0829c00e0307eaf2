"""Numbers that describe answers and activity. NumPy only."""

import math
import statistics

import numpy as np


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


def mean_rates(spikes, dt_ms, groups):
    """Mean firing rate of groups of neurons.

    Args:
        spikes: Spike counts per time step, (..., T, N).
        dt_ms: Length of a time step, ms.
        groups: Name of the group of each neuron, (N,).

    Returns:
        Hz by group name, in alphabetical order.

    Raises:
        ValueError: Lengths differ, a duration is not positive, or a count is
            negative.
    """
    spikes, groups = np.asarray(spikes), np.asarray(groups)
    if dt_ms <= 0:
        raise ValueError(f"dt_ms must be positive, got {dt_ms}.")
    if spikes.ndim < 2 or groups.shape != spikes.shape[-1:]:
        raise ValueError(
            f"spikes {spikes.shape} need one group per neuron, got {groups.shape}."
        )
    if spikes.size == 0:
        raise ValueError(f"spikes {spikes.shape} are empty.")
    if spikes.min() < 0:
        raise ValueError(f"spike counts must not be negative, got {spikes.min()}.")
    over_time = tuple(range(spikes.ndim - 1))
    seconds = spikes.size / spikes.shape[-1] * dt_ms / 1000
    rates = spikes.sum(axis=over_time, dtype=np.float64) / seconds
    names, group_index = np.unique(groups, return_inverse=True)
    sums = np.bincount(group_index, weights=rates)
    means = sums / np.bincount(group_index)
    return {str(name): float(mean) for name, mean in zip(names, means, strict=True)}


def osi(rates, directions):
    """Orientation selectivity |sum r exp(2 i a)| / sum r over directions a.

    0 for a cell that does not care, 1 for a cell that answers to one orientation
    only. The definition of the Allen Institute's drifting-grating analysis.

    Args:
        rates: Mean responses, (..., K), not negative.
        directions: Evenly spaced over the circle, (K,), degrees.

    Returns:
        (...) in [0, 1]; NaN for a cell that never fired.

    Raises:
        ValueError: Lengths differ, a rate is negative, or the directions are not
            evenly spaced.
    """
    return _selectivity(rates, directions, harmonic=2)


def dsi(rates, directions):
    """Direction selectivity |sum r exp(i a)| / sum r; see `osi`."""
    return _selectivity(rates, directions, harmonic=1)


def _selectivity(rates, directions, harmonic):
    rates = np.asarray(rates, np.float64)
    directions = np.asarray(directions, np.float64)
    if directions.ndim != 1 or rates.shape[-1:] != directions.shape:
        raise ValueError(
            f"rates {rates.shape} need one direction per column, "
            f"got {directions.shape}."
        )
    if (rates < 0).any():
        raise ValueError(f"rates must not be negative, got {rates.min()}.")
    phase = np.exp(1j * harmonic * np.deg2rad(directions))
    if abs(phase.mean()) > 1e-6:
        raise ValueError(
            "directions must be evenly spaced over the circle, "
            f"got {directions.tolist()}."
        )
    total = rates.sum(axis=-1)
    is_silent = total == 0
    index = np.abs(rates @ phase) / np.where(is_silent, 1, total)
    return np.where(is_silent, np.nan, np.minimum(index, 1.0))


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
