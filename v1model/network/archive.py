"""Unpacks an archive of a network without trusting it."""

import gzip
import pathlib
import shutil
import sys
import tempfile
import zlib

if sys.version_info >= (3, 12):
    import tarfile
else:  # 3.10 and 3.11 cannot refuse members in their first versions
    from backports import tarfile

from v1model.network.download import BLOCK, check_disk

MARK = "network_dat.pkl"


class UnsafeArchiveError(ValueError):
    """The archive wants to write outside its folder, or something that is no file."""


def unpack_network(archive, folder):
    """Unpacks a tar archive so that its network becomes `folder`.

    The network is the directory of the archive that holds network_dat.pkl. What
    lies outside it, such as stimuli, is put beside `folder`. Everything is unpacked
    into a temporary folder first: an archive that is refused leaves nothing.

    Args:
        archive: .tar, .tar.gz, .tar.bz2 or .tar.xz.
        folder: Must not exist yet.

    Raises:
        FileExistsError: `folder` or a file beside it is there already.
        UnsafeArchiveError: A member is no plain file or folder, or leaves the
            folder.
        ValueError: The archive is truncated, damaged or holds no network.
        OSError: The disk has too little room.
    """
    archive, folder = pathlib.Path(archive), pathlib.Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(
        tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")
    )
    try:
        _extract(archive, partial)
        _settle(archive, partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(archive, folder):
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _check(archive, member)
                check_disk(folder, member.size)
                tar.extract(member, folder, filter="data")
            # The checksum of a compressed file comes after the last member.
            while tar.fileobj.read(BLOCK):
                pass
    except tarfile.FilterError as error:
        raise UnsafeArchiveError(f"{archive}: {error}") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{archive}: the archive is truncated or damaged ({error}); "
            "delete it to download it again."
        ) from error


def _check(archive, member):
    # Reads both kinds of separators, and drives.
    path = pathlib.PureWindowsPath(member.name)
    reason = None
    if path.root or path.drive:
        reason = "is an absolute path"
    elif ".." in path.parts:
        reason = "leaves its folder"
    elif not (member.isfile() or member.isdir()):
        reason = "is neither a file nor a folder"
    if reason is not None:
        raise UnsafeArchiveError(
            f"{archive}: refused {member.name!r}, which {reason}; nothing was unpacked."
        )


def _settle(archive, partial, folder):
    found = sorted(partial.rglob(MARK))
    if len(found) != 1:
        raise ValueError(f"{archive}: holds {len(found)} files named {MARK}, not 1.")
    network = found[0].parent
    # Entries beside the network, all the way up to the top of the archive.
    others = []
    level = network
    while level != partial:
        others += [entry for entry in level.parent.iterdir() if entry != level]
        level = level.parent
    targets = [(entry, folder.parent / entry.name) for entry in others]
    for _, target in targets:
        if target.exists():
            raise FileExistsError(f"{target} exists already.")
    network.rename(folder)
    for entry, target in targets:
        entry.rename(target)
