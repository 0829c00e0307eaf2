"""Checkpoints: one file from which a model is read, or its training goes on exactly.

An HDF5 file with the weights, the optimizer, and where training was: because it is all
in one file that is replaced atomically, nothing in it can disagree.

    latest.h5        after each epoch, and where a signal stopped training
    best.h5          after the epoch with the lowest error in validation
    epoch_0010.h5    now and then
    final.h5         after the last epoch
"""

import json
import math
import pathlib
from typing import NamedTuple

import h5py
import keras
import numpy as np
import tensorflow as tf

from v1model.atomic import atomic_path
from v1model.disk import reserve
from v1model.finite import NotFiniteError, first_not_finite
from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel

LATEST, BEST, FINAL = "latest.h5", "best.h5", "final.h5"
RECOMMENDED = (BEST, FINAL, LATEST)  # of a run, the first that there is
FORMAT = "v1model latent checkpoint"
_OVERHEAD = 1 << 20  # bytes of names and tables, more than enough


class Position(NamedTuple):
    """Where training is.

    phase: Number of the phase.
    epoch: Epochs of it that are done.
    step: Updates of the epoch under way that are done.
    sums: Sums of the losses over those, float64.
    updates: Updates in all, over all phases.
    seconds: Time of training so far, over all starts.
    """

    phase: int = 0
    epoch: int = 0
    step: int = 0
    sums: tuple[float, ...] = ()
    updates: int = 0
    seconds: float = 0.0


def save_checkpoint(path, model, variables, position):
    """Writes a checkpoint, or leaves the old one.

    Args:
        path: The file.
        model: LatentModel.
        variables: More Keras variables that training needs to go on.
        position: Position.

    Raises:
        NotFiniteError: Something is not finite; the file keeps what it had.
        WriteError: The file cannot be written; it keeps what it had.
    """
    groups = {"model": model.weights, "training": variables}
    arrays = {
        f"{group}/{k:04d}": (variable.path, keras.ops.convert_to_numpy(variable))
        for group, own in groups.items()
        for k, variable in enumerate(own)
    }
    name = first_not_finite(arrays.values())
    if name is not None:
        raise NotFiniteError(
            f"{name} is not finite after update {position.updates}; {path} keeps what "
            "it had."
        )
    with atomic_path(path) as partial:
        size = sum(array.nbytes for _, array in arrays.values())
        reserve(pathlib.Path(path).parent, size + _OVERHEAD)
        with h5py.File(partial, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["params"] = model.params.model_dump_json()
            file.attrs["n_neurons"] = model.n_neurons
            file.attrs["n_inputs"] = model.n_inputs
            file.attrs["position"] = json.dumps(position._asdict())
            for key, (name, array) in arrays.items():
                file.create_dataset(key, data=array).attrs["name"] = name


def restore_checkpoint(path, model, variables_of=None):
    """Puts a checkpoint into a model, and into what trains it.

    Args:
        path: The file.
        model: LatentModel of the same sizes.
        variables_of: Function of the Position to the variables that training had
            there; None to restore the model alone.

    Returns:
        Position.

    Raises:
        ValueError: The file is no checkpoint, or of another model.
    """
    with _opened(path) as file:
        position = _position(file)
        _assign(file["model"], model.weights, path)
        if variables_of is not None:
            _assign(file["training"], variables_of(position), path)
    return position


def load_latent_model(path):
    """The LatentModel of a checkpoint, or of a run: its best one, or the last.

    Raises:
        FileNotFoundError: There is no such file, or the folder holds no checkpoint.
        ValueError: The file is no checkpoint.
    """
    path = checkpoint_of(path)
    with _opened(path) as file:
        params = ModelParams.model_validate_json(file.attrs["params"])
        sizes = (int(file.attrs[name]) for name in ("n_neurons", "n_inputs"))
        model = LatentModel(*sizes, params)
        _assign(file["model"], model.weights, path)
    return model


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


def _opened(path):
    try:
        file = h5py.File(path)
    except OSError as error:
        raise ValueError(f"{path} is damaged or no HDF5 file: {error}.") from error
    if file.attrs.get("format") != FORMAT:
        file.close()
        raise ValueError(f"{path} is no checkpoint of the latent evolver.")
    return file


def _position(file):
    found = json.loads(file.attrs["position"])
    return Position(**{**found, "sums": tuple(found["sums"])})


def _assign(group, variables, path):
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
