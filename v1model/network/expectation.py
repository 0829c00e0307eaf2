"""How many synapses the published rules make in a disc of any size."""

import functools

import numpy as np

from v1model.network.placement import (
    ALL_NEURONS,
    CORE_NEURONS,
    population_counts,
    radii,
)
from v1model.network.tables import connection_rules, expected_synapses, populations

_GRID = 20_000  # points of the integral over distances


def expected_counts(neurons, policy="crop"):
    """Mean number of synapses of every population pair that connects.

    The published counts where there are any: a crop of 51,978 or 230,924 neurons.
    Elsewhere (number of pairs) * (mean probability over two points drawn in the
    disc); tuning averages to 1.

    Args:
        neurons: Size of the column.
        policy: "crop" or "thin".

    Returns:
        {(source population, target population): float}.
    """
    published = {CORE_NEURONS: "core", ALL_NEURONS: "full"}
    if neurons in published:
        table = expected_synapses(published[neurons])
        return {pair: count.mean for pair, count in table.items()}
    n_core, n_periphery = population_counts(neurons, policy)
    cells = n_core + n_periphery
    _, radius = radii(neurons, policy)
    counts = {}
    for source, n_source in zip(populations(), cells, strict=True):
        for target, n_target in zip(populations(), cells, strict=True):
            rule = connection_rules().get((source.key, target.key))
            if rule is not None:
                n_pairs = n_source * (n_target - (source is target))
                p = rule.peak * mean_profile(rule.sigma, radius)
                counts[source.name, target.name] = float(n_pairs * p)
    return counts


@functools.cache
def mean_profile(sigma, radius):
    """Mean of exp(-(d / sigma)^2) over the distance d of two points in a disc.

    The density of d is that of disc line picking,
    (4 s / pi) (arccos(s / 2) - (s / 2) sqrt(1 - s^2 / 4)) with s = d / radius.
    """
    s = (np.arange(_GRID) + 0.5) * (2 / _GRID)
    half = s / 2
    density = 4 * s / np.pi * (np.arccos(half) - half * np.sqrt(1 - half**2))
    return float(np.mean(density * np.exp(-((s * radius / sigma) ** 2))) * 2)
