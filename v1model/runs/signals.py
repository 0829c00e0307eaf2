"""A signal to end as the end of a block, so that what is open is closed."""

import contextlib
import signal
import threading

_SIGTERM_STATUS = 128 + signal.SIGTERM


@contextlib.contextmanager
def termination_as_exit():
    """In its block SIGTERM ends the program like Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return

    def leave(number, frame):
        raise SystemExit(_SIGTERM_STATUS)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
