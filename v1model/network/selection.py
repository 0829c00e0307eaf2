"""Which neurons of a network are simulated."""

import numpy as np

from v1model.network.placement import CORE_RADIUS
from v1model.network.populations import LAYERS, layer_of


def select(network, neurons=0, core_only=False, connected_selection=True, seed=3000):
    """Keeps the neurons that the published loader keeps (Chen et al. 2022).

    Args:
        network: Network.
        neurons: How many to keep. 0 keeps all, or all of the core.
        core_only: Only neurons less than 400 um from the column's axis.
        connected_selection: Keep the neurons nearest to the axis, which keeps the
            synapses among them; otherwise `neurons` are drawn at random.
        seed: Of the random draw.

    Returns:
        Network, its neurons in the order of `network`.

    Raises:
        ValueError: `neurons` is negative, or more than there are.
    """
    # As published, not np.hypot: the last bit may decide who is the n-th neuron.
    r = np.sqrt(network.x**2 + network.z**2)
    pool = np.flatnonzero(r < CORE_RADIUS) if core_only else np.arange(len(r))
    where = f"the core (r < {CORE_RADIUS:g} um)" if core_only else "the network"
    if neurons < 0:
        raise ValueError(f"neurons must not be negative, got {neurons}.")
    if neurons > len(pool):
        raise ValueError(
            f"neurons must be at most {len(pool)}, the size of {where}, got {neurons}."
        )
    if len(pool) == 0:
        raise ValueError(f"core_only leaves no neuron: none lies in {where}.")
    if neurons == 0:
        kept = pool
    elif connected_selection:
        kept = np.argsort(r)[:neurons]
    else:
        # A legacy generator on purpose: it draws the neurons that were published.
        kept = np.random.RandomState(seed).choice(pool, neurons, replace=False)  # noqa: NPY002
    return network if len(kept) == len(r) else network.take(np.sort(kept))


def require_all_layers(network):
    """Returns the network if each of the five layers has a neuron.

    Raises:
        ValueError: A layer is empty, or a population's name has no layer.
    """
    present = layer_of(network.types.pop_name)[network.type_index]
    for layer in LAYERS:
        if not (present == layer).any():
            raise ValueError(
                f"layer {layer} has no neuron among the {network.n_neurons} of the "
                "network; every layer needs one. Keep more neurons."
            )
    return network
