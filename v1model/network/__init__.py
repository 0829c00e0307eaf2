"""The network: records, builder, file formats, selection, controls, readout pools."""

from v1model.network.billeh import read_glif_network, write_glif_network
from v1model.network.builder import build_column
from v1model.network.cache import cached_network
from v1model.network.data import CellTypes, InputPopulation, Network, Synapses
from v1model.network.loading import load_billeh, load_network
from v1model.network.neurons import Neurons, neurons_of
from v1model.network.pools import readout_pools
from v1model.network.populations import laminar_indices, rough_index
from v1model.network.selection import require_all_layers, select
from v1model.network.sonata import read_sonata, write_sonata

__all__ = [
    "CellTypes",
    "InputPopulation",
    "Network",
    "Neurons",
    "Synapses",
    "build_column",
    "cached_network",
    "laminar_indices",
    "load_billeh",
    "load_network",
    "neurons_of",
    "read_glif_network",
    "read_sonata",
    "readout_pools",
    "require_all_layers",
    "rough_index",
    "select",
    "write_glif_network",
    "write_sonata",
]
