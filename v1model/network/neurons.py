"""Neurons: what figures, files and reports say of each neuron of a column."""

import dataclasses

import numpy as np

from v1model.network.populations import (
    ROUGH_POPULATIONS,
    layer_of,
    rough_population,
)


@dataclasses.dataclass(frozen=True)
class Neurons:
    """One row per neuron of a column, without its synapses.

    Args:
        pop_name: Population such as "e4Rorb", (N,) str.
        node_type_id: Allen specimen id of the cell type, (N,) int64.
        x, y, z: Position, (N,), um; y is the depth below the pia.
        V_th, E_L: Threshold and rest, (N,), mV.

    Raises:
        ValueError: Columns differ in length.
    """

    pop_name: np.ndarray
    node_type_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    V_th: np.ndarray
    E_L: np.ndarray

    def __post_init__(self):
        for field in dataclasses.fields(self):
            column = np.asarray(getattr(self, field.name))
            if column.shape != (len(self.pop_name),):
                raise ValueError(
                    f"neurons: {field.name} must have shape ({len(self.pop_name)},), "
                    f"got {column.shape}."
                )
            object.__setattr__(self, field.name, column)

    def __len__(self):
        return len(self.pop_name)

    @property
    def group(self):
        """Position of each neuron's population in ROUGH_POPULATIONS, (N,) int."""
        return _per_name(self.pop_name, _group_of)

    @property
    def layer(self):
        """Layer of each neuron, (N,) str, as in `populations.LAYERS`."""
        return layer_of(self.pop_name)

    def laminar_order(self):
        """Neurons from the pia down: by population, then by depth, (N,) int."""
        return np.lexsort((self.y, self.group))

    def examples(self, n):
        """Some neurons to look at, of as many populations as there can be, (n,) int.

        The populations take turns, the largest first, and each offers its neurons in
        steps that cover its depth. Fewer than n if the column is smaller.
        """
        order, sizes = self.laminar_order(), np.bincount(self.group)
        turns = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
        rounds = np.arange(-(-n // max(len(turns), 1)))
        top = np.cumsum(sizes) - sizes  # where each population begins in `order`
        steps = rounds[:, None] * sizes[turns] // max(len(rounds), 1)
        # A small population offers a neuron twice; what is missing then comes from all.
        offered = np.concatenate([(top[turns] + steps).ravel(), np.arange(len(self))])
        _, first = np.unique(offered, return_index=True)
        chosen = offered[np.sort(first)[:n]]
        return order[np.sort(chosen)]


def neurons_of(network):
    """The Neurons of a Network."""
    types, index = network.types, network.type_index
    return Neurons(
        pop_name=network.pop_name,
        node_type_id=types.node_type_id[index],
        x=network.x,
        y=network.y,
        z=network.z,
        V_th=types.V_th[index],
        E_L=types.E_L[index],
    )


def _per_name(names, function):
    unique, inverse = np.unique(np.asarray(names, str), return_inverse=True)
    return np.array([function(str(name)) for name in unique], np.int64)[inverse.ravel()]


def _group_of(name):
    return ROUGH_POPULATIONS.index(rough_population([name])[0])
