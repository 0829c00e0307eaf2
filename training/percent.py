"""Percent: the progress of something long, in one line that is renewed."""

import sys
import time


class Percent:
    """Called as `percent(done, total)`; prints twice a second at most.

    Args:
        what: What is being done, in front of the number.
    """

    def __init__(self, what):
        self._what, self._shown = what, 0.0

    def __call__(self, done, total):
        now, is_end = time.monotonic(), done >= total
        if now - self._shown < 0.5 and not is_end:
            return
        self._shown = now
        line = f"{self._what}: {done / max(total, 1):.0%}"
        end = "\n" if is_end else ""
        print(f"\r{line:<60}", end=end, flush=True, file=sys.stderr)
