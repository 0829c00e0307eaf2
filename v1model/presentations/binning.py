"""From spike times to spike counts in the bins of presentations."""

import numpy as np

_COUNT_TYPES = (np.uint8, np.uint16, np.uint32)


def bin_edges(start_s, stop_s, n_bins):
    """Edges of the bins of each presentation, (P, T + 1) float64, s.

    Edge b is start + (stop - start) b / T; the last is `stop_s` itself, so that bins
    of presentations that touch share their edge.

    Raises:
        ValueError: A time is not finite, a presentation does not end after it began,
            or `n_bins` is not a positive integer.
    """
    start_s, stop_s = np.asarray(start_s, np.float64), np.asarray(stop_s, np.float64)
    if start_s.ndim != 1 or start_s.shape != stop_s.shape:
        raise ValueError(
            "start_s and stop_s must have one number per presentation, got shapes "
            f"{start_s.shape} and {stop_s.shape}."
        )
    if isinstance(n_bins, bool) or int(n_bins) != n_bins or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, got {n_bins}.")
    is_wrong = ~(np.isfinite(start_s) & np.isfinite(stop_s) & (stop_s > start_s))
    if is_wrong.any():
        row = int(np.flatnonzero(is_wrong)[0])
        raise ValueError(
            f"presentation {row} must be finite and stop after it started, got "
            f"{start_s[row]} to {stop_s[row]} s."
        )
    n_bins = int(n_bins)
    part = (stop_s - start_s)[:, None] * np.arange(n_bins + 1) / n_bins
    edges = np.minimum(start_s[:, None] + part, stop_s[:, None])
    edges[:, -1] = stop_s
    return edges


def bin_spikes(spike_times, start_s, stop_s, n_bins):
    """Spike counts of each unit in each bin of each presentation.

    A bin holds the spikes with edge_b <= time < edge_(b+1), see `bin_edges`. Presentations
    may have any order and duration, leave gaps and overlap.

    Args:
        spike_times: U arrays of increasing float64 times, s; equal times are spikes
            each, and an empty array is a silent unit.
        start_s, stop_s: Of the presentations, (P,) s.
        n_bins: T, bins per presentation.

    Returns:
        (P, T, U), the smallest of uint8, uint16 and uint32 that holds the largest.

    Raises:
        ValueError: Times of a unit are not finite or not increasing, or of the
            presentations as in `bin_edges`.
    """
    edges = bin_edges(start_s, stop_s, n_bins)
    ordered, place = np.unique(edges, return_inverse=True)
    place = place.reshape(edges.shape)
    counts = np.zeros((len(spike_times), edges.shape[0], edges.shape[1] - 1), np.uint8)
    for unit, times in enumerate(spike_times):
        times = _checked_times(times, unit)
        before = np.searchsorted(times, ordered)
        found = np.diff(before[place], axis=1)
        counts = _widened(counts, found.max(initial=0))
        counts[unit] = found
    return np.ascontiguousarray(counts.transpose(1, 2, 0))


def _checked_times(times, unit):
    times = np.asarray(times, np.float64)
    if times.ndim != 1:
        raise ValueError(
            f"spike times of unit {unit} must be one-dimensional, got shape "
            f"{times.shape}."
        )
    is_wrong = ~np.isfinite(times)
    if is_wrong.any():
        spike = int(np.flatnonzero(is_wrong)[0])
        raise ValueError(
            f"spike times of unit {unit} must be finite, got {times[spike]} s at "
            f"spike {spike}."
        )
    if (times[1:] < times[:-1]).any():
        spike = int(np.flatnonzero(times[1:] < times[:-1])[0]) + 1
        raise ValueError(
            f"spike times of unit {unit} must increase, got {times[spike]} s at spike "
            f"{spike} after {times[spike - 1]} s."
        )
    return times


def _widened(counts, largest):
    """The same counts, in a type that can hold `largest` too."""
    if largest <= np.iinfo(counts.dtype).max:
        return counts
    return counts.astype(smallest_type(largest))


def smallest_type(largest):
    """The smallest unsigned type that holds a count."""
    for dtype in _COUNT_TYPES:
        if largest <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(f"{largest} spikes in a bin are more than can be counted.")
