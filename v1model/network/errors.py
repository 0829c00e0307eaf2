"""Errors that name the file they came from."""

import contextlib


@contextlib.contextmanager
def naming(path):
    """Puts `path` in front of the message of a ValueError of the block."""
    try:
        yield
    except ValueError as error:
        if str(error).startswith(str(path)):
            raise
        raise ValueError(f"{path}: {error}") from error
