"""What this machine can do at best: read memory, read at random places, multiply.

The floors that `engine_scaling.py` draws. All threads of Numba work; the best of
several readings counts, as a floor is what nothing can undercut.
"""

import time

import numba
import numpy as np

from v1model.engine.threads import thread_pool

_SHORTEST = 0.02  # seconds of one reading; shorter ones measure the clock
_READINGS = 5
_LINE = 16  # float32 numbers in a line of 64 bytes
_CHAINS = 4  # polynomials that do not wait for each other
_DEGREE = 32
_REASSOCIATE = {"reassoc", "nsz", "contract"}  # sums in any order, fused


def read_bandwidth(n_bytes):
    """Bytes per second at which all threads read an array of this size, repeatedly.

    An array that fits into a cache is read from there, as the engine's would be.
    """
    values = np.zeros(max(n_bytes // 4, 1), np.float32)
    return values.nbytes * _passes_per_second(_sum_all, values)


def random_reads(n_reads, n_bytes):
    """Lines of memory per second that all threads read at random from an array.

    Args:
        n_reads: Places, each an index of two bytes that is read in order.
        n_bytes: Size of the array, at most 65,536 lines of 64 bytes.
    """
    n_lines = max(n_bytes // (4 * _LINE), 1)
    index = np.random.default_rng(0).integers(0, n_lines, n_reads)
    values = np.zeros(n_lines * _LINE, np.float32)
    passes = _passes_per_second(_sum_at, values, index.astype(np.uint16))
    return n_reads * passes


def peak_flops():
    """Additions and multiplications per second of all threads, fused, float32."""
    values = np.zeros(1 << 14, np.float32)
    operations = 2 * _CHAINS * _DEGREE * len(values)
    return operations * _passes_per_second(_polynomials, values)


def _passes_per_second(kernel, *arrays):
    """The highest number of passes over the arrays in a second."""
    n_passes, best = 1, 0.0
    with thread_pool():
        totals = np.zeros(numba.get_num_threads(), np.float32)
        kernel(1, totals, *arrays)
        found = 0
        while found < _READINGS:
            began = time.perf_counter()
            kernel(n_passes, totals, *arrays)
            seconds = time.perf_counter() - began
            if seconds < _SHORTEST:
                n_passes *= 2
                continue
            best = max(best, n_passes / seconds)
            found += 1
    return best


# Each kernel is called as kernel(n_passes, totals, *arrays): one part of the arrays and
# one total per thread. A pass changes a number, or the compiler would do it once only.


@numba.njit(parallel=True, nogil=True, cache=True, fastmath=_REASSOCIATE)
def _sum_all(n_passes, totals, values):
    n = len(values)
    for part in numba.prange(len(totals)):
        mine = values[part * n // len(totals) : (part + 1) * n // len(totals)]
        for number in range(n_passes):
            mine[:1] = number
            totals[part] += _sum(mine)


@numba.njit(nogil=True, cache=True, fastmath=_REASSOCIATE)
def _sum(values):
    total = np.float32(0)
    for i in range(len(values)):
        total += values[i]
    return total


@numba.njit(parallel=True, nogil=True, cache=True, fastmath=_REASSOCIATE)
def _sum_at(n_passes, totals, values, index):
    n = len(index)
    for part in numba.prange(len(totals)):
        mine = index[part * n // len(totals) : (part + 1) * n // len(totals)]
        for number in range(n_passes):
            values[0] = number
            totals[part] += _sum_lines(values, mine)


@numba.njit(nogil=True, cache=True, fastmath=_REASSOCIATE)
def _sum_lines(values, index):
    total = np.float32(0)
    for k in range(len(index)):
        total += values[np.int64(index[k]) * _LINE]
    return total


@numba.njit(parallel=True, nogil=True, cache=True, fastmath=_REASSOCIATE)
def _polynomials(n_passes, totals, values):
    n = len(values)
    for part in numba.prange(len(totals)):
        mine = values[part * n // len(totals) : (part + 1) * n // len(totals)]
        for number in range(n_passes):
            mine[:1] = number
            totals[part] += _sum_polynomials(mine)


@numba.njit(nogil=True, cache=True, fastmath=_REASSOCIATE)
def _sum_polynomials(values):
    for i in range(len(values)):
        x = values[i]
        a, b, c, d = x, x + np.float32(1), x + np.float32(2), x + np.float32(3)
        for _ in range(_DEGREE):
            a = a * x + np.float32(0.1)
            b = b * x + np.float32(0.2)
            c = c * x + np.float32(0.3)
            d = d * x + np.float32(0.4)
        values[i] = a + b + c + d
    return values[0]
