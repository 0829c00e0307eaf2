"""Activity between observations, when neurons are observed at different times.

Two ways to fill the gaps of an array (T, N) of which neuron n was observed in the steps
with (origin + t - phase[n]) mod time_units = 0, where it was valid:

    linear    straight from each observation to the next, as published. It looks up to
              time_units - 1 steps ahead, further over what was not valid.
    causal    the last observation is held. It never looks ahead. To go on in the
              direction of the last two is worse: the error on small eyes doubles.

Both are exact where observed and use nothing that was not observed. After the last
observation, linear holds it. Before the first, linear takes that one and causal, which
does not know it yet, a value that is given; so does a neuron that was never observed.
"""

import numpy as np


def interpolate_linear(activity, phases, time_units, origin=0, valid=None, unknown=0.0):
    """Activity with straight lines between observations, (T, N) float32.

    Args:
        activity: (T, N) float32; T > 0.
        phases: When each neuron is observed, (N,).
        time_units: Steps between two observations of a neuron.
        origin: Step of the recording that row 0 is, modulo time_units.
        valid: (T, N) bool; None where all is valid.
        unknown: What stands where nothing is known, a number or (N,).
    """
    windows = _Windows(activity, phases, time_units, origin, valid)
    low, missed = windows.last()
    high, ahead = windows.following()
    length = np.float32(time_units) * np.maximum(1 + missed + ahead, 1)
    slope = (high - low) / length.astype(np.float32)
    slope[(missed < 0) | (ahead < 0)] = 0
    nearest = np.where(ahead < 0, unknown, high)
    return windows.filled(np.where(missed < 0, nearest, low), missed, slope)


def interpolate_causal(activity, phases, time_units, origin=0, valid=None, unknown=0.0):
    """Activity that stays as it was last observed; see interpolate_linear."""
    windows = _Windows(activity, phases, time_units, origin, valid)
    low, missed = windows.last()
    return windows.filled(np.where(missed < 0, unknown, low), missed, None)


INTERPOLATED = {"linear": interpolate_linear, "causal": interpolate_causal}


class _Windows:
    """K windows of time_units steps of the recording, in each an observation or none.

    They leave K + 1 intervals: up to the first observation, from that to the second...
    """

    def __init__(self, activity, phases, time_units, origin, valid):
        n_steps = len(activity)
        n_windows = -(-(origin + n_steps) // time_units)
        self._phases, self._time_units = np.asarray(phases), time_units
        self._inside = slice(origin, origin + n_steps)
        rows = time_units * np.arange(n_windows)[:, None] + self._phases - origin
        self._is_seen = (rows >= 0) & (rows < n_steps)
        rows = np.clip(rows, 0, n_steps - 1)
        if valid is not None:
            self._is_seen &= np.take_along_axis(valid, rows, axis=0)
        seen = np.take_along_axis(activity, rows, axis=0)
        self._seen = np.where(self._is_seen, seen, np.float32(0))

    def last(self):
        """Of each interval the observation at its begin, and how many are missing.

        Returns:
            Two arrays (K + 1, N): the last one that was made, 0 if none was; how many
            were not since, -1 if none was made.
        """
        return _last(self._seen, self._is_seen)

    def following(self):
        """The same of the observation at its end, looking ahead."""
        values, missed = _last(self._seen[::-1], self._is_seen[::-1])
        return values[::-1], missed[::-1]

    def filled(self, begin, missed, slope):
        """The activity, (T, N) float32.

        Args:
            begin: Its value at the begin of each interval, (K + 1, N).
            missed: Windows since then, (K + 1, N).
            slope: Its change per step, (K + 1, N); None for none.
        """
        n_windows, n_neurons = self._is_seen.shape
        out = np.empty((n_windows, self._time_units, n_neurons), np.float32)
        rows = np.arange(self._time_units)[:, None]
        # Before its observation, a window belongs to the interval that ends there.
        is_after = self._phases <= rows
        age = ((rows - self._phases) % self._time_units).astype(np.float32)
        for k, window in enumerate(out):
            window[:] = np.where(is_after, begin[k + 1], begin[k])
            if slope is None:
                continue
            if missed[k : k + 2].any():
                late = self._time_units * np.where(is_after, missed[k + 1], missed[k])
                window += np.where(is_after, slope[k + 1], slope[k]) * (age + late)
            else:
                window += np.where(is_after, slope[k + 1], slope[k]) * age
        return np.ascontiguousarray(out.reshape(-1, n_neurons)[self._inside])


def _last(seen, is_seen):
    """See _Windows.last."""
    n_windows, n_neurons = seen.shape
    windows = np.arange(n_windows, dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(is_seen, windows, np.int32(-1)), axis=0)
    last = np.concatenate([np.full((1, n_neurons), -1, np.int32), last])
    values = np.take_along_axis(seen, np.maximum(last, 0), axis=0)
    missed = np.arange(-1, n_windows, dtype=np.int32)[:, None] - last
    return np.where(last < 0, np.float32(0), values), np.where(last < 0, -1, missed)
