"""Locks of files between programs; the system frees them when their holder dies."""

import contextlib
import fcntl
import pathlib


@contextlib.contextmanager
def file_lock(path, *, waits=True):
    """Holds a lock, which is a file of its own.

    Args:
        path: Of the lock; made if missing, and left.
        waits: Whether to wait for a holder, or to refuse.

    Yields:
        The open file. A child process that inherits it holds the lock, too.

    Raises:
        BlockingIOError: Another program holds it, and `waits` is False.
    """
    with pathlib.Path(path).open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
