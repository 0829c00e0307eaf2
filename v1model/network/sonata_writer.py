"""Writes a network in SONATA."""

import json

import h5py
import numpy as np

from v1model.network.atomic_folder import atomic_folder
from v1model.network.data import RECEPTORS
from v1model.network.hdf5 import write_column
from v1model.network.node_types import node_type_rows
from v1model.network.sonata_cells import cell_model_files, write_cell_types
from v1model.network.sonata_edge_writer import FIRST_TYPE_ID, write_edges
from v1model.network.space_table import write_table

UNIT_COLUMNS = {
    field: (f"{field}_0", f"{field}_1")
    for field in (
        *("kpeaks_dom", "weight_dom", "delay_dom"),
        *("kpeaks_non_dom", "weight_non_dom", "delay_non_dom"),
    )
}


def write_sonata(network, folder):
    """Writes nodes, edges, parameters and a configuration that BMTK opens.

    The neurons are numbered 0..N-1 in population "v1", the inputs in "lgn" and
    "bkg". Weights are one number per edge (`syn_weight`, pA, the contacts already
    multiplied in, so that `nsyns` is 1). A network written twice gives identical
    bytes; the folder appears when it is complete.

    Args:
        network: Network.
        folder: Where to; gets `network`, `components` and `circuit_config.json`.
    """
    with atomic_folder(folder) as partial:
        files = partial / "network"
        cells = partial / "components/cell_models"
        receptors = partial / "components/synaptic_models"
        for made in (files, cells, receptors):
            made.mkdir(parents=True)
        write_cell_types(network.types, cells)
        for row, name in enumerate(RECEPTORS):
            text = json.dumps({"receptor_type": row + 1})
            (receptors / f"{name}.json").write_text(text + "\n")
        _write_column_nodes(network, files)
        sources = {
            "v1": (
                network.recurrent,
                *np.unique(network.pop_name, return_inverse=True),
            ),
            "lgn": (network.lgn.synapses, *_write_lgn_nodes(network.lgn, files)),
            "bkg": (network.background.synapses, *_write_bkg_nodes(network, files)),
        }
        for source, (synapses, names, group) in sources.items():
            write_edges(files, source, synapses, network, names, group)
        _write_config(partial / "circuit_config.json")


def _write_column_nodes(network, files):
    types = network.types
    rows = node_type_rows(types, "nest:glif_psc", cell_model_files(types))
    names = ("x", "y", "z", "tuning_angle")
    columns = {name: np.asarray(getattr(network, name), np.float64) for name in names}
    _write_nodes(files, "v1", rows, network.type_index, columns)


def _write_lgn_nodes(lgn, files):
    """Returns the names of the unit classes, and the class of each unit."""
    units = lgn.units
    if units is None:
        names, index, columns = ["lgn"], np.zeros(lgn.n_inputs, int), {}
    else:
        names, index = np.unique(units.model_id, return_inverse=True)
        single = ("x", "y", "spatial_size", "tuning_angle", "sf_sep")
        columns = {name: getattr(units, name) for name in single}
        for field, pair in UNIT_COLUMNS.items():
            for bump, name in enumerate(pair):
                columns[name] = getattr(units, field)[:, bump]
    _write_nodes(files, "lgn", _virtual(names), index, columns)
    return names, index


def _write_bkg_nodes(network, files):
    names, index = ["bkg"], np.zeros(network.background.n_inputs, int)
    _write_nodes(files, "bkg", _virtual(names), index)
    return names, index


def _virtual(names):
    return [
        {
            "node_type_id": FIRST_TYPE_ID + row,
            "pop_name": name,
            "ei": "e",
            "location": "LGN" if name != "bkg" else "BKG",
            "model_type": "virtual",
        }
        for row, name in enumerate(names)
    ]


def _write_nodes(files, population, types, type_row, columns=None):
    write_table(files / f"{population}_node_types.csv", types)
    n = len(type_row)
    type_id = np.array([row["node_type_id"] for row in types], np.uint64)
    with h5py.File(files / f"{population}_nodes.h5", "w") as file:
        group = file.create_group(f"nodes/{population}")
        write_column(group, "node_id", np.arange(n, dtype=np.uint64))
        write_column(group, "node_type_id", type_id[type_row])
        write_column(group, "node_group_id", np.zeros(n, np.uint32))
        write_column(group, "node_group_index", np.arange(n, dtype=np.uint64))
        attributes = group.create_group("0")
        for name, values in (columns or {}).items():
            write_column(attributes, name, values)


def _write_config(path):
    network = {"nodes": [], "edges": []}
    for source in ("v1", "lgn", "bkg"):
        network["nodes"].append(
            {
                "nodes_file": f"$NETWORK_DIR/{source}_nodes.h5",
                "node_types_file": f"$NETWORK_DIR/{source}_node_types.csv",
            }
        )
        network["edges"].append(
            {
                "edges_file": f"$NETWORK_DIR/{source}_v1_edges.h5",
                "edge_types_file": f"$NETWORK_DIR/{source}_v1_edge_types.csv",
            }
        )
    config = {
        "manifest": {
            "$BASE_DIR": ".",
            "$NETWORK_DIR": "$BASE_DIR/network",
            "$COMPONENTS_DIR": "$BASE_DIR/components",
        },
        "components": {
            "point_neuron_models_dir": "$COMPONENTS_DIR/cell_models",
            "synaptic_models_dir": "$COMPONENTS_DIR/synaptic_models",
        },
        "networks": network,
    }
    path.write_text(json.dumps(config, indent=2) + "\n")
