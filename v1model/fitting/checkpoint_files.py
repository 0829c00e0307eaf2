"""Checkpoint files: arrays and what they belong to, in one HDF5 file.

It is replaced atomically, so that nothing in it can disagree. Each kind of model has
its own format, and decides what stands in it.

    latest.h5        after each epoch, and where a signal stopped training
    best.h5          after the epoch with the best validation
    final.h5         after the last epoch
"""

import contextlib
import math
import pathlib

import h5py
import keras
import numpy as np
import tensorflow as tf

from v1model.atomic import atomic_path
from v1model.disk import reserve
from v1model.finite import NotFiniteError, first_not_finite

LATEST, BEST, FINAL = "latest.h5", "best.h5", "final.h5"
RECOMMENDED = (BEST, FINAL, LATEST)  # of a run, the first that there is
_OVERHEAD = 1 << 20  # bytes of names and tables, more than enough


def write_checkpoint(path, kind, attributes, groups, updates):
    """Writes a checkpoint, or leaves the old one.

    Args:
        path: The file.
        kind: Its format, a line.
        attributes: Texts and numbers by name.
        groups: Keras variables or arrays by name of the group: pairs of their own name
            and themselves.
        updates: Updates that are done, for the message.

    Raises:
        NotFiniteError: Something is not finite; the file keeps what it had.
        WriteError: The file cannot be written; it keeps what it had.
    """
    arrays = {
        f"{group}/{k:04d}": (name, keras.ops.convert_to_numpy(value))
        for group, own in groups.items()
        for k, (name, value) in enumerate(own)
    }
    name = first_not_finite(arrays.values())
    if name is not None:
        raise NotFiniteError(
            f"{name} is not finite after update {updates}; {path} keeps what it had."
        )
    with atomic_path(path) as partial:
        size = sum(array.nbytes for _, array in arrays.values())
        reserve(pathlib.Path(path).parent, size + _OVERHEAD)
        with h5py.File(partial, "w") as file:
            file.attrs["format"] = kind
            file.attrs.update(attributes)
            for group in groups:
                file.create_group(group)
            for key, (name, array) in arrays.items():
                file.create_dataset(key, data=array).attrs["name"] = name


def named(variables):
    """Keras variables as pairs of their path and themselves."""
    return [(variable.path, variable) for variable in variables]


@contextlib.contextmanager
def opened_checkpoint(path, kind, what):
    """A checkpoint as h5py.File.

    Args:
        path: The file.
        kind: Its format.
        what: Whose checkpoint it should be, for the message.

    Raises:
        ValueError: The file is no checkpoint of that format.
    """
    try:
        file = h5py.File(path)
    except OSError as error:
        raise ValueError(f"{path} is damaged or no HDF5 file: {error}.") from error
    with file:
        if file.attrs.get("format") != kind:
            raise ValueError(f"{path} is no checkpoint of {what}.")
        yield file


def assign_group(group, variables, path):
    """Puts the arrays of a group into Keras variables.

    Raises:
        ValueError: They are of another model.
    """
    if len(group) != len(variables):
        raise ValueError(
            f"{path}: {group.name} must have {len(variables)} arrays, got "
            f"{len(group)}: it is of another model."
        )
    for k, variable in enumerate(variables):
        array = group[f"{k:04d}"]
        if array.shape != tuple(variable.shape):
            raise ValueError(
                f"{path}: {array.attrs['name']} must have the shape "
                f"{tuple(variable.shape)}, got {array.shape}: it is of another model."
            )
        variable.assign(np.asarray(array))


def checkpoint_of(path):
    """The checkpoint itself, of which a path names the file or the run.

    Raises:
        FileNotFoundError: There is no such file, or the folder holds no checkpoint.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_dir():
        folder = path / "checkpoints" if (path / "checkpoints").is_dir() else path
        found = [folder / name for name in RECOMMENDED if (folder / name).is_file()]
        if not found:
            raise FileNotFoundError(f"{folder} has none of {', '.join(RECOMMENDED)}.")
        return found[0]
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint {path} does not exist.")
    return path


def checkpoint_bytes(variables):
    """Size of a checkpoint of these variables, bytes."""
    sizes = (math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in variables)
    return _OVERHEAD + sum(sizes)
