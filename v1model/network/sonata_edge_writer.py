"""Writes the edges of one population in SONATA."""

import h5py
import numpy as np

from v1model.network.data import RECEPTORS
from v1model.network.edge_groups import edge_groups
from v1model.network.hdf5 import write_column
from v1model.network.space_table import write_table

FIRST_TYPE_ID = 100  # where BMTK begins
CHUNK = 1 << 16  # rows
HEADER = (
    *("edge_type_id", "target_query", "source_query", "dynamics_params"),
    *("delay", "model_template"),
)


def write_edges(folder, source, synapses, network, source_names, source_group):
    """Writes `{source}_v1_edges.h5` and `{source}_v1_edge_types.csv`.

    Args:
        folder: Where to.
        source: Name of the source population.
        synapses: S Synapses onto the neurons of the network.
        network: Network.
        source_names: Names of the groups of sources.
        source_group: Group of each source, integers.
    """
    node_type_id = network.types.node_type_id
    type_id = np.zeros(len(synapses), np.uint32)
    rows = []
    for number, group in enumerate(
        edge_groups(synapses, network.type_index, source_group)
    ):
        type_id[group.rows] = FIRST_TYPE_ID + number
        target = f"node_type_id=='{node_type_id[group.target]}'"
        values = (
            *(FIRST_TYPE_ID + number, target),
            f"pop_name=='{source_names[group.source]}'",
            *(f"{RECEPTORS[group.receptor]}.json", group.delay, "static_synapse"),
        )
        rows.append(dict(zip(HEADER, values, strict=True)))
    write_table(folder / f"{source}_v1_edge_types.csv", rows, HEADER)
    n = len(synapses)
    with h5py.File(folder / f"{source}_v1_edges.h5", "w") as file:
        edges = file.create_group(f"edges/{source}_to_v1")
        for name, ids, population in (
            ("source_node_id", synapses.pre, source),
            ("target_node_id", synapses.post, "v1"),
        ):
            dataset = _write(edges, name, ids.astype(np.uint32))
            dataset.attrs["node_population"] = population
        _write(edges, "edge_type_id", type_id)
        _write(edges, "edge_group_id", np.zeros(n, np.uint8))
        _write(edges, "edge_group_index", np.arange(n, dtype=np.uint32))
        attributes = edges.create_group("0")
        _write(attributes, "syn_weight", synapses.weight)
        _write(attributes, "nsyns", np.ones(n, np.uint8))
        _write_index(edges, "source_to_target", synapses.pre, len(source_group))
        _write_index(edges, "target_to_source", synapses.post, network.n_neurons)


def _write_index(edges, name, node, n_nodes):
    """Which edges a node has: runs of consecutive edges, and the runs of a node."""
    order = np.argsort(node, kind="stable")
    ordered = node[order]
    is_start = np.ones(len(node), bool)
    is_start[1:] = (ordered[1:] != ordered[:-1]) | (np.diff(order) != 1)
    start = np.flatnonzero(is_start)
    first = order[start]
    length = np.diff(np.r_[start, len(node)])
    bounds = np.searchsorted(ordered[start], np.arange(n_nodes + 1))
    index = edges.create_group(f"indices/{name}")
    ranges = np.stack([bounds[:-1], bounds[1:]], axis=-1)
    _write(index, "node_id_to_range", ranges.astype(np.uint64))
    runs = np.stack([first, first + length], axis=-1)
    _write(index, "range_to_edge_id", runs.astype(np.uint64))


def _write(group, name, values):
    if not len(values):
        return write_column(group, name, values)
    return write_column(
        group,
        name,
        values,
        chunks=(min(len(values), CHUNK), *values.shape[1:]),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
