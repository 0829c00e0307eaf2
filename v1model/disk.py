"""Room on the disk, looked for before it is needed."""

import errno
import os
import shutil
import tempfile

GB = 1e9


def require_space(option, folder, n_bytes):
    """Raises ValueError unless the file system of a folder has room.

    Args:
        option: Name of the option that gave the folder.
        folder: An existing folder.
        n_bytes: What will be written.
    """
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise ValueError(
            f"{option} {folder} has {free / GB:.3g} GB free, but up to "
            f"{n_bytes / GB:.3g} GB will be written."
        )


def reserve(folder, n_bytes):
    """Raises OSError unless so many bytes can be written in a folder now.

    They are taken and given back: only that also sees quotas and limits of the process.
    Files of HDF5 need it, because its library may crash on a full disk.

    Args:
        folder: An existing folder.
        n_bytes: What is about to be written.

    Raises:
        OSError: The disk is full, or a limit is in the way.
    """
    if hasattr(os, "posix_fallocate"):
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, max(n_bytes, 1))
    elif n_bytes > shutil.disk_usage(folder).free:  # macOS
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
