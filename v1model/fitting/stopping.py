"""Stopping on a signal, where training can go on from later."""

import contextlib
import logging
import signal
import threading

AT_ONCE = ("SIGTERM", "SIGINT")  # after the call under way
AFTER_EPOCH = ("SIGUSR2",)
_USUAL = 128  # a shell's exit status of a program that a signal ended: 128 + its number

logger = logging.getLogger(__name__)


class StopSignals:
    """Takes notice of signals in its block; the second of a kind does what it did.

    Attributes:
        at_once: Number of a signal that wants an end after the updates under way.
        after_epoch: Number of a signal that wants an end after the epoch; either is
            None until it comes.
    """

    def __init__(self):
        self.at_once = self.after_epoch = None

    @property
    def status(self):
        """Exit status for the signal that came."""
        return _USUAL + (self.at_once or self.after_epoch)

    def leave(self, updates, run_name):
        """Ends the program because a signal came; a checkpoint has been written.

        Args:
            updates: Updates that are done.
            run_name: Of the run that can be gone on with.

        Raises:
            SystemExit: Always, with `status`.
        """
        logger.info(
            "stopped by a signal after update %d; the same command with --run_name=%s "
            "goes on from there",
            updates,
            run_name,
        )
        raise SystemExit(self.status)

    @contextlib.contextmanager
    def noticed(self):
        """The block in which signals are taken notice of; in the main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield self  # only the main thread may set a handler
            return
        previous = {}
        for name in (*AT_ONCE, *AFTER_EPOCH):
            number = getattr(signal, name, None)  # Windows lacks some
            if number is not None:
                previous[number] = signal.signal(number, self._handler(previous))
        try:
            yield self
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _handler(self, previous):
        def notice(number, frame):
            if signal.Signals(number).name in AFTER_EPOCH:
                self.after_epoch = number
                return
            self.at_once = number
            signal.signal(number, previous[number])

        return notice
