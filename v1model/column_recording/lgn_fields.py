"""Receptive fields of a column's neurons, as the synapses from the LGN say them."""

from typing import NamedTuple

import numpy as np
import scipy.sparse

from v1model.lgn.kernels import make_subunits


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


def linear_fields(lgn, pixel_responses, neurons, bin_ms, n_lags):
    """What the LGN sends to neurons per contrast of each pixel and lag, linearised.

        field[n, tau, p] = sum over subunits j of
            weight[n, j] sum over ms in bin tau of kernel_j(ms) spatial_j(p)

    The rectification of the units, and all that the column does, is left out: this is
    what the wiring alone says.

    Args:
        lgn: InputPopulation with units.
        pixel_responses: Of the J subunits to each of P pixels, (J, P); see
            `LGN.spatial_responses`.
        neurons: Rows of the column's neurons, (n,).
        bin_ms: Length of a bin.
        n_lags: Bins.

    Returns:
        (n, n_lags, P) float32; 0 for neurons without synapses from the LGN.
    """
    subunits = make_subunits(lgn.units)
    owner = np.concatenate([np.arange(len(lgn.units)), subunits.second])
    synapses = lgn.synapses
    n_neurons = int(max(synapses.post.max(), np.max(neurons))) + 1
    weights = scipy.sparse.csr_matrix(
        (synapses.weight, (synapses.post, synapses.pre)),
        shape=(n_neurons, len(lgn.units)),
    )
    weights = weights[neurons].toarray()[:, owner]
    kernels = subunits.kernel[:, : n_lags * bin_ms]
    kernels = kernels.reshape(len(owner), n_lags, bin_ms).sum(axis=2)
    fields = np.empty((len(weights), n_lags, pixel_responses.shape[1]), np.float32)
    for lag in range(n_lags):
        fields[:, lag] = (weights * kernels[:, lag]) @ pixel_responses
    return fields
