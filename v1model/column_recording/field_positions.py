"""Where neurons of a column look, as the synapses from the LGN say it."""

from typing import NamedTuple

import numpy as np


class FieldPositions(NamedTuple):
    """Places in the visual field, degrees; NaN where no unit of the LGN projects.

    x, y: Means of the places of the LGN units, each counted with the weight of its
        synapses, (N,) float64.
    n_synapses: How many there are, (N,) int64.
    """

    x: np.ndarray
    y: np.ndarray
    n_synapses: np.ndarray


def field_positions(lgn, n_neurons):
    """The FieldPositions of N neurons.

    Neurons without synapses from the LGN have none: what reaches them through others
    comes from places that the wiring does not name.

    Args:
        lgn: InputPopulation with units.
        n_neurons: N.
    """
    synapses, units = lgn.synapses, lgn.units
    post, weight = synapses.post, np.abs(synapses.weight, dtype=np.float64)
    total = np.bincount(post, weight, n_neurons)
    has_any = total > 0

    def mean(place):
        summed = np.bincount(post, weight * place[synapses.pre], n_neurons)
        return np.where(has_any, summed / np.where(has_any, total, 1), np.nan)

    n_synapses = np.bincount(post, minlength=n_neurons)
    return FieldPositions(mean(units.x), mean(units.y), n_synapses)
