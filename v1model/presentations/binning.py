"""From spike times to spike counts in the bins of presentations."""

import numpy as np

_COUNT_TYPES = (np.uint8, np.uint16, np.uint32)
# Columns of the result are written together: each alone touches all of its memory.
_UNITS_AT_ONCE = 64

DEFAULT_BINS = 5  # per presentation of a recording


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
    edges = start_s[:, None] + part
    edges[:, -1] = stop_s
    return edges


def bin_spikes(spike_times, start_s, stop_s, n_bins):
    """Spike counts of each unit in each bin of each presentation.

    A bin holds the spikes with edge_b <= time < edge_(b+1), see `bin_edges`.
    Presentations may have any order and duration, leave gaps and overlap.

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
    # Numba takes longer to import than most bins to count.
    from v1model.presentations.counting import count_spikes

    edges = bin_edges(start_s, stop_s, n_bins)
    ordered, place = np.unique(edges, return_inverse=True)
    place = place.reshape(edges.shape).astype(np.int32)
    first, last = place[:, :-1].ravel(), place[:, 1:].ravel()
    before = np.empty(len(ordered), np.int64)
    counts = np.zeros((len(first), len(spike_times)), np.uint8)
    for left in range(0, len(spike_times), _UNITS_AT_ONCE):
        some = spike_times[left : left + _UNITS_AT_ONCE]
        found = np.empty((len(some), len(first)), np.uint32)
        largest = 0
        for row, times in enumerate(some):
            times = _checked_times(times, left + row)
            most = count_spikes(times, ordered, first, last, before, found[row])
            largest = max(largest, most)
        if largest > np.iinfo(counts.dtype).max:
            counts = counts.astype(smallest_type(largest))
        counts[:, left : left + len(some)] = found.T
    return counts.reshape(*edges[:, 1:].shape, len(spike_times))


def _checked_times(times, unit):
    times = np.ascontiguousarray(times, np.float64)
    if times.ndim != 1:
        raise ValueError(
            f"spike times of unit {unit} must be one-dimensional, got shape "
            f"{times.shape}."
        )
    # Comparisons with NaN are false, and infinite times in order are at an end.
    ends = times[[0, -1]] if times.size else times
    if (times[1:] >= times[:-1]).all() and np.isfinite(ends).all():
        return times
    is_finite = np.isfinite(times)
    if not is_finite.all():
        spike = int(np.argmin(is_finite))
        raise ValueError(
            f"spike times of unit {unit} must be finite, got {times[spike]} s at "
            f"spike {spike}."
        )
    spike = int(np.argmax(times[1:] < times[:-1])) + 1
    raise ValueError(
        f"spike times of unit {unit} must increase, got {times[spike]} s at spike "
        f"{spike} after {times[spike - 1]} s."
    )


def smallest_type(largest):
    """The smallest unsigned type that holds a count."""
    for dtype in _COUNT_TYPES:
        if largest <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(f"{largest} spikes in a bin are more than can be counted.")
