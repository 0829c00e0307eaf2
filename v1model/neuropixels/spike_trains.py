"""SpikeTrains: spike times of many units in a session file, read per need."""

import dataclasses
import logging
import pathlib

import numpy as np

from v1model.hdf5_files import open_hdf5

SPIKE_TIMES = "units/spike_times"
WINDOW_SPIKES = 2**22  # sorted together, in about 150 MB

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SpikeTrains:
    """Where the spike times of U units lie in a file.

    Times of a unit that do not increase are sorted on reading, and a warning names the
    unit; one that is negative, infinite or not a number is an error.

    Args:
        path: The session file.
        unit_ids: (U,) int64.
        first, last: Where each unit's times begin and end in the file, (U,) int64.
    """

    path: pathlib.Path
    unit_ids: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def __len__(self):
        return len(self.unit_ids)

    @property
    def counts(self):
        """Spikes of each unit, (U,) int64."""
        return self.last - self.first

    def take(self, units):
        """Some of the units, in that order: indices or a mask."""
        columns = (self.unit_ids, self.first, self.last)
        return SpikeTrains(self.path, *(column[units] for column in columns))

    def read(self):
        """Increasing times of each unit, a list of U float64 arrays, s.

        Raises:
            ValueError: A time is impossible, or cannot be read.
        """
        with open_hdf5(self.path) as file:
            return [self._checked(file, unit)[0] for unit in range(len(self))]

    def in_windows(self, clock, window_spikes=WINDOW_SPIKES):
        """The same spikes cut into windows of time, which begin where steps begin.

        Reads all times once, to check them and to find where windows begin; in memory
        are those of one unit, and of units that had to be sorted.

        Args:
            clock: v1model.recordings.Clock.
            window_spikes: How many a window holds, about.

        Raises:
            ValueError: A time is impossible, or cannot be read.
        """
        last_s, repaired = 0.0, {}
        with open_hdf5(self.path) as file:
            first_steps = self._first_steps(file, clock, window_spikes)
            cuts = np.zeros((len(self), len(first_steps) + 1), np.int64)
            for unit in range(len(self)):
                times, was_sorted = self._checked(file, unit)
                cuts[unit, :-1] = np.searchsorted(times, clock.times(first_steps))
                cuts[unit, -1] = len(times)
                if cuts[unit, 0]:
                    raise ValueError(
                        f"{self.path}: {SPIKE_TIMES} of unit {self.unit_ids[unit]} "
                        f"holds {times[0]} s, before the start at {clock.start_s} s."
                    )
                last_s = max(last_s, times[-1] if len(times) else 0.0)
                if not was_sorted:
                    repaired[unit] = times
        return Windows(self, first_steps, cuts, repaired, float(last_s))

    def _first_steps(self, file, clock, window_spikes):
        """Where windows begin: evenly spaced up to where most trains end."""
        ends = [file[SPIKE_TIMES][last - 1] for last in self.last[self.counts > 0]]
        until = np.median(ends) if len(ends) and np.isfinite(ends).all() else 0.0
        n_windows = max(round(self.counts.sum() / window_spikes), 1)
        span = max(int(clock.steps(until)), 0)
        return np.unique(np.arange(n_windows) * span // n_windows)

    def _checked(self, file, unit):
        """Increasing times of a unit, and whether they were so in the file."""
        times = read_slice(file, self.first[unit], self.last[unit])
        is_sorted = bool((times[1:] >= times[:-1]).all())
        if is_sorted and not (len(times) and not 0 <= times[0] <= times[-1] < np.inf):
            return times, True
        wrong = np.flatnonzero(~(np.isfinite(times) & (times >= 0)))
        if len(wrong):
            raise ValueError(
                f"{self.path}: {SPIKE_TIMES} of unit {self.unit_ids[unit]} holds "
                f"{times[wrong[0]]} at position {wrong[0]}; times are at least 0 s."
            )
        logger.warning(
            "%s: spike times of unit %d did not increase; they were sorted",
            self.path,
            self.unit_ids[unit],
        )
        return np.sort(times), False


@dataclasses.dataclass(frozen=True)
class Windows:
    """Spikes of U units by W windows of time.

    Args:
        trains: Whose.
        first_steps: Where the windows begin, (W,) int64; the first at step 0.
        cuts: Which spikes of each unit are in each window, (U, W + 1) int64.
        repaired: Times of the units that are not sorted in the file.
        last_s: Time of the last spike, or 0.
    """

    trains: SpikeTrains
    first_steps: np.ndarray
    cuts: np.ndarray
    repaired: dict
    last_s: float

    def __len__(self):
        return len(self.first_steps)

    def __iter__(self):
        """Windows in order: (time_s (n,) increasing float64, unit (n,) int32).

        Spikes at the same time are in the order of their units.
        """
        counts = np.diff(self.cuts, axis=1)
        with open_hdf5(self.trains.path) as file:
            for window in range(counts.shape[1]):
                yield self._in_order(file, window, counts[:, window])

    def _in_order(self, file, window, counts):
        ends = np.cumsum(counts)
        time_s = np.empty(counts.sum(), np.float64)
        for unit in np.flatnonzero(counts):
            first, last = self.cuts[unit, window : window + 2]
            if unit in self.repaired:
                times = self.repaired[unit][first:last]
            else:
                begin = self.trains.first[unit]
                times = read_slice(file, begin + first, begin + last)
            time_s[ends[unit] - counts[unit] : ends[unit]] = times
        # Stable sorting merges the trains, which are in order already.
        order = np.argsort(time_s, kind="stable")
        unit = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return time_s[order], unit[order]


def read_slice(file, first, last):
    """Spike times first to last of the file, float64.

    Raises:
        ValueError: They cannot be read.
    """
    try:
        return file[SPIKE_TIMES][first:last].astype(np.float64, copy=False)
    except OSError as error:
        raise ValueError(
            f"{file.filename}: {SPIKE_TIMES} cannot be read ({error}); the file is "
            "truncated or damaged."
        ) from error
