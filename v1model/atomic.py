"""Files that are either complete or not there."""

import contextlib
import csv
import os
import pathlib
import re
import tempfile


class WriteError(OSError):
    """A file cannot be written; the message is one line for the user.

    Args:
        errno: Number of the system's error, or None.
        strerror: The reason.
        filename: The file.
    """

    def __str__(self):
        if self.strerror is None:
            return super().__str__()
        return f"{self.filename} cannot be written: {self.strerror}."


@contextlib.contextmanager
def atomic_path(path):
    """A temporary path beside `path` that replaces it when the block succeeds.

    A reader never sees half a file, and a killed writer leaves the old one. The
    folder of `path` is made if it is missing.

    Raises:
        WriteError: The file cannot be written, for example because the disk is full.
    """
    path = pathlib.Path(path)
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix="".join(path.suffixes)
        )
        os.close(handle)
    partial = pathlib.Path(name)
    try:
        with _naming(path):
            yield partial
            _to_disk(partial)
            partial.chmod(0o666 & ~_umask())
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path, text):
    """Writes a text file atomically."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_rows(path, rows):
    """Writes a CSV table atomically: rows are dictionaries, columns all their keys."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (
        atomic_path(path) as partial,
        partial.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def write_frame(path, frame):
    """Writes a data frame as CSV atomically, without its index, to six digits."""
    with atomic_path(path) as partial:
        frame.to_csv(partial, index=False, float_format="%.6g")


def remove_partial(path):
    """Removes what killed writers of `path` left beside it."""
    path = pathlib.Path(path)
    for partial in path.parent.glob(f".{path.name}.*"):
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _naming(path):
    """Says which file an error of the system is about, in one line."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if _is_of_another(error, path):
            raise
        number = getattr(error, "errno", None)
        if number is None:
            # HDF5 hides the number in its text, in errors that are no OSError.
            found = re.search(r"\berrno = (\d+)", str(error))
            number = int(found.group(1)) if found else None
        if number is None:
            raise
        raise WriteError(number, os.strerror(number), str(path)) from error


def _is_of_another(error, path):
    """Whether an error names a file that has nothing to do with writing `path`."""
    name = getattr(error, "filename", None)
    if not isinstance(name, (str, pathlib.Path)):
        return False
    named = pathlib.Path(name)
    is_partial = named.name.startswith(f".{path.name}.")
    return not (is_partial or named in (path, *path.parents))


def _to_disk(path):
    """A file that is renamed before it is on the disk may be empty after a crash."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
