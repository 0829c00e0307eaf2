"""How long a training has taken, and may take."""

import time


class Clock:
    """The time of a training over all its starts, and its limit.

    Args:
        max_minutes: Most minutes of training; 0 is any.
        seconds: Of the starts before this one.
    """

    def __init__(self, max_minutes, seconds=0.0):
        self._limit = 60 * max_minutes or float("inf")
        self._begun = time.monotonic() - seconds

    @property
    def seconds(self):
        """Of training so far."""
        return time.monotonic() - self._begun

    @property
    def is_over(self):
        """Whether the limit is reached."""
        return self.seconds >= self._limit

    def seconds_left(self, work_seconds):
        """Of training: those that the work takes, if the limit does not come first."""
        return max(min(work_seconds, self._limit - self.seconds), 0)
