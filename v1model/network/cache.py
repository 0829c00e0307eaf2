"""A cache of networks, addressed by everything that decides their content.

The key of an entry is a digest of the content of the files and of the options that
a network is made from, of the source code that makes it, and of the format of the
entry. Entries lie in the user's cache folder; nothing needs to be cleared by hand.
"""

import contextlib
import functools
import hashlib
import json
import logging
import os
import pathlib
import shutil
import sys
import time

from v1model import lgn, network
from v1model.network.storage import CONTENTS, FORMAT, open_network, save_network

NETWORK_SUFFIXES = (".pkl", ".h5", ".csv", ".json")
DEFAULT_LIMIT_GB = 8.0  # a core takes 0.25 GB, the whole column 1.2 GB


def cached_network(key_parts, build):
    """The network of `build()`, from the cache if it was built before.

    A damaged entry is built again. If the cache cannot be written, the network is
    returned all the same.

    Args:
        key_parts: Everything that decides the network: a pathlib.Path stands for
            the content of that file, or of the network files in that folder, other
            values (numbers, text, lists, dictionaries of them) for themselves.
        build: Function without arguments that makes the Network.

    Returns:
        Network. Arrays from the cache are memory-mapped and read-only.
    """
    entry = cache_folder() / cache_key(key_parts)
    if entry.is_dir():
        try:
            result = open_network(entry)
        except (OSError, ValueError) as error:
            logging.warning("damaged cache entry, built again: %s", error)
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                _mark_as_used(entry)
            return result
    result = build()
    try:
        save_network(result, entry)
        _evict(keep=entry)
    except OSError as error:
        logging.warning("the network could not be cached: %s", error)
    return result


def cache_key(key_parts):
    """Digest of the parts, the source code and the format, 32 characters."""
    digest = hashlib.blake2b(digest_size=16)
    for part in [FORMAT, _source_digest(), *key_parts]:
        if isinstance(part, pathlib.Path):
            part = {"content": _path_digest(part)}
        digest.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def cache_folder():
    """$V1MODEL_CACHE, or `v1model` in the platform's folder for caches."""
    if os.environ.get("V1MODEL_CACHE"):
        return pathlib.Path(os.environ["V1MODEL_CACHE"]).expanduser()
    home = pathlib.Path.home()
    if sys.platform == "darwin":
        base = home / "Library/Caches"
    elif sys.platform == "win32":
        base = pathlib.Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
    else:
        base = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "v1model"


def clear():
    """Removes all entries."""
    for entry in _entries():
        shutil.rmtree(entry, ignore_errors=True)


def _mark_as_used(entry):
    # The clock behind Path.touch is too coarse to order two uses.
    now = time.time_ns()
    os.utime(entry / CONTENTS, ns=(now, now))


def _entries():
    """Folders of entries, least recently used first."""
    folder = cache_folder()
    if not folder.is_dir():
        return []
    used = {}
    for contents in folder.glob(f"*/{CONTENTS}"):
        with contextlib.suppress(OSError):
            used[contents.parent] = contents.stat().st_mtime_ns
    return sorted(used, key=used.get)


def _evict(keep):
    """Removes the least recently used entries beyond $V1MODEL_CACHE_GB."""
    limit = 1e9 * float(os.environ.get("V1MODEL_CACHE_GB", DEFAULT_LIMIT_GB))
    entries = _entries()
    sizes = {e: sum(f.stat().st_size for f in e.iterdir()) for e in entries}
    total = sum(sizes.values())
    for entry in entries:
        if total > limit and entry != keep:
            shutil.rmtree(entry, ignore_errors=True)
            total -= sizes[entry]


def _path_digest(path):
    if not path.is_dir():
        return _file_digest(path)
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in NETWORK_SUFFIXES and file.is_file()
    )
    return [[str(file.relative_to(path)), _file_digest(file)] for file in files]


def _file_digest(path):
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


@functools.cache
def _source_digest():
    """Of the code and tables that read and build networks."""
    digest = hashlib.blake2b(digest_size=16)
    for package in (network, lgn):
        folder = pathlib.Path(package.__file__).parent
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".csv", ".json"):
                digest.update(f"{path.name} {_file_digest(path)}\n".encode())
    return digest.hexdigest()
