"""Group: units of one layer and class, which are decoded together."""

from typing import NamedTuple

import numpy as np

EXCITATORY, INHIBITORY = "excitatory", "inhibitory"
LGN = "LGN"  # in place of a layer


class Group(NamedTuple):
    """Units of one layer and class.

    layer: As in the table of units, such as 2/3, or LGN.
    cell_class: EXCITATORY or INHIBITORY.
    members: Which units they are, increasing, (n,) int.
    """

    layer: str
    cell_class: str
    members: np.ndarray


def groups_of(units):
    """The Groups of a table of units: from the pia down, then the LGN.

    Args:
        units: Data frame with the columns layer and is_excitatory.
    """
    groups = []
    layers = sorted(set(units["layer"]) - {LGN})
    for layer in (*layers, LGN):
        for is_excitatory in (True, False):
            is_of_class = units["is_excitatory"] == is_excitatory
            chosen = (units["layer"] == layer) & is_of_class
            if chosen.any():
                name = EXCITATORY if is_excitatory else INHIBITORY
                groups.append(Group(str(layer), name, np.flatnonzero(chosen)))
    return groups
