"""Screening: what is on the screen over any length of time, and the LGN's answer."""

import collections
import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.lgn.kernels import KERNEL_MS, N_COLUMNS, N_ROWS

BLANK = -1  # number of the gray screen
SPONTANEOUS = "spontaneous"  # what a stretch of gray is called (Allen Institute)
_KEPT_BYTES = 256 * 2**20  # of spatial responses; a frame is filtered once
_DRAWN_AT_ONCE = 64  # frames


class Shown(NamedTuple):
    """A stretch of a screening: frames, each for some ms, and what it counts as.

    numbers: Of the frames, or BLANK.  durations_ms: How long each stays.
    row: What a presentation of these says in the table; None is no presentation.
    """

    numbers: list
    durations_ms: list
    row: dict | None = None


def gray(ms, block):
    """Gray for some ms, as a presentation of its own: a list of Shown, empty for 0."""
    row = {"stimulus": SPONTANEOUS, "block": block}
    return [Shown([BLANK], [ms], row)] if ms else []


@dataclasses.dataclass(frozen=True)
class Screening:
    """Numbered frames, one after the other, and the table of presentations.

    Frames are drawn when they are needed, so that a long screening takes no memory.

    Args:
        frame: Function from a number, 0 to n_frames - 1, to a frame, (120, 240) float32
            contrast; 0 is gray, one pixel is one degree.
        n_frames: Number of different frames, F.
        numbers: Which frame is on in each interval, (S,) int32, or BLANK.
        durations_ms: How long, (S,) int64.
        table: One row per presentation, in order: start_ms, stop_ms (int64), stimulus,
            block, and what describes it. What a row does not say is -1, NaN or "".
    """

    frame: Callable[[int], np.ndarray]
    n_frames: int
    numbers: np.ndarray
    durations_ms: np.ndarray
    table: pd.DataFrame

    @classmethod
    def of(cls, frame, n_frames, shown):
        """The Screening of a list of Shown.

        Raises:
            ValueError: It lasts no time, a duration is not a positive whole number, or
                a frame is not there.
        """
        if not shown:
            raise ValueError("screening: nothing is shown.")
        numbers = np.concatenate([part.numbers for part in shown])
        durations = np.concatenate([part.durations_ms for part in shown])
        wrong = np.flatnonzero((durations != np.rint(durations)) | (durations <= 0))
        if wrong.size:
            raise ValueError(
                "screening: durations must be positive whole ms, got "
                f"{durations[wrong[0]]}."
            )
        if not BLANK <= numbers.min() <= numbers.max() < n_frames:
            raise ValueError(
                f"screening: frames must lie in {BLANK}..{n_frames - 1}, got "
                f"{numbers.min()} to {numbers.max()}."
            )
        lengths = [int(np.sum(part.durations_ms)) for part in shown]
        stops = np.cumsum(lengths)
        rows = [
            {"start_ms": int(stop - length), "stop_ms": int(stop), **part.row}
            for part, length, stop in zip(shown, lengths, stops, strict=True)
            if part.row is not None
        ]
        return cls(
            frame,
            n_frames,
            numbers.astype(np.int32),
            durations.astype(np.int64),
            _table(rows),
        )

    @property
    def duration_ms(self):
        return int(self.durations_ms.sum())

    def between(self, start, stop):
        """Numbers and durations of the intervals that cover [start, stop) ms, cut."""
        first, last = np.searchsorted(self._ends, (start, stop - 1), side="right")
        ends = np.minimum(self._ends[first : last + 1], stop)
        return self.numbers[first : last + 1], np.diff(ends, prepend=start)

    def index(self, start, stop):
        """Number of the frame in each ms of [start, stop), int32."""
        return np.repeat(*self.between(start, stop))

    def frames(self, numbers):
        """These frames, (n, 120, 240) float32; BLANK is gray."""
        drawn = np.zeros((len(numbers), N_ROWS, N_COLUMNS), np.float32)
        for place, number in enumerate(numbers):
            if number != BLANK:
                drawn[place] = self.frame(int(number))
        return drawn

    def cut(self, duration_ms):
        """The first of it; what ends later is no presentation."""
        numbers, durations = self.between(0, min(duration_ms, self.duration_ms))
        table = self.table[self.table["stop_ms"] <= duration_ms]
        return dataclasses.replace(
            self, numbers=numbers, durations_ms=durations, table=table
        )

    @functools.cached_property
    def _ends(self):
        return np.cumsum(self.durations_ms)


class ScreenRates:
    """Rates of the LGN to a Screening, stretch by stretch; before it was gray.

    A stretch has the rates that it has in one piece: all that the LGN still responds
    to is filtered with it. Frames are filtered in space once, as long as there is room.

    Args:
        lgn: LGN of I units.
        screening: Screening.
    """

    def __init__(self, lgn, screening):
        self._lgn = lgn
        self._screening = screening
        self._kept = collections.OrderedDict()
        self._n_bytes = 0

    def between(self, start, stop):
        """Rates in each ms of [start, stop), (stop - start, I) float32, Hz."""
        first = max(start - KERNEL_MS, 0)
        numbers, durations = self._screening.between(first, stop)
        different, place = np.unique(numbers, return_inverse=True)
        responses = self._responses(different)[:, place.ravel()]
        return self._lgn.rates_from_spatial(responses, durations)[start - first :]

    def _responses(self, numbers):
        """Spatial responses to frames, (J, n) float32."""
        found = {n: self._kept[n] for n in numbers if n in self._kept}
        missing = [number for number in numbers if number not in found]
        for start in range(0, len(missing), _DRAWN_AT_ONCE):
            batch = missing[start : start + _DRAWN_AT_ONCE]
            drawn = self._lgn.spatial_responses(self._screening.frames(batch))
            found.update(zip(batch, drawn.T.copy(), strict=True))
        self._keep(found)
        return np.stack([found[number] for number in numbers], axis=1)

    def _keep(self, found):
        for number, response in found.items():
            if number not in self._kept:
                self._n_bytes += response.nbytes
            self._kept[number] = response
            self._kept.move_to_end(number)
        while self._n_bytes > _KEPT_BYTES:
            self._n_bytes -= self._kept.popitem(last=False)[1].nbytes


def _table(rows):
    """Rows that say different things as one table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = list(dict.fromkeys(["start_ms", "stop_ms", "stimulus", "block", *names]))
    columns = {}
    for name in names:
        said = [row[name] for row in rows if name in row]
        missing = _nothing_said(said)
        columns[name] = np.array([row.get(name, missing) for row in rows])
    return pd.DataFrame(columns)


def _nothing_said(values):
    if any(isinstance(value, str) for value in values):
        return ""
    is_whole = all(isinstance(value, (int, np.integer)) for value in values)
    return -1 if is_whole else np.nan
