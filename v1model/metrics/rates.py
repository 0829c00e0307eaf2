"""Numbers that describe how much neurons fire, and how regularly."""

import numpy as np


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


def fano_factor(counts):
    """Variance over mean of the counts of repeats; 1 for a Poisson process.

    Args:
        counts: Repeats first, (R, ...); NaN where a repeat is missing.

    Returns:
        (...); NaN where there was no spike, or fewer than two repeats.
    """
    counts = np.asarray(counts, np.float64)
    n = np.isfinite(counts).sum(axis=0)
    total = np.nansum(counts, axis=0)
    is_known = (n >= 2) & (total > 0)
    mean = total / np.maximum(n, 1)
    variance = np.nansum((counts - mean) ** 2, axis=0) / np.maximum(n - 1, 1)
    return np.where(is_known, variance / np.where(is_known, mean, 1), np.nan)
