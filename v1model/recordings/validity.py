"""Validity: when each neuron was recorded properly. Piecewise constant in time."""

import numpy as np
import pandas as pd

from v1model.recordings.chunks import RowAppender, read_rows
from v1model.recordings.clock import ROUNDING_S

_BLOCK_BYTES = 2**24  # of masks that are counted at a time


class ValidityAppender:
    """The mask of a recording that grows, stored where it changes.

    The group has `from_s` (K,), increasing, and `neurons` (K, N) bool: from then on,
    until the next, these are valid. Before the first all are.

    Args:
        file: HDF5 file; the group is made when something is invalid.
        n_neurons: N.
        clock: Clock.
        pool: Executor that compresses.
        invalid: Data frame of intervals, columns start_s and stop_s; None for none.
        invalid_neurons: Who is invalid in each, (K, N) bool; None for all.
        path: Of the recording, for errors.

    Raises:
        ValueError: An interval is wrong.
    """

    def __init__(self, file, n_neurons, clock, pool, invalid, invalid_neurons, path):
        self._file, self._pool, self._clock = file, pool, clock
        self._last = np.ones(n_neurons, bool)
        self._columns = None
        self._steps = np.ones(n_neurons, bool)  # of the last step
        self._starts, self._stops, self._who = _intervals(
            invalid, invalid_neurons, n_neurons, path
        )
        borders = np.concatenate([self._starts, self._stops])
        self._borders = np.unique(borders[np.isfinite(borders)])
        self._n_passed = 0
        if (self._starts == -np.inf).any():
            self._add(-np.inf, self._within(-np.inf))

    def all_of(self, valid, start, n_steps):
        """The mask of n_steps steps from `start` on and the intervals: as `append`."""
        begin, end = self._clock.times([start, start + n_steps])
        overlaps = (self._starts < end) & (self._stops > begin)
        overlaps &= self._starts < self._stops
        if not overlaps.any():
            return valid
        both = np.ones((n_steps, len(self._steps)), bool)
        if valid is not None:
            both &= valid
        borders = self._clock.times(start + np.arange(n_steps + 1))
        for k in np.flatnonzero(overlaps):
            first = np.searchsorted(borders[1:], self._starts[k], side="right")
            last = np.searchsorted(borders[:-1], self._stops[k])
            both[first:last] &= ~self._who[k]
        return both

    def append(self, valid, start, n_steps):
        """Adds n_steps steps from `start` on; valid (t, N), (N,), or None for all."""
        if n_steps == 0:
            return
        if valid is None:
            valid = np.ones_like(self._steps)
        rows = np.atleast_2d(valid)
        is_new = (rows[1:] != rows[:-1]).any(axis=1)
        changes = np.concatenate([[0], np.flatnonzero(is_new) + 1])
        change_s = self._clock.times(start + changes)
        self._merge(change_s, lambda k: rows[changes[k]], start + n_steps)

    def append_from(self, validity, clock, start, n_steps):
        """Adds the mask of a recording of n_steps steps, the first of which is `start`.

        Args:
            validity: Validity.
            clock: Clock of that recording.
            start, n_steps: Steps.
        """
        begin, end = clock.times([0, n_steps])
        pieces = np.searchsorted(validity.from_s, (begin, end), side="right")
        pieces = np.arange(pieces[0], pieces[1] + 1)
        from_s = np.concatenate([[begin], validity.from_s[pieces[1:] - 1]])
        inside = from_s < end
        from_s, pieces = self._clock.moved(from_s[inside], clock, start), pieces[inside]
        self._merge(from_s, lambda k: validity.piece(pieces[k]), start + n_steps)

    def _merge(self, change_s, row, stop):
        """Adds masks row(k) from change_s[k] on, and intervals until step `stop`."""
        until = np.searchsorted(self._borders, self._clock.times(stop))
        borders = self._borders[self._n_passed : until]
        self._n_passed = until
        for time_s in np.union1d(borders, change_s):
            at = np.searchsorted(change_s, time_s, side="right") - 1
            if at >= 0 and change_s[at] == time_s:
                self._steps = row(at).copy()
            self._add(time_s, self._steps & self._within(time_s))

    def close(self):
        """Adds the intervals beyond the end, then writes."""
        for time_s in self._borders[self._n_passed :]:
            self._add(time_s, self._steps & self._within(time_s))
        for column in self._columns or ():
            column.close()

    def _within(self, time_s):
        is_now = (self._starts <= time_s) & (time_s < self._stops)
        return ~self._who[is_now].any(axis=0)

    def _add(self, time_s, valid):
        if (valid == self._last).all():
            return
        if self._columns is None:
            group = self._file.create_group("validity")
            self._columns = (
                RowAppender(group, "from_s", (), np.float64, self._pool),
                RowAppender(group, "neurons", valid.shape, bool, self._pool),
            )
        self._columns[0].append(np.array([time_s]))
        self._columns[1].append(valid[None])
        self._last = valid


