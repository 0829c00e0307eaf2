"""Guard: keeps monitors under their share of the time of a training."""


class Guard:
    """What monitors of a pace have taken, and whether one more fits.

    What a monitor takes is known from its last time. The first time of each is always
    allowed, because only then its time is known, and a reader wants to see everything
    at least once; what that takes beyond the share is saved afterwards. Meanwhile a
    monitor still runs that has taken, since its first time, less than its part of half
    the share: the cheap ones do not wait for what the dear ones had to compile. A share
    of 0 allows nothing.

    Args:
        share: Most of the time of training that monitors may take, monitors included.
    """

    def __init__(self, share):
        self.share = share
        self.spent = 0.0  # seconds
        self._last = {}
        self._repeated = {}  # seconds of a monitor since its first time

    def reason_to_skip(self, name, elapsed):
        """Why a monitor must wait, or None.

        Args:
            name: Of the monitor.
            elapsed: Seconds of training so far.
        """
        if not self.share:
            return "its share of the time is 0"
        expected = self._last.get(name, 0.0)
        allowed = self.share * (elapsed + expected)
        if name not in self._last or self.spent + expected <= allowed:
            return None
        if self._repeated[name] + expected <= allowed / 2 / len(self._last):
            return None
        left = max(allowed - self.spent, 0.0)
        return (
            f"it took {expected:.3g} s last time, and {left:.3g} s are left of a share "
            f"of {self.share:g}"
        )

    def took(self, name, seconds):
        """Notes what a monitor has taken."""
        is_first = name not in self._last
        self._repeated[name] = 0.0 if is_first else self._repeated[name] + seconds
        self._last[name] = seconds
        self.spent += seconds
