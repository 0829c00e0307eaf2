"""The front door: from a configuration to the network that is simulated."""

import functools
import logging
import pathlib

from v1model.config import NetworkConfig
from v1model.network.builder import build_column
from v1model.network.cache import cached_network
from v1model.network.controls import (
    random_connectivity,
    random_weights,
    scale_excitatory,
    uniform_types,
)
from v1model.network.glif_reader import INPUT, NETWORK, read_glif_network
from v1model.network.selection import require_all_layers, select
from v1model.network.sonata import read_sonata

DEFAULT_NEURONS = 5000  # of the column that is built where nothing else is said
GLIF_MARKS = (NETWORK, INPUT)
SONATA_MARKS = ("*edges.h5", "network/*edges.h5", "*/network/*edges.h5")

logger = logging.getLogger(__name__)


def load_network(config, keep_signs=True):
    """The network of a configuration: read or built, selected, with its controls.

    `config.data_dir` is a folder in the published GLIF_network layout or in SONATA;
    empty builds one of `config.neurons` (5,000 if that is 0) from `config.build_seed`.
    With `config.caching`, what was read or built once is kept for the
    next run; selection and controls are always done anew.

    Args:
        config: NetworkConfig.
        keep_signs: Whether random initial weights obey Dale's law.

    Returns:
        Network with a neuron in each of the five layers.

    Raises:
        FileNotFoundError: `config.data_dir` does not exist, or holds no network.
        ValueError: The files are damaged, or `config` asks for what they lack.
    """
    network = _whole_network(config)
    network = select(
        network,
        neurons=config.neurons,
        core_only=config.core_only,
        connected_selection=config.connected_selection,
        seed=config.seed,
    )
    require_all_layers(network)
    network = _with_controls(network, config, keep_signs)
    logger.info(
        "%d neurons, %d recurrent synapses, %d from the LGN",
        network.n_neurons,
        len(network.recurrent),
        len(network.lgn.synapses),
    )
    return network


def load_billeh(
    data_dir, neurons=0, core_only=False, connected_selection=True, seed=3000
):
    """`load_network` under its published name, for a folder and a selection."""
    return load_network(
        NetworkConfig(
            data_dir=str(data_dir),
            neurons=neurons,
            core_only=core_only,
            connected_selection=connected_selection,
            seed=seed,
        )
    )


def _whole_network(config):
    if not config.data_dir:
        size = config.neurons or DEFAULT_NEURONS
        key = [build_column.__name__, size, config.build_seed]
        make = functools.partial(build_column, size, seed=config.build_seed)
    else:
        folder = pathlib.Path(config.data_dir).expanduser()
        read = _reader_of(folder)
        # SONATA keeps its components beside the network folder.
        beside = folder.resolve().parent / "components"
        key = [read.__name__, folder, beside if beside.is_dir() else None]
        make = functools.partial(read, folder)
    return cached_network(key, make) if config.caching else make()


def _reader_of(folder):
    if not folder.exists():
        raise FileNotFoundError(
            f"data_dir {folder} does not exist. Build a column with\n"
            f"    python scripts/build_network.py --neurons 5000 --out {folder}\n"
            "or download the published one (3.1 GB) with\n"
            f"    python scripts/fetch_network.py --out {folder}"
        )
    if not folder.is_dir():
        raise NotADirectoryError(f"data_dir {folder} is a file; a folder is needed.")
    # One of the two is enough: the reader names the file that is missing.
    if any((folder / name).is_file() for name in GLIF_MARKS):
        return read_glif_network
    if any(next(folder.glob(pattern), None) for pattern in SONATA_MARKS):
        return read_sonata
    raise FileNotFoundError(
        f"data_dir {folder} holds no network: neither {GLIF_MARKS[0]} (GLIF_network) "
        "nor *edges.h5 (SONATA)."
    )


def _with_controls(network, config, keep_signs):
    """The controls in the order of the published loader."""
    if config.use_uniform_neuron_type:
        network = uniform_types(network, only_one=config.use_only_one_type)
    if config.use_rand_connectivity:
        network = random_connectivity(network, config.seed)
    if config.use_rand_ini_w:
        network = random_weights(network, config.seed, keep_signs=keep_signs)
    if config.scale_w_e >= 0:
        network = scale_excitatory(network, config.scale_w_e)
    return network
