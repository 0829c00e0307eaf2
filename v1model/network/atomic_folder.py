"""Folders that are either complete or not there."""

import contextlib
import pathlib
import shutil
import tempfile


@contextlib.contextmanager
def atomic_folder(path, outdated=()):
    """A temporary folder beside `path` that replaces it when the block succeeds.

    A killed writer leaves the old folder, or none, never half of one. Entries of
    an old folder that the new one does not have are kept: they are the user's.

    Args:
        path: The folder.
        outdated: Names of entries that are not kept.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _sibling(path)
    try:
        yield partial
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        if path.exists():
            _replace(path, partial, outdated)
        else:
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sibling(path):
    folder = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    folder.chmod(0o755)
    return folder


def _replace(path, partial, outdated):
    old = _sibling(path)
    path.rename(old / path.name)
    partial.rename(path)
    _keep_foreign(old / path.name, path, outdated)
    shutil.rmtree(old)


def _keep_foreign(old, new, outdated):
    for entry in old.iterdir():
        twin = new / entry.name
        if entry.is_dir() and twin.is_dir():
            _keep_foreign(entry, twin, outdated)
        elif not twin.exists() and entry.name not in outdated:
            entry.rename(twin)