class Validity:
    """The mask of a recording in a file.

    Args:
        group: HDF5 group, or None if all is valid.
        n_neurons: N.
        pool: Executor that decompresses.
    """

    def __init__(self, group, n_neurons, pool):
        self._group, self._n_neurons, self._pool = group, n_neurons, pool
        self.from_s = np.empty(0) if group is None else group["from_s"][()]

    def between(self, start_s, stop_s):
        """Whether nothing invalid overlaps (start_s, stop_s), (P, N) bool.

        Args:
            start_s, stop_s: (P,), s. Touching, to a nanosecond, is no overlap.
        """
        start_s = np.atleast_1d(start_s) + ROUNDING_S
        stop_s = np.atleast_1d(stop_s) - ROUNDING_S
        # Piece 0 is what lies before the first change.
        first = np.searchsorted(self.from_s, start_s, side="right")
        last = np.searchsorted(self.from_s, stop_s, side="left")
        out = np.empty((len(start_s), self._n_neurons), bool)
        if not len(start_s):
            return out
        pairs, which = np.unique(
            np.stack([first, np.maximum(first, last)], 1), axis=0, return_inverse=True
        )
        which = which.ravel()
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(pairs) + 1))
        for k, (low, high) in enumerate(pairs.tolist()):
            out[order[ends[k] : ends[k + 1]]] = self._pieces(low, high + 1).all(axis=0)
        return out

    def _pieces(self, low, high):
        rows = np.ones((int(low == 0), self._n_neurons), bool)
        if high <= 1:
            return rows
        stored = self._group["neurons"]
        stored = read_rows(stored, max(low - 1, 0), high - 1, pool=self._pool)
        return np.concatenate([rows, stored])

    def piece(self, k):
        """Who is valid from from_s[k - 1] until from_s[k], (N,) bool."""
        return self._pieces(int(k), int(k) + 1)[0]

    def intervals(self):
        """Data frame of what is invalid: start_s, stop_s, n_neurons invalid."""
        size = max(_BLOCK_BYTES // self._n_neurons, 1)
        n = [
            (~self._pieces(low + 1, min(low + size, len(self.from_s)) + 1)).sum(axis=1)
            for low in range(0, len(self.from_s), size)
        ]
        n = np.concatenate([np.empty(0, np.int64), *n])
        table = {
            "start_s": self.from_s,
            "stop_s": np.append(self.from_s[1:], np.inf)[: len(n)],
            "n_neurons": n,
        }
        frame = pd.DataFrame(table)
        return frame[frame["n_neurons"] > 0].reset_index(drop=True)


def _intervals(invalid, who, n_neurons, path):
    if invalid is None:
        return np.empty(0), np.empty(0), np.empty((0, n_neurons), bool)
    for name in ("start_s", "stop_s"):
        if name not in invalid:
            raise ValueError(
                f"{path}: invalid must have a column '{name}', got {list(invalid)}."
            )
    starts = np.asarray(invalid["start_s"], np.float64)
    stops = np.asarray(invalid["stop_s"], np.float64)
    wrong = np.flatnonzero(~(stops >= starts))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(
            f"{path}: invalid: interval {k} must not end before it begins, got "
            f"{starts[k]} to {stops[k]} s."
        )
    who = np.ones((len(starts), n_neurons), bool) if who is None else np.asarray(who)
    if who.shape != (len(starts), n_neurons) or who.dtype != bool:
        raise ValueError(
            f"{path}: invalid_neurons must be bool of shape "
            f"{(len(starts), n_neurons)}, got {who.dtype} of shape {who.shape}."
        )
    return starts, stops, who
