"""Progress: how much of something long is done, in one line that is renewed."""

import sys
import time

TERMINAL_S = 0.5  # between two lines on a terminal, which replace each other
FILE_S = 5.0  # between two lines in a file
_WIDTH = 60


class Progress:
    """Called as `progress(done, total)`; writes now and then how far it is.

        converting 715093703: 12%, about 34 s left
        recorded: 12.0 of 308.5 s (4%), 2.85 s/s, about 104 s left

    On a terminal the line is renewed; a file gets a new one every few seconds. Speeds
    count from the first call on, so that what an earlier start did is none of it.

    Args:
        what: What is being done, in front of the numbers.
        unit: What is counted, such as MB, to show how much and how fast; otherwise only
            the share is shown.
        scale: Units per count.
        total: Counts in all, where calls do not say so.
        stream: Where lines go; standard error by default.
        clock: Returns seconds.
    """

    def __init__(
        self, what, unit="", scale=1, total=None, stream=None, clock=time.monotonic
    ):
        self._what, self._unit, self._scale, self._total = what, unit, scale, total
        self._stream = sys.stderr if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._clock = clock
        self._done = 0
        self._first = None  # counts and time of the first call
        self._written = -TERMINAL_S if self._is_terminal else clock()
        self._width = _WIDTH

    def __call__(self, done=None, total=None):
        """Notes how far it is.

        Args:
            done: Counts that are done; None for one more.
            total: Counts in all; None for those that are known already, if any.
        """
        self._done = self._done + 1 if done is None else done
        self._total = self._total if total is None else total
        now, is_end = self._clock(), self._total == self._done
        self._first = self._first or (self._done, now)
        pause = TERMINAL_S if self._is_terminal else FILE_S
        if now - self._written < pause and not is_end:
            return
        self._written = now
        line = f"{self._what}: {', '.join(self._words(now))}"
        if self._is_terminal:
            self._width = max(self._width, len(line))
            line = f"\r{line:<{self._width}}"
        self._stream.write(line + "\n" * (is_end or not self._is_terminal))
        self._stream.flush()

    def _words(self, now):
        """How much, how fast and how long it will still take, as far as it is known."""
        share = f"{self._done / self._total:.0%}" if self._total else ""
        if self._unit:
            yield self._amount() + (f" ({share})" if share else "")
        elif share:
            yield share
        first, began = self._first
        if self._done > first and now > began:
            speed = (self._done - first) / (now - began)  # counts per second
            if self._unit:
                yield f"{speed * self._scale:.3g} {self._unit}/s"
            if self._total and self._total > self._done:
                yield f"about {(self._total - self._done) / speed:.0f} s left"

    def _amount(self):
        digits = 0 if self._scale == 1 else 1
        amounts = [f"{self._done * self._scale:,.{digits}f}"]
        if self._total:
            amounts.append(f"{self._total * self._scale:,.{digits}f}")
        return f"{' of '.join(amounts)} {self._unit}"
