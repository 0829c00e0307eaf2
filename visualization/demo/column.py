"""The column of the demo: built, read from a folder, or trained."""

import dataclasses
import logging
import pathlib
import re
import zipfile
from typing import NamedTuple

from v1model.assembly import load_weights
from v1model.config import ColumnTrainConfig
from v1model.network.populations import laminar_indices
from v1model.options import from_dict
from v1model.runs import Run
from v1model.trained_run import best_weights

N_POOLS = 15  # of the readout
SUFFIXES = (".keras", ".weights.h5")

logger = logging.getLogger(__name__)


class Checkpoint(NamedTuple):
    """Weights, and the options of the run that they come from, if that is known.

    path: File.  config: ColumnTrainConfig or None.
    """

    path: pathlib.Path
    config: ColumnTrainConfig | None


def find_checkpoint(path):
    """The Checkpoint of a run's folder, or of a file, which may lie in one.

    Raises:
        FileNotFoundError: There is no such file, or no weights in the folder.
        ValueError: The suffix is unknown.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_dir():
        run = Run.open(path)
        weights = best_weights(run)
        if weights is None:
            raise FileNotFoundError(f"checkpoint {path} has no weights yet.")
        return Checkpoint(weights, from_dict(ColumnTrainConfig, run.config))
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint {path} does not exist.")
    if not path.name.endswith(SUFFIXES):
        raise ValueError(
            f"checkpoint must be a run or a file in {SUFFIXES}, got {path}."
        )
    folder = path.resolve().parent.parent
    if not (folder / "config.json").is_file():
        return Checkpoint(path, None)
    return Checkpoint(path, from_dict(ColumnTrainConfig, Run.open(folder).config))


def load_checkpoint(trainer, checkpoint):
    """Gives a ColumnTrainer the weights of a Checkpoint.

    Raises:
        ValueError: The file is damaged, or its weights are of another network.
    """
    if checkpoint.config is None:
        logger.info(
            "%s lies in no run: task and readout are those of the flags.",
            checkpoint.path,
        )
    try:
        load_weights(trainer, checkpoint.path)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        words = " ".join(str(error).split())
        # Keras lists every layer; the first one says what is wrong.
        found = re.search(r"built=True>: (.*?) List of objects", words)
        reason = (found.group(1) if found else words).rstrip(".")
        raise ValueError(f"checkpoint {checkpoint.path}: {reason}.") from error


def train_config(network, column, trials, checkpoint=None):
    """The ColumnTrainConfig of the demo's column.

    Args:
        network, column, trials: NetworkConfig, ColumnConfig, TaskConfig of the demo.
        checkpoint: Checkpoint or None; where its run is known, its options count, but
            for the folder of the network, which may have moved.
    """
    if checkpoint is None or checkpoint.config is None:
        config = ColumnTrainConfig(network=network, column=column, trials=trials)
    else:
        config = checkpoint.config
        if network.data_dir:
            moved = dataclasses.replace(config.network, data_dir=network.data_dir)
            config = dataclasses.replace(config, network=moved)
    return dataclasses.replace(config, batch_size=1, accumulate=1)


def fitted(config, network):
    """The configuration with readout pools that a small network has room for."""
    most = len(laminar_indices(network)["L5e"]) // N_POOLS
    asked = config.network.neurons_per_output
    if most >= asked or most == 0:
        return config
    logger.info(
        "readout pools of %d neurons instead of %d, for want of room", most, asked
    )
    smaller = dataclasses.replace(config.network, neurons_per_output=most)
    return dataclasses.replace(config, network=smaller)
