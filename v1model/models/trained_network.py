"""From trained weights back to a Network, for other simulators and file formats."""

import dataclasses
import pathlib
import tempfile
import zipfile

import h5py

from v1model.models.cell import BillehColumn
from v1model.models.sparse import SparseLayer

SUFFIXES = (".keras", ".weights.h5")
_WEIGHTS_IN_KERAS_FILE = "model.weights.h5"


def trained_network(network, path, max_delay=5):
    """The network with the weights of a trained column.

    Args:
        network: Network that the training started from.
        path: A `.keras` file of a column, or `.weights.h5` of a column or a trainer.
        max_delay: Longest delay of the trained column, ms.

    Returns:
        Network; its recurrent and LGN weights are the trained ones, in pA.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The suffix is unknown, the file has no column in it, or the weights
            belong to another network.
    """
    path = check_weights_file(path)
    cell, layer = BillehColumn(network, max_delay=max_delay), SparseLayer(network)
    if path.suffix == ".keras":
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
            _load(archive.extract(_WEIGHTS_IN_KERAS_FILE, folder), path, cell, layer)
    else:
        _load(path, path, cell, layer)
    return with_weights(
        network, cell.recurrent_weights.numpy(), layer.input_weights.numpy()
    )


def check_weights_file(path):
    """The path of a file that `trained_network` may read; errors as there."""
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"weights {path} do not exist.")
    if not path.name.endswith(SUFFIXES):
        raise ValueError(f"weights must be a file in {SUFFIXES}, got {path}.")
    return path


def with_weights(network, recurrent, lgn):
    """The network with other weights.

    Args:
        network: Network.
        recurrent, lgn: Weights over V_th - E_L of their target, as BillehColumn and
            SparseLayer have them, (S,) each.
    """
    types = network.types
    voltage_scale = (types.V_th - types.E_L)[network.type_index]

    def weighted(synapses, weights):
        return synapses.replace(weight=weights * voltage_scale[synapses.post])

    lgn_synapses = weighted(network.lgn.synapses, lgn)
    return dataclasses.replace(
        network,
        recurrent=weighted(network.recurrent, recurrent),
        lgn=dataclasses.replace(network.lgn, synapses=lgn_synapses),
    )


def _load(file, name, cell, layer):
    """Fills the two layers from a weight file of Keras, wherever they lie in it."""
    with h5py.File(file) as stored:
        names = []
        stored.visit(names.append)
        for target, ending in ((cell, "cell/vars"), (layer, "input_layer/vars")):
            groups = [key for key in names if key.endswith(ending)]
            if len(groups) != 1:
                raise ValueError(f"{name} has {len(groups)} groups {ending}, not one.")
            target.load_own_variables(stored[groups[0]])
