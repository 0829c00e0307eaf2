"""Checkpoints: one file from which a model is read, or its training goes on exactly.

latest.h5        after each epoch, and where a signal stopped training
best.h5          after the epoch with the lowest error in validation
epoch_0010.h5    now and then
final.h5         after the last epoch
"""

import json
from typing import NamedTuple

from v1model.fitting.checkpoint_files import (
    assign_group,
    checkpoint_of,
    named,
    opened_checkpoint,
    write_checkpoint,
)
from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel

FORMAT = "v1model latent checkpoint"
_WHAT = "the latent evolver"


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
    attributes = {
        "params": model.params.model_dump_json(),
        "n_neurons": model.n_neurons,
        "n_inputs": model.n_inputs,
        "position": json.dumps(position._asdict()),
    }
    groups = {"model": named(model.weights), "training": named(variables)}
    write_checkpoint(path, FORMAT, attributes, groups, position.updates)


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
    with opened_checkpoint(path, FORMAT, _WHAT) as file:
        position = _position(file)
        assign_group(file["model"], model.weights, path)
        if variables_of is not None:
            assign_group(file["training"], variables_of(position), path)
    return position


def load_latent_model(path):
    """The LatentModel of a checkpoint, or of a run: its best one, or the last.

    Raises:
        FileNotFoundError: There is no such file, or the folder holds no checkpoint.
        ValueError: The file is no checkpoint.
    """
    path = checkpoint_of(path)
    with opened_checkpoint(path, FORMAT, _WHAT) as file:
        params = ModelParams.model_validate_json(file.attrs["params"])
        sizes = (int(file.attrs[name]) for name in ("n_neurons", "n_inputs"))
        model = LatentModel(*sizes, params)
        assign_group(file["model"], model.weights, path)
    return model


def _position(file):
    found = json.loads(file.attrs["position"])
    return Position(**{**found, "sums": tuple(found["sums"])})
