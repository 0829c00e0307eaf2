"""Where the neurons of a column are, and of which type.

The column is a cylinder around the depth axis: a core of 400 um with exactly
published counts, and a periphery out to 845 um (Billeh et al. 2020). Smaller
columns are a disc of the core at its real density ("crop") or the whole disc with
fewer neurons ("thin").
"""

import dataclasses

import numpy as np

from v1model.network.streams import random_stream
from v1model.network.tables import cell_types, populations, type_shares

CORE_RADIUS = 400.0  # um
COLUMN_RADIUS = 845.0  # um
INNER_RADIUS = 1.0  # um; nobody sits on the axis itself
MIN_NEURONS = 500
CORE_NEURONS = sum(p.n_core for p in populations())
ALL_NEURONS = CORE_NEURONS + sum(p.n_periphery for p in populations())
POLICIES = ("crop", "thin")


@dataclasses.dataclass(frozen=True)
class Placement:
    """The neurons of a column in the order of their published ids.

    Args:
        population: Row of `tables.populations()`, (N,) int32.
        type_index: Row of `tables.cell_types()`, (N,) int32.
        node_id: Id of the neuron in the published network, (N,) int64, increasing.
        x, y, z: Position, (N,), um; y is the depth below the pia.
        tuning_angle: Preferred direction, (N,), degrees.
    """

    population: np.ndarray
    type_index: np.ndarray
    node_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    tuning_angle: np.ndarray

    def __len__(self):
        return len(self.population)

    def members(self, population):
        """The neurons of a population: a slice, since they are contiguous."""
        bounds = np.searchsorted(self.population, [population, population + 1])
        return slice(*bounds.tolist())


def place_neurons(neurons, *, seed, policy="crop"):
    """Draws a column: exact counts, uniform positions, evenly spread tuning.

    Args:
        neurons: Size of the column.
        seed: Decides every draw.
        policy: "crop" keeps the density, radius 400 um * sqrt(neurons / 51,978),
            and grows into the periphery beyond the core; "thin" keeps the radius
            of 400 um.

    Returns:
        A Placement.

    Raises:
        ValueError: Unknown policy, or a size that the policy cannot build.
    """
    n_core, n_periphery = population_counts(neurons, policy)
    core_radius, outer_radius = radii(neurons, policy)
    blocks = []
    for index, population in enumerate(populations()):
        parts = (
            (population.core_first, n_core[index], INNER_RADIUS, core_radius),
            (population.periphery_first, n_periphery[index], CORE_RADIUS, outer_radius),
        )
        for part, (first_id, count, inner, outer) in enumerate(parts):
            if count:
                rng = random_stream(seed, "positions", index, part)
                block = _place_block(rng, index, first_id, count, inner, outer)
                blocks.append(block)
    blocks.sort(key=lambda block: block.node_id[0])
    return Placement(
        *(
            np.concatenate([getattr(block, field.name) for block in blocks])
            for field in dataclasses.fields(Placement)
        )
    )


def population_counts(neurons, policy="crop"):
    """Cells per population in the core and in the periphery, two (21,) arrays."""
    check_size(neurons, policy)
    core = np.array([p.n_core for p in populations()])
    periphery = np.array([p.n_periphery for p in populations()])
    in_core = min(neurons, CORE_NEURONS)
    return (
        largest_remainder(core, in_core),
        largest_remainder(periphery, neurons - in_core),
    )


def radii(neurons, policy="crop"):
    """Radius of the core and of the whole column, um; equal without periphery."""
    if policy == "thin":
        return CORE_RADIUS, CORE_RADIUS
    if neurons <= CORE_NEURONS:
        radius = CORE_RADIUS * np.sqrt(neurons / CORE_NEURONS)
        return radius, radius
    share = (neurons - CORE_NEURONS) / (ALL_NEURONS - CORE_NEURONS)
    ring = COLUMN_RADIUS**2 - CORE_RADIUS**2
    return CORE_RADIUS, np.sqrt(CORE_RADIUS**2 + share * ring)


def check_size(neurons, policy):
    """Raises ValueError unless the policy can build this many neurons."""
    if policy not in POLICIES:
        raise ValueError(f"policy must be one of {POLICIES}, got {policy!r}.")
    largest = ALL_NEURONS if policy == "crop" else CORE_NEURONS
    if not MIN_NEURONS <= neurons <= largest:
        raise ValueError(
            f"neurons must lie in {MIN_NEURONS}..{largest} for policy {policy!r}, "
            f"got {neurons}."
        )


def largest_remainder(shares, total):
    """Integers in proportion to `shares` that sum to `total` (Hamilton's method)."""
    exact = np.asarray(shares, np.float64) * (total / np.sum(shares))
    # Shares that divide evenly must not lose a cell to the last bit.
    counts = np.floor(exact + 1e-9).astype(np.int64)
    missing = total - counts.sum()
    order = np.argsort(counts - exact, kind="stable")
    counts[order[:missing]] += 1
    return counts


def _place_block(rng, population, first_id, count, inner, outer):
    """The `count` cells of one population in one ring."""
    shallow, deep = populations()[population].depth
    radius = np.sqrt(rng.uniform(inner**2, outer**2, count))
    angle = rng.uniform(0, 2 * np.pi, count)
    name = populations()[population].name
    types = np.flatnonzero(cell_types().pop_name == name)
    type_counts = largest_remainder(type_shares()[types], count)
    return Placement(
        population=np.full(count, population, np.int32),
        type_index=rng.permutation(np.repeat(types, type_counts)).astype(np.int32),
        node_id=first_id + np.arange(count),
        x=radius * np.cos(angle),
        y=rng.uniform(shallow, deep, count),
        z=radius * np.sin(angle),
        tuning_angle=np.linspace(0, 360, count, endpoint=False),
    )
