"""Reads the published `GLIF_network` folder into records."""

import pathlib

import numpy as np

from v1model.hdf5_files import open_hdf5
from v1model.lgn.units import read_units
from v1model.network import restricted_pickle
from v1model.network.data import (
    N_RECEPTORS,
    CellTypes,
    InputPopulation,
    Network,
    Synapses,
)
from v1model.network.errors import naming
from v1model.network.hdf5 import read_column
from v1model.network.identifiers import Identifiers, depth_below_pia
from v1model.network.space_table import number, read_table

NETWORK, INPUT = "network_dat.pkl", "input_dat.pkl"
NODES, NODE_TYPES = "network/v1_nodes.h5", "network/v1_node_types.csv"
LGN_UNITS = "lgn_full_col_cells_3.csv"
TARGET_RATES = "garrett_firing_rates.pkl"
REQUIRED_FILES = (NETWORK, INPUT, NODES, NODE_TYPES)

_PARAMETERS = (
    *("V_th", "E_L", "V_reset", "g", "C_m", "t_ref"),
    *("asc_amps", "k", "tau_syn"),
)


def read_glif_network(folder):
    """Reads a network in the layout of Chen et al. 2022.

    The order of the edge lists does not matter. Without `tuning_angle` in the node
    file the angles are NaN, and without the csv of LGN units `lgn.units` is None.
    Spike trains stored with the inputs are not read.

    Args:
        folder: Holds network_dat.pkl, input_dat.pkl, network/v1_nodes.h5 and
            network/v1_node_types.csv.

    Raises:
        FileNotFoundError: One of the files is missing.
        ValueError: A file is truncated, of a wrong shape, or describes a network
            that cannot exist; names the file, the field and the value.
    """
    folder = pathlib.Path(folder)
    for name in REQUIRED_FILES:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} does not exist.")
    nodes = _read_nodes(folder / NODES)
    ids = Identifiers(nodes["node_id"], folder / NODES, "node_id")
    pop_name = _read_pop_names(folder / NODE_TYPES)
    path = folder / NETWORK
    column = restricted_pickle.load(path)
    with naming(path):
        groups, edges = _fields(column, "the pickle", ("nodes", "edges"))
        type_index, type_ids = _assign_types(groups, nodes, ids, list(pop_name))
        types = _cell_types(groups, type_ids, pop_name, folder / NODE_TYPES)
        recurrent = _synapses(edges, sources=ids, targets=ids).sorted()
    del column, edges
    lgn, background = _read_inputs(folder, ids)
    with naming(folder / NODES):
        return Network(
            types=types,
            type_index=type_index,
            node_id=ids.values,
            x=nodes["x"],
            y=depth_below_pia(nodes["y"]),
            z=nodes["z"],
            tuning_angle=nodes["tuning_angle"],
            recurrent=recurrent,
            lgn=lgn,
            background=background,
        )


def _read_nodes(path):
    with open_hdf5(path) as file:
        node_id = read_column(file, "nodes/v1/node_id")
        n = len(node_id)
        columns = {
            "node_id": node_id.astype(np.int64),
            "node_type_id": read_column(file, "nodes/v1/node_type_id", n),
        }
        for name in ("x", "y", "z", "tuning_angle"):
            if name == "tuning_angle" and f"nodes/v1/0/{name}" not in file:
                columns[name] = np.full(n, np.nan)
                continue
            values = read_column(file, f"nodes/v1/0/{name}", n)
            columns[name] = values.astype(np.float64, copy=False)
    return columns


def _read_pop_names(path):
    rows = read_table(path, required=("node_type_id", "pop_name"))
    names = {number(path, row, "node_type_id", int): row["pop_name"] for row in rows}
    if len(names) != len(rows):
        raise ValueError(f"{path}: a node_type_id occurs twice.")
    return names


def _assign_types(groups, nodes, ids, listed):
    """Type of each neuron (N,), and node_type_id of each group of nodes."""
    type_index = np.full(len(ids), -1, np.int32)
    type_ids = []
    for row, group in enumerate(groups):
        (members,) = _fields(group, f"nodes[{row}]", ("ids",))
        members = ids.positions(members, f"nodes[{row}] ids")
        type_index[members] = row
        # A type without neurons is named by its row in the csv alone.
        found = np.unique(nodes["node_type_id"][members])
        if len(found) > 1:
            raise ValueError(f"nodes[{row}] mixes the node types {found[:2]}.")
        if len(found) == 0 and row >= len(listed):
            raise ValueError(f"nodes[{row}] has no row in {NODE_TYPES}.")
        type_ids.append(int(found[0]) if len(found) else listed[row])
    if (type_index < 0).any():
        lost = ids.values[int(np.argmin(type_index))]
        raise ValueError(f"nodes: ids lack neuron {lost} of {NODES}.")
    if len(set(type_ids)) != len(type_ids):
        twice = max(type_ids, key=type_ids.count)
        raise ValueError(f"nodes: node_type_id {twice} occurs twice.")
    return type_index, type_ids


