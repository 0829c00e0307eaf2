"""Readout pools: the layer 5 neurons whose spikes are a task's answer."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from v1model.network.placement import CORE_RADIUS
from v1model.network.populations import layer_of

# Tangential position (x, z) of the 15 pools, um (Chen et al. 2022), for a column as
# wide as the core; smaller columns have the same pattern, shrunk.
READOUT_SITES = np.array(
    [
        (0, 0),
        (100, -110),
        (-100, -110),
        (-100, 110),
        (100, 110),
        (0, 260),
        (180, 230),
        (-180, 230),
        (270, 95),
        (-270, 95),
        (270, -95),
        (-270, -95),
        (180, -230),
        (-180, -230),
        (0, -260),
    ],
    float,
)
READOUT_SITES.flags.writeable = False


def readout_pools(network, neurons_per_output, localized=True, seed=3000):
    """Groups of K layer 5 excitatory neurons; no neuron is in two of them.

    A localized pool is a patch of layer 5 around its site at mid-depth of the layer.
    The published loader draws K neurons at random within 55 um of the site. Ours
    takes the nearest: a fixed ball holds fewer than K neurons in a smaller column,
    and the K nearest lie inside that ball whenever it holds K. Where pools compete,
    the neurons are assigned so that the sum of squared distances to the sites is
    least, so no pool gets the leftovers because it came last.

    Args:
        network: Network.
        neurons_per_output: K.
        localized: Patches, or else neurons scattered at random over layer 5.
        seed: Of the scattered pools; the localized ones are not random.

    Returns:
        (15, K) int32: neuron indices, increasing within each pool.

    Raises:
        ValueError: K is not positive, or there are fewer than 15 K such neurons.
    """
    n_pools = len(READOUT_SITES)
    if neurons_per_output <= 0:
        raise ValueError(
            f"neurons_per_output must be positive, got {neurons_per_output}."
        )
    is_layer_5 = layer_of(network.types.pop_name)[network.type_index] == "5"
    candidates = np.flatnonzero(is_layer_5 & network.is_excitatory)
    if len(candidates) < n_pools * neurons_per_output:
        raise ValueError(
            f"neurons_per_output {neurons_per_output} needs "
            f"{n_pools * neurons_per_output} excitatory neurons in layer 5 for "
            f"{n_pools} pools, the network has {len(candidates)}; the largest "
            f"neurons_per_output that fits is {len(candidates) // n_pools}."
        )
    if localized:
        squared = _squared_distances(network, candidates, network.y[is_layer_5])
        chosen = _assign(squared, neurons_per_output)
    else:
        shape = (n_pools, neurons_per_output)
        chosen = np.random.default_rng(seed).choice(
            len(candidates), shape, replace=False
        )
    return np.sort(candidates[chosen], axis=1).astype(np.int32)


def _squared_distances(network, candidates, layer_depths):
    """Of every candidate to every site, (15, n), um^2."""
    scale = min(network.radius / CORE_RADIUS, 1.0)
    depth = (layer_depths.min() + layer_depths.max()) / 2
    across = READOUT_SITES[:, 0, None] * scale - network.x[candidates]
    along = READOUT_SITES[:, 1, None] * scale - network.z[candidates]
    return across**2 + along**2 + (network.y[candidates] - depth) ** 2


def _assign(squared, k):
    """The (15, k) candidates of least total cost, each used once."""
    n_pools, n = squared.shape
    # In an optimum no pool uses a candidate beyond its own nearest 15 k: of those,
    # at most 15 k - 1 are taken, and a free nearer one would be cheaper.
    reach = min(n_pools * k, n)
    nearest = np.argpartition(squared, reach - 1, axis=1)[:, :reach]
    used = np.unique(nearest)
    # Each pool is k rows of the assignment problem.
    _, column = linear_sum_assignment(np.repeat(squared[:, used], k, axis=0))
    return used[column].reshape(n_pools, k)
