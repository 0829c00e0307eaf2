"""Edges of a SONATA network as synapses."""

import json
import pathlib

import numpy as np

from v1model.hdf5_files import open_hdf5
from v1model.network.data import N_RECEPTORS, RECEPTORS, Synapses
from v1model.network.errors import naming
from v1model.network.hdf5 import read_column
from v1model.network.identifiers import Identifiers
from v1model.network.sonata_nodes import read_attributes
from v1model.network.space_table import number, read_table
from v1model.network.weights import direction_factor, phase_factor

_DIRECTION_RULES = ("DirectionRule_EE", "DirectionRule_others")
_PLAIN_RULES = ("", "wmax")


def edge_populations(path):
    """Names of the source and target population of an `*_edges.h5` file."""
    with open_hdf5(path) as file:
        group = _population(file, path)
        names = []
        for end in ("source_node_id", "target_node_id"):
            if end not in group:
                raise ValueError(f"{path}: {group.name}/{end} is missing.")
            name = group[end].attrs.get("node_population")
            names.append(name.decode() if isinstance(name, bytes) else name)
        # Without the attribute the group is named source_to_target.
        source, _, target = group.name.rsplit("/", 1)[-1].partition("_to_")
        return names[0] or source, names[1] or target


def read_edges(path, targets, sources=None, synaptic_models=None, receptors=None):
    """The synapses of an `*_edges.h5` file, with its `*_edge_types.csv`.

    The weight of an edge is its `syn_weight` in the HDF5 file if it has one.
    Otherwise it is `syn_weight` of its type times `nsyns` of the edge, and where
    the type names a direction rule, times how well the two cells are tuned to each
    other (Billeh et al. 2020).

    Args:
        path: The HDF5 file.
        targets: Nodes that the edges end on.
        sources: Nodes that they come from, or None if no file describes them.
        synaptic_models: Folder of json files that give the receptor of each
            `dynamics_params`, or None.
        receptors: Row of RECEPTORS by `dynamics_params`, such as
            {"lgn_inh.json": 2}; goes before the files.

    Returns:
        Synapses in file order. `post` and `pre` are rows of the populations.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged or describes an edge that cannot exist.
    """
    path = pathlib.Path(path)
    table = path.with_name(path.name.replace("_edges.h5", "_edge_types.csv"))
    types = read_table(table, required=("edge_type_id", "delay"))
    type_ids = [number(table, row, "edge_type_id", int) for row in types]
    type_ids = Identifiers(type_ids, table, "edge_type_id")
    with open_hdf5(path) as file:
        group = _population(file, path)
        source_id = read_column(group, "source_node_id")
        n = len(source_id)
        target_id = read_column(group, "target_node_id", n)
        type_id = read_column(group, "edge_type_id", n)
        attributes = read_attributes(group, n, "edge", ("syn_weight", "nsyns"))
    if sources is None:
        n_sources = int(source_id.max(initial=0)) + 1
        source_ids = Identifiers(np.arange(n_sources), path, "source_node_id")
    else:
        source_ids = sources.ids
    row = type_ids.positions(type_id, f"{path}: edge_type_id")
    pre = source_ids.positions(source_id, f"{path}: source_node_id")
    post = targets.ids.positions(target_id, f"{path}: target_node_id")
    delay = np.array([number(table, entry, "delay") for entry in types])
    # A type without edges may name a model that nobody has.
    kinds = np.zeros(len(types), np.uint8)
    for used in np.unique(row):
        kinds[used] = _receptor(types[used], table, synaptic_models, receptors or {})
    weight = _weights(table, types, row, attributes, pre, post, sources, targets)
    with naming(path):
        return Synapses(post, pre, kinds[row], weight, delay[row])


def _population(file, path):
    populations = list(file["edges"].values()) if "edges" in file else []
    if len(populations) != 1:
        raise ValueError(
            f"{path}: /edges must hold one population, got {len(populations)}."
        )
    return populations[0]


def _receptor(entry, table, folder, receptors):
    name = entry.get("dynamics_params", "")
    stem = pathlib.PurePath(name).stem
    file = None if folder is None else pathlib.Path(folder) / name
    if name in receptors:
        return receptors[name]
    if name and file is not None and file.is_file():
        with naming(file):
            kind = json.loads(file.read_text()).get("receptor_type")
            if kind not in range(1, N_RECEPTORS + 1):
                raise ValueError(f"receptor_type must be 1 to 4, got {kind}.")
        return int(kind) - 1
    if stem in RECEPTORS:
        return RECEPTORS.index(stem)
    raise ValueError(
        f"{table}: the receptor of dynamics_params {name!r} is unknown: "
        f"{file or name} does not exist."
    )


def _weights(table, types, row, attributes, pre, post, sources, targets):
    given = attributes.get("syn_weight", np.full(len(row), np.nan))
    open_rows = np.flatnonzero(np.isnan(given))
    if not len(open_rows):
        return given
    if "syn_weight" not in types[0]:
        raise ValueError(f"{table}: column 'syn_weight' is missing.")
    weight = given.copy()
    used = np.unique(row[open_rows])
    of_type = np.full(len(types), np.nan)
    of_type[used] = [number(table, types[entry], "syn_weight") for entry in used]
    contacts = attributes.get("nsyns", np.ones(len(row)))[open_rows]
    contacts = np.where(np.isnan(contacts), 1, contacts)
    weight[open_rows] = of_type[row[open_rows]] * contacts
    rules = np.array([entry.get("weight_function", "") for entry in types])
    unknown = set(rules[used]) - {*_DIRECTION_RULES, *_PLAIN_RULES}
    if unknown:
        raise ValueError(f"{table}: unknown weight_function {str(unknown.pop())!r}.")
    for rule in _DIRECTION_RULES:
        edges = open_rows[rules[row[open_rows]] == rule]
        if not len(edges):
            continue
        widths = np.full(len(types), np.nan)
        for entry in np.flatnonzero(rules == rule):
            widths[entry] = number(table, types[entry], "weight_sigma")
        factor = _tuning(rule, sources, targets, pre[edges], post[edges])
        weight[edges] *= factor(widths[row[edges]])
    return weight


def _tuning(rule, sources, targets, pre, post):
    """The direction rule of some edges, as a function of its width in degrees."""

    def column(nodes, name, rows):
        if nodes is None or name not in nodes.columns:
            where = "the source nodes" if nodes is None else nodes.path
            raise ValueError(f"{where}: {rule} needs {name} of every cell.")
        return nodes.columns[name][rows]

    source_angle = column(sources, "tuning_angle", pre) % 360
    target_angle = column(targets, "tuning_angle", post) % 360
    phase = 1.0
    if rule == "DirectionRule_EE":
        dx, dz = (
            column(targets, name, post) - column(sources, name, pre) for name in "xz"
        )
        phase = phase_factor(dx, dz, target_angle)
    return lambda width: direction_factor(source_angle, target_angle, width) * phase
