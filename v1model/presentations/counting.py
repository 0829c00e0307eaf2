"""The compiled loop of `bin_spikes`; Numba is imported with this module only."""

import numba


# The loop calls nothing of other files, so that Numba's own cache notices every change.
@numba.njit(nogil=True, cache=True)
def count_spikes(times, ordered, first, last, before, counts):
    """Counts the spikes of one unit; every spike and every edge is met once.

    Args:
        times: Spike times, (n,) float64, increasing.
        ordered: All edges of bins, (E,) float64, increasing.
        first, last: Which of these a bin begins and ends at, (M,) integers.
        before: Scratch, (E,) int64: how many spikes lie before each edge.
        counts: Spikes of each bin, (M,) integers, overwritten.

    Returns:
        The largest count.
    """
    n = len(times)
    spike = 0
    for edge in range(len(ordered)):
        until = ordered[edge]
        while spike < n and times[spike] < until:
            spike += 1
        before[edge] = spike
    largest = 0
    for place in range(len(counts)):
        count = before[last[place]] - before[first[place]]
        counts[place] = count
        largest = max(largest, count)
    return largest
