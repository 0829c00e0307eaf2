"""Networks to be looked at: as training made them, or as they are without any."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np

from v1model.assembly import network_for
from v1model.config import ColumnConfig, ColumnTrainConfig
from v1model.models.trained_network import check_weights_file, trained_network
from v1model.network import load_network
from v1model.network.data import Network
from v1model.options import from_dict
from v1model.runs import Run

# The best first: where a run has kept several, the column it recommends.
WEIGHTS = ("column.keras", "best.weights.h5", "latest.weights.h5")


# What a run knows of its network, and nobody else may say.
OF_A_RUN = ("neurons", "data_dir", "build_seed")


class TrainedRun(NamedTuple):
    """A run, read back.

    config: ColumnTrainConfig.
    before: Network that the training started from; of a run that was started from
        another, the network that the other started from.
    after: The same Network with the trained weights.
    """

    config: ColumnTrainConfig
    before: Network
    after: Network


def read_trained_run(folder):
    """The TrainedRun in the folder of a run.

    Raises:
        FileNotFoundError: The folder is no run, or has no weights yet.
        ValueError: The weights belong to another network.
    """
    run = Run.open(folder)
    config = from_dict(ColumnTrainConfig, run.config)
    weights = best_weights(run)
    if weights is None:
        raise FileNotFoundError(f"{run.checkpoints} has none of {WEIGHTS}.")
    network, _ = network_for(config)
    scale = np.float32(config.column.input_weight_scale)
    synapses = network.lgn.synapses
    synapses = synapses.replace(weight=scale * synapses.weight)
    lgn = dataclasses.replace(network.lgn, synapses=synapses)
    before = dataclasses.replace(network, lgn=lgn)
    after = trained_network(before, weights, config.column.max_delay)
    return TrainedRun(config, before, after)


def best_weights(run):
    """Path of the weights that a Run recommends, or None if it has none yet."""
    found = (run.checkpoints / name for name in WEIGHTS)
    return next((path for path in found if path.is_file()), None)


class Subject(NamedTuple):
    """A column that is shown something, outside training.

    network: Network, with those LGN units that somebody listens to.
    max_delay: Longest delay, ms.  is_trained: Whether its weights come from a training.
    """

    network: Network
    max_delay: int
    is_trained: bool


def find_subject(config, weights="", given=()):
    """The Subject that a program is asked for.

    Args:
        config: NetworkConfig; does not count for a run, which has its own.
        weights: Folder of a run, or a file with weights; empty for an untrained column.
        given: Options of OF_A_RUN that the user has given.

    Raises:
        OSError, ValueError: An option or a file that it names is wrong, or the network
            has no table of its LGN units.
    """
    path = pathlib.Path(weights).expanduser()
    if weights and path.is_dir():
        if given:
            raise ValueError(f"the run in --weights decides {given}: leave them out.")
        run = read_trained_run(path)
        return Subject(_seeing(run.after), run.config.column.max_delay, True)
    if weights:
        check_weights_file(path)
    network, max_delay = _seeing(load_network(config)), ColumnConfig().max_delay
    if weights:
        network = trained_network(network, path, max_delay)
    return Subject(network, max_delay, bool(weights))


def _seeing(network):
    if network.lgn.units is None:
        raise ValueError(
            "without the table of its LGN units no network sees a grating."
        )
    return dataclasses.replace(network, lgn=network.lgn.connected())