def _cell_types(groups, type_ids, pop_name, table):
    for type_id in type_ids:
        if type_id not in pop_name:
            raise ValueError(f"node_type_id {type_id} of {NODES} is not in {table}.")
    columns = {name: [] for name in _PARAMETERS}
    for row, group in enumerate(groups):
        (params,) = _fields(group, f"nodes[{row}]", ("params",))
        values = _fields(params, f"nodes[{row}] params", _PARAMETERS)
        for name, value in zip(_PARAMETERS, values, strict=True):
            columns[name].append(np.asarray(value, np.float64))
            if columns[name][-1].shape != columns[name][0].shape:
                raise ValueError(
                    f"nodes[{row}] {name} must have shape {columns[name][0].shape}, "
                    f"got {value}."
                )
    return CellTypes(
        node_type_id=np.array(type_ids, np.int64),
        pop_name=np.array([pop_name[type_id] for type_id in type_ids]),
        **{name: np.array(values) for name, values in columns.items()},
    )


def _read_inputs(folder, ids):
    path = folder / INPUT
    populations = restricted_pickle.load(path)
    with naming(path):
        if not isinstance(populations, list | tuple) or len(populations) != 2:
            raise ValueError("must be a list of two: LGN and background.")
        lgn, background = (
            _input_population(population, name, ids)
            for population, name in zip(populations, ("LGN", "BKG"), strict=True)
        )
    if not (folder / LGN_UNITS).is_file():
        return lgn, background
    units = read_units(folder / LGN_UNITS)
    with naming(folder / LGN_UNITS):
        return InputPopulation(lgn.n_inputs, lgn.synapses, units), background


def _input_population(population, name, ids):
    if not isinstance(population, list | tuple) or len(population) != 2:
        raise ValueError(f"{name} must be a pair of cells and edges.")
    cells, edges = population
    (names,) = _fields(cells, name, ("ids",))
    sources = Identifiers(names, name, "ids")
    synapses = _synapses(edges, sources, ids, prefix=f"{name} ")
    return InputPopulation(len(sources), synapses.sorted())


def _synapses(edges, sources, targets, prefix=""):
    """All edges as one record; each entry of `edges` is let go once copied."""
    if not isinstance(edges, list):
        raise ValueError(f"{prefix}edges must be a list, got {type(edges).__name__}.")
    sizes = [0]
    for row, edge in enumerate(edges):
        (source,) = _fields(edge, f"{prefix}edges[{row}]", ("source",))
        sizes.append(np.size(source))
    ends = np.cumsum(sizes)
    post, pre = (np.empty(ends[-1], np.int32) for _ in range(2))
    receptor = np.empty(ends[-1], np.uint8)
    weight, delay = (np.empty(ends[-1], np.float32) for _ in range(2))
    for row, edge in enumerate(edges):
        where = f"{prefix}edges[{row}]"
        part = slice(ends[row], ends[row + 1])
        size = sizes[row + 1]
        source, target, params = _fields(edge, where, ("source", "target", "params"))
        names = ("receptor_type", "weight", "delay")
        kind, strength, lag = _fields(params, f"{where} params", names)
        if np.shape(kind) != () or kind not in range(1, N_RECEPTORS + 1):
            raise ValueError(f"{where} receptor_type must be 1 to 4, got {kind}.")
        pre[part] = sources.positions(source, f"{where} source")
        target = _sized(target, size, f"{where} target")
        post[part] = targets.positions(target, f"{where} target")
        receptor[part] = kind - 1
        weight[part] = _sized(strength, size, f"{where} weight", allow_scalar=True)
        delay[part] = _sized(lag, size, f"{where} delay", allow_scalar=True)
        edges[row] = None
    return Synapses(post, pre, receptor, weight, delay)


def _sized(values, size, where, allow_scalar=False):
    values = np.asarray(values)
    if values.shape != (size,) and not (allow_scalar and values.shape == ()):
        raise ValueError(f"{where} must have shape ({size},), got {values.shape}.")
    return values


def _fields(record, where, names):
    if not isinstance(record, dict):
        raise ValueError(f"{where} must be a dict, got {type(record).__name__}.")
    for name in names:
        if name not in record:
            raise ValueError(f"{where} lacks {name!r}.")
    return tuple(record[name] for name in names)
