"""Neurons from the pia down: their groups, and the rows that these have in a figure."""

from typing import NamedTuple

import numpy as np

from v1model.network.populations import ROUGH_POPULATIONS, layer_of
from visualization import style

LABEL_PX = 11  # height that the name of a group needs


class Group(NamedTuple):
    """Neurons that are drawn beside each other.

    name: Of ROUGH_POPULATIONS.  members: Neurons from the pia down, (n,) int.
    """

    name: str
    members: np.ndarray

    @property
    def layer(self):
        return str(layer_of([self.name])[0])

    @property
    def class_name(self):
        return style.class_of(self.name)

    @property
    def colour(self):
        return style.colour_of(self.name)


def laminar_groups(neurons):
    """The populations that a column has, from the pia down, as Groups."""
    order = neurons.laminar_order()
    number = neurons.group[order]
    present, starts = np.unique(number, return_index=True)
    return [
        Group(ROUGH_POPULATIONS[k], members)
        for k, members in zip(present, np.split(order, starts[1:]), strict=True)
    ]


def heights(sizes, total, least=LABEL_PX):
    """Pixel rows of groups: as the square root of their size, but room for a name.

    In proportion to the size itself the smallest populations of a column, a hundredth
    of the largest, would have no visible row.

    Args:
        sizes: Neurons of each group, positive.
        total: Rows to share out, int.
        least: Rows that each group has at least.

    Returns:
        (n,) int; their sum is `total`.
    """
    share = np.sqrt(np.asarray(sizes, float))
    if least * len(share) > total:
        least = total / len(share)
    rows = np.full(len(share), float(least))
    is_free = np.ones(len(share), bool)
    while is_free.any():
        room = total - least * np.sum(~is_free)
        rows[is_free] = room * share[is_free] / share[is_free].sum()
        too_small = is_free & (rows < least - 1e-9)
        if not too_small.any():
            break
        rows[too_small] = least
        is_free &= ~too_small
    edges = np.rint(np.concatenate([[0], np.cumsum(rows)])).astype(int)
    return np.diff(edges)
