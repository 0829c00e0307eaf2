"""Clock: which step of a recording is when."""

import dataclasses

import numpy as np

# Times that differ by no more are the same: sums of steps and of lengths are rounded.
ROUNDING_S = 1e-9


@dataclasses.dataclass(frozen=True)
class Clock:
    """Steps of equal length: step t covers [start_s + t dt, start_s + (t + 1) dt).

    Args:
        dt_ms: Length of a step, ms, above 0.
        start_s: When step 0 begins, s.

    Raises:
        ValueError: One of them is not finite, or dt_ms is not above 0.
    """

    dt_ms: float
    start_s: float = 0.0

    def __post_init__(self):
        for name in ("dt_ms", "start_s"):
            value = float(getattr(self, name))
            if not np.isfinite(value):
                raise ValueError(f"{name} must be finite, got {value}.")
            object.__setattr__(self, name, value)
        if self.dt_ms <= 0:
            raise ValueError(f"dt_ms must be above 0, got {self.dt_ms}.")

    def times(self, steps):
        """When steps begin, float64, s; the only place where this is computed."""
        return self.start_s + np.asarray(steps) * self.dt_ms / 1000

    def steps(self, times_s):
        """The step in which each time lies, int64; the exact inverse of `times`."""
        times_s = np.asarray(times_s, np.float64)
        found = np.floor((times_s - self.start_s) * 1000 / self.dt_ms).astype(np.int64)
        found = found - (self.times(found) > times_s)  # rounding, either way
        return found + (self.times(found + 1) <= times_s)

    def snapped(self, times_s):
        """Times; those that miss the beginning of a step by rounding become it."""
        times_s = np.asarray(times_s, np.float64)
        steps = np.rint((times_s - self.start_s) * 1000 / self.dt_ms)
        begins = self.times(steps)
        return np.where(np.abs(times_s - begins) <= ROUNDING_S, begins, times_s)

    def moved(self, times_s, other, first):
        """Times of another clock on this one, of which `first` is the other's step 0.

        A time stays in its step, and what is on a border stays on it.
        """
        times_s = np.asarray(times_s, np.float64)
        if first == 0 and self == other:
            return times_s
        steps = other.steps(times_s)
        moved = self.times(steps + first) + (times_s - other.times(steps))
        return np.minimum(moved, np.nextafter(self.times(steps + first + 1), -np.inf))
