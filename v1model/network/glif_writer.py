"""Writes a network as the published `GLIF_network` folder."""

import pickle

import h5py
import numpy as np

from v1model.lgn.units import write_units
from v1model.network.atomic_folder import atomic_folder
from v1model.network.edge_groups import edge_groups
from v1model.network.glif_reader import (
    INPUT,
    LGN_UNITS,
    NETWORK,
    NODE_TYPES,
    NODES,
    TARGET_RATES,
)
from v1model.network.hdf5 import write_column
from v1model.network.node_types import node_type_rows
from v1model.network.space_table import write_table

PICKLE_PROTOCOL = 4  # the newest that the published environment reads


def write_glif_network(network, folder, target_rates=None):
    """Writes the layout that the code of Chen et al. 2022 opens.

    The neurons are numbered 0..N-1, which that code requires. A network written
    twice gives identical bytes. The folder appears when it is complete; other
    files in an existing folder are kept.

    Args:
        network: Network.
        folder: Where to.
        target_rates: Firing rates to train towards, (any,), spikes / ms, or None.
    """
    with atomic_folder(folder, outdated=(LGN_UNITS,)) as partial:
        (partial / "network").mkdir()
        _write_nodes(network, partial / NODES)
        write_table(partial / NODE_TYPES, _node_types(network.types))
        _dump(_column(network), partial / NETWORK)
        inputs = [_input(network, network.lgn), _input(network, network.background)]
        _dump(inputs, partial / INPUT)
        if network.lgn.units is not None:
            write_units(network.lgn.units, partial / LGN_UNITS)
        if target_rates is not None:
            _dump(np.asarray(target_rates, np.float32), partial / TARGET_RATES)


def _node_types(types):
    files = [f"{type_id}_glif_lif_asc_psc.json" for type_id in types.node_type_id]
    return node_type_rows(types, "nest:glif_lif_asc_psc", files)


def _write_nodes(network, path):
    n = network.n_neurons
    with h5py.File(path, "w") as file:
        nodes = file.create_group("nodes/v1")
        write_column(nodes, "node_id", np.arange(n, dtype=np.uint64))
        type_id = np.asarray(network.types.node_type_id)[network.type_index]
        write_column(nodes, "node_type_id", type_id.astype(np.uint64))
        write_column(nodes, "node_group_id", np.zeros(n, np.uint32))
        write_column(nodes, "node_group_index", np.arange(n, dtype=np.uint64))
        group = nodes.create_group("0")
        for name in ("x", "y", "z", "tuning_angle"):
            values = np.asarray(getattr(network, name), np.float64)
            write_column(group, name, values)


def _column(network):
    types = network.types
    order = np.argsort(network.type_index, kind="stable").astype(np.uint32)
    ends = np.cumsum(np.bincount(network.type_index, minlength=len(types)))
    nodes = [
        {"ids": members, "params": _parameters(types, row)}
        for row, members in enumerate(np.split(order, ends[:-1]))
    ]
    _, population = np.unique(network.pop_name, return_inverse=True)
    edges = _edges(network.recurrent, network.type_index, population)
    return {"nodes": nodes, "edges": edges}


def _parameters(types, row):
    single = ("V_th", "g", "E_L", "C_m", "V_reset", "t_ref")
    return {
        **{name: float(getattr(types, name)[row]) for name in single},
        **{name: getattr(types, name)[row].tolist() for name in ("k", "asc_amps")},
        "tau_syn": types.tau_syn[row].tolist(),
        "asc_init": [0.0, 0.0],
        "V_dynamics_method": "linear_exact",
    }


def _input(network, population):
    n = population.n_inputs
    # The published loader rasterises recorded spikes but never uses them.
    cells = {"ids": np.arange(n, dtype=np.uint32), "spikes": [np.zeros(0)] * n}
    sources = np.zeros(n, np.int64)
    return [cells, _edges(population.synapses, network.type_index, sources)]


def _edges(synapses, target_group, source_group):
    return [
        {
            "source": synapses.pre[group.rows].astype(np.uint32),
            "target": synapses.post[group.rows].astype(np.uint32),
            "params": {
                "model": "static_synapse",
                "receptor_type": group.receptor + 1,
                "delay": group.delay,
                "weight": synapses.weight[group.rows],
            },
        }
        for group in edge_groups(synapses, target_group, source_group)
    ]


class _Pickler(pickle.Pickler):
    """Names no function that only some versions of NumPy have."""

    def reducer_override(self, value):
        if isinstance(value, np.ndarray):
            return np.ndarray, (value.shape, value.dtype.str, value.tobytes())
        return NotImplemented


def _dump(value, path):
    with path.open("wb") as file:
        _Pickler(file, protocol=PICKLE_PROTOCOL).dump(value)
