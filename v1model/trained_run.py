"""What training has made of a network: a finished or stopped run, read back."""

import dataclasses
from typing import NamedTuple

import numpy as np

from v1model.assembly import network_for
from v1model.config import ColumnTrainConfig
from v1model.models.trained_network import trained_network
from v1model.network.data import Network
from v1model.options import from_dict
from v1model.runs import Run

# The best first: where a run has kept several, the column it recommends.
WEIGHTS = ("column.keras", "best.weights.h5", "latest.weights.h5")


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
    found = [run.checkpoints / name for name in WEIGHTS]
    found = [path for path in found if path.is_file()]
    if not found:
        raise FileNotFoundError(f"{run.checkpoints} has none of {WEIGHTS}.")
    network, _ = network_for(config)
    scale = np.float32(config.column.input_weight_scale)
    synapses = network.lgn.synapses
    synapses = synapses.replace(weight=scale * synapses.weight)
    lgn = dataclasses.replace(network.lgn, synapses=synapses)
    before = dataclasses.replace(network, lgn=lgn)
    after = trained_network(before, found[0], config.column.max_delay)
    return TrainedRun(config, before, after)
