"""Nodes of a SONATA network: positions, tuning, and the types they belong to."""

import dataclasses
import pathlib

import numpy as np

from v1model.hdf5_files import open_hdf5
from v1model.network.hdf5 import read_column
from v1model.network.identifiers import Identifiers
from v1model.network.space_table import number, read_table


@dataclasses.dataclass(frozen=True)
class Nodes:
    """One population of n cells.

    Args:
        population: Its name.
        ids: Identifiers of the cells.
        types: Rows of the type table, dictionaries of str.
        type_row: Row of `types` of each cell, (n,).
        columns: Numeric attributes of the cells, (n,) float64 each; NaN where the
            group of a cell has no such attribute.
        path: The HDF5 file.
    """

    population: str
    ids: Identifiers
    types: list
    type_row: np.ndarray
    columns: dict
    path: pathlib.Path

    def __len__(self):
        return len(self.ids)

    @property
    def is_virtual(self):
        return all(row.get("model_type") == "virtual" for row in self.types)


def read_nodes(path):
    """The populations of a `*_nodes.h5` file, with its `*_node_types.csv`.

    Returns:
        List of Nodes.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged, or a cell has an unknown type.
    """
    path = pathlib.Path(path)
    table = path.with_name(path.name.replace("_nodes.h5", "_node_types.csv"))
    types = read_table(table, required=("node_type_id",))
    type_ids = [number(table, row, "node_type_id", int) for row in types]
    type_ids = Identifiers(type_ids, table, "node_type_id")
    with open_hdf5(path) as file:
        if "nodes" not in file:
            raise ValueError(f"{path}: /nodes is missing.")
        return [
            _read_population(group, type_ids, types, path)
            for group in file["nodes"].values()
        ]


def _read_population(group, type_ids, types, path):
    type_id = read_column(group, "node_type_id")
    n = len(type_id)
    node_id = read_column(group, "node_id", n) if "node_id" in group else np.arange(n)
    name = group.name.rsplit("/", 1)[-1]
    return Nodes(
        population=name,
        ids=Identifiers(node_id, path, f"nodes/{name}/node_id"),
        types=types,
        type_row=type_ids.positions(type_id, f"{path}: nodes/{name}/node_type_id"),
        columns=read_attributes(group, n, "node"),
        path=path,
    )


def read_attributes(group, n, what, names=None):
    """Numeric columns of the numbered groups of a node or edge population.

    Args:
        group: HDF5 group of the population.
        n: Number of nodes or edges.
        what: "node" or "edge".
        names: The columns to read, or None for all.

    Returns:
        Dictionary of (n,) float64, NaN where a row's group lacks the column.
    """
    group_id, group_index = np.zeros(1, np.int64), None
    if f"{what}_group_id" in group:
        group_id = read_column(group, f"{what}_group_id", n)
        group_index = read_column(group, f"{what}_group_index", n)
    columns = {}
    for number_of_group in np.unique(group_id) if n else ():
        if str(number_of_group) not in group:
            continue
        attributes = group[str(number_of_group)]
        rows = slice(None)
        if len(group_id) == n and (group_id != number_of_group).any():
            rows = np.flatnonzero(group_id == number_of_group)
        for name, dataset in attributes.items():
            is_number = getattr(dataset, "dtype", np.dtype(object)).kind in "iuf"
            if not is_number or (names is not None and name not in names):
                continue
            values = read_column(attributes, name)
            if what == "edge" and not np.isfinite(values).all():
                row = int(np.argmin(np.isfinite(values)))
                raise ValueError(
                    f"{dataset.file.filename}: {dataset.name} {values[row]} is not "
                    f"finite (row {row})."
                )
            if group_index is not None:
                values = _pick(values, group_index[rows], dataset)
            if name not in columns:
                columns[name] = np.full(n, np.nan)
            columns[name][rows] = values
    return columns


def _pick(values, index, dataset):
    if index.size and index.max() >= len(values):
        raise ValueError(
            f"{dataset.file.filename}: {dataset.name} has {len(values)} rows, "
            f"group index {index.max()} points beyond them."
        )
    return values[index]
