"""SONATA networks (HDF5 and csv), as BMTK and newer models of V1 use them."""

import logging
import pathlib

import numpy as np

from v1model.lgn.units import LGNUnits
from v1model.network.data import InputPopulation, Network, Synapses
from v1model.network.errors import naming
from v1model.network.identifiers import depth_below_pia
from v1model.network.sonata_cells import pop_name, read_cell_types
from v1model.network.sonata_edges import edge_populations, read_edges
from v1model.network.sonata_nodes import read_nodes
from v1model.network.sonata_writer import UNIT_COLUMNS, write_sonata

__all__ = ["read_sonata", "write_sonata"]

logger = logging.getLogger(__name__)


def read_sonata(
    folder,
    *,
    population=None,
    lgn="lgn",
    background="bkg",
    components=None,
    receptors=None,
):
    """Reads a column and its inputs from a SONATA folder.

    The HDF5 and csv files are those in `folder`, `folder`/network or a network
    folder one level below; edges that a folder lacks are taken to be none.

    Args:
        folder: Where the network is.
        population: Name of the column's nodes, by default the only population that
            is not virtual.
        lgn, background: Names of the populations that project into the column.
        components: Folder with `cell_models` and `synaptic_models`, by default the
            one beside or in the network folder.
        receptors: Row of RECEPTORS by `dynamics_params`, where no file tells it.

    Returns:
        Network, with its neurons in file order.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged, or describes a network that cannot exist;
            names the file, the field and the value.
    """
    network_folder = _network_folder(pathlib.Path(folder))
    components = _components(network_folder, components)
    nodes = {
        found.population: found
        for path in sorted(network_folder.glob("*nodes.h5"))
        for found in read_nodes(path)
    }
    column = _column(nodes, population, network_folder)
    types = read_cell_types(column, components / "cell_models")
    edges = {
        edge_populations(path): path
        for path in sorted(network_folder.glob("*edges.h5"))
    }
    known = {column.population, lgn, background}
    for (source, target), path in edges.items():
        if target == column.population and source not in known:
            raise ValueError(
                f"{path}: edges from population {source!r}, which is neither lgn "
                f"({lgn!r}) nor background ({background!r})."
            )

    def synapses(source):
        path = edges.get((source, column.population))
        if path is None:
            logger.warning("%s has no edges from %s", network_folder, source)
            return Synapses(*np.zeros((5, 0)))
        models = components / "synaptic_models"
        return read_edges(path, column, nodes.get(source), models, receptors).sorted()

    def inputs(source, units=None):
        found = synapses(source)
        n = len(nodes[source]) if source in nodes else 0
        return InputPopulation(n or int(found.pre.max(initial=0)) + 1, found, units)

    recurrent = synapses(column.population)
    lgn_inputs = inputs(lgn, _units(nodes.get(lgn)))
    background_inputs = inputs(background)
    attributes = {"tuning_angle": np.full(len(column), np.nan), **column.columns}
    with naming(column.path):
        for name in "xyz":
            if name not in attributes:
                raise ValueError(f"nodes/{column.population}: {name} is missing.")
        return Network(
            types=types,
            type_index=column.type_row.astype(np.int32),
            node_id=column.ids.values,
            x=attributes["x"],
            y=depth_below_pia(attributes["y"]),
            z=attributes["z"],
            tuning_angle=attributes["tuning_angle"],
            recurrent=recurrent,
            lgn=lgn_inputs,
            background=background_inputs,
        )


def _network_folder(folder):
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} does not exist.")
    for candidate in (folder, folder / "network", *sorted(folder.glob("*/network"))):
        if any(candidate.glob("*nodes.h5")):
            return candidate
    raise FileNotFoundError(f"{folder} holds no *nodes.h5.")


def _components(network_folder, components):
    if components is not None:
        return pathlib.Path(components)
    inside = network_folder / "components"
    return inside if inside.is_dir() else network_folder.parent / "components"


def _column(nodes, population, folder):
    real = [name for name, found in nodes.items() if not found.is_virtual]
    if population is None and len(real) != 1:
        raise ValueError(
            f"{folder}: population must be one of {', '.join(sorted(nodes))}."
        )
    name = real[0] if population is None else population
    if name not in nodes:
        raise ValueError(
            f"{folder}: population {name!r} is not one of {', '.join(sorted(nodes))}."
        )
    return nodes[name]


def _units(nodes):
    """The LGN units that the nodes describe, or None."""
    columns = {} if nodes is None else nodes.columns
    single = ("x", "y", "spatial_size", "tuning_angle", "sf_sep")
    names = [*single, *(name for pair in UNIT_COLUMNS.values() for name in pair)]
    if any(name not in columns for name in names):
        return None
    model_id = np.array([pop_name(row, nodes.path) for row in nodes.types])
    pairs = {
        field: np.stack([columns[name] for name in pair], axis=-1)
        for field, pair in UNIT_COLUMNS.items()
    }
    return LGNUnits(
        model_id=model_id[nodes.type_row],
        **{name: columns[name] for name in single},
        **pairs,
    )
