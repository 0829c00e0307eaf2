"""Recordings with longer steps."""

import math

import numpy as np

from v1model.recordings.signals import COUNT, Signal
from v1model.recordings.writer import RecordingWriter

_PIECE_BYTES = 2**26  # of the widest array, read at a time
_FRAMES_AT_ONCE = 64
_WIDE_COUNT = "uint16"


def rebin(recording, path, factor, averaged=(), stimulus=None, report=None):
    """Writes a recording whose steps are `factor` times as long, with flat memory.

    The convention of rows stays: row k holds the activity before the update of step k
    and the stimulus of that step, so that activity[k + 1] still follows from
    activity[k] and stimulus[k]. With f = factor, row k of the result has

        counts: the sum over rows k f - f + 1 to k f
        other activity, behavior: row k f; for names in `averaged`, the mean over the
            rows of a count
        stimulus: the mean over rows k f to k f + f - 1; of one of pictures, row k f
        validity: valid where all rows that enter were

    Nothing of the stimulus of step k is in the activity of row k. Rows before the first
    count as 0, and are left out of means. What is left behind the last whole step is
    dropped. Tables keep their times; exact spike times become steps.

    Args:
        recording: Recording, open.
        path: Where to, .h5.
        factor: Rows that become one, at least 1.
        averaged: Names of activity that is averaged, not sampled.
        stimulus: What stands in the place of the recording's own, by name: functions
            of steps (start, stop) of the recording to numbers (stop - start, ...);
            None for its own.
        report: Called after every piece as report(rows done, rows in all).

    Raises:
        ValueError: There is not one whole step, a name is unknown, or that of a count.
    """
    if factor < 1 or factor != int(factor):
        raise ValueError(
            f"{recording.path}: factor must be a whole number from 1 on, got {factor}."
        )
    n_rows = recording.n_steps // int(factor)
    if not n_rows:
        raise ValueError(
            f"{recording.path}: factor must be at most {recording.n_steps}, the steps "
            f"of the recording, got {factor}."
        )
    dense = [name for name, one in recording.activity.items() if not _is_count(one)]
    for name in averaged:
        if name not in dense:
            raise ValueError(
                f"{recording.path}: averaged must be some of {sorted(dense)}, got "
                f"{name!r}."
            )
    framed = {}
    if stimulus is None:
        framed = {k: one for k, one in recording.stimulus.items() if one.is_framed}
        stimulus = {
            name: one.read
            for name, one in recording.stimulus.items()
            if not one.is_framed
        }
    pieces = _Pieces(recording, int(factor), frozenset(averaged), stimulus, framed)
    with _writer(recording, path, int(factor), framed) as writer:
        for name, series in framed.items():
            for first in range(0, series.n_frames, _FRAMES_AT_ONCE):
                last = first + _FRAMES_AT_ONCE
                writer.add_frames(name, series.frame_rows[first:last])
        size = pieces.rows_at_once()
        for start in range(0, n_rows, size):
            stop = min(start + size, n_rows)
            writer.append(**pieces.between(start, stop), n_steps=stop - start)
            if report is not None:
                report(stop, n_rows)
        writer.add_trials(recording.trials)


class _Pieces:
    """Rows of the result, made of those of the recording."""

    def __init__(self, recording, factor, averaged, stimulus, framed):
        self._recording, self._factor, self._averaged = recording, factor, averaged
        self._stimulus, self._framed = stimulus, framed

    def rows_at_once(self):
        recording = self._recording
        widths = [recording.n_neurons]
        for one in (*recording.stimulus.values(), *recording.behavior.values()):
            widths.append(1 if one.is_framed else math.prod(one.row_shape))
        return max(_PIECE_BYTES // (8 * max(widths) * self._factor), 1)

    def between(self, start, stop):
        """Arguments of RecordingWriter.append for rows [start, stop)."""
        recording, f = self._recording, self._factor
        first, last = start * f, stop * f
        valid = None
        if len(recording.validity.from_s):
            valid = self._before(recording.valid, start, stop, np.True_).all(axis=1)
        return {
            "activity": {
                name: self._activity(name, one, start, stop)
                for name, one in recording.activity.items()
            },
            "stimulus": {
                name: self._mean(read(first, last))
                for name, read in self._stimulus.items()
            }
            | {n: one.index(first, last)[::f] for n, one in self._framed.items()},
            "behavior": {
                name: one.read(first, last)[::f]
                for name, one in recording.behavior.items()
            },
            "valid": valid,
        }

    def _activity(self, name, one, start, stop):
        if _is_count(one):
            counts = self._before(one.read, start, stop, 0)
            return counts.sum(axis=1, dtype=np.int64).astype(_WIDE_COUNT)
        if name in self._averaged:
            values = self._before(one.read, start, stop, np.nan)
            if start == 0:  # of row 0 only the last is there
                values[0, :-1] = values[0, -1]
            return values.mean(axis=1)
        return one.read(start * self._factor, stop * self._factor)[:: self._factor]

    def _before(self, read, start, stop, filling):
        """Rows k f - f + 1 to k f of each k, (stop - start, f, N)."""
        f = self._factor
        first, last = start * f - f + 1, (stop - 1) * f + 1
        rows = read(max(first, 0), last)
        missing = max(-first, 0)
        if missing:
            before = np.full((missing, *rows.shape[1:]), filling, rows.dtype)
            rows = np.concatenate([before, rows])
        return rows.reshape(stop - start, f, *rows.shape[1:])

    def _mean(self, rows):
        rows = rows.reshape(-1, self._factor, *rows.shape[1:])
        return rows.mean(axis=1, dtype=np.float64).astype(np.float32)


def _is_count(one):
    return one.quantity == COUNT


def _writer(recording, path, factor, framed):
    signals = {}
    for name, one in recording.activity.items():
        old = one.signal
        # A sum of f small counts may not fit where each did.
        dtype = _WIDE_COUNT if old.is_count and old.dtype == "uint8" else old.dtype
        signals[name] = Signal(old.quantity, dtype, old.unit)
    return RecordingWriter(
        path,
        neurons=recording.neurons,
        dt_ms=recording.dt_ms * factor,
        signals=signals,
        start_s=recording.start_s,
        source=recording.source,
        session_id=recording.session_id,
        metadata={**recording.metadata, "rebinned": factor},
        frames={
            name: np.empty((0, *one.row_shape), one.dtype)
            for name, one in framed.items()
        },
    )
