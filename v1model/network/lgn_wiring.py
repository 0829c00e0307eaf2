"""Synapses from the LGN onto a column: the ellipse rule of Billeh et al. 2020.

A neuron samples the LGN units in two elliptic subfields that lie side by side
across its preferred orientation: sustained units (ON or OFF) in one, transient OFF
units in the other, and composite units between the two. Within a subfield, units
of a temporal frequency near the neuron's own are preferred.
"""

import numpy as np

from v1model.network.data import RECEPTORS, Synapses
from v1model.network.streams import random_stream
from v1model.network.subfields import FREQUENCIES, Subfield, inside, unit_groups
from v1model.network.tables import lgn_rules, populations
from v1model.network.weights import VISUAL_X, VISUAL_Z

LGN_DELAY = 1.7  # ms
FIELD_CENTRE = (120.0, 60.0)  # degrees, the point seen at the column's axis
ANGLE_OFFSET = 270.0  # degrees from the preferred direction to the ellipse's axis
COMPOSITE_TOLERANCE = 15.0  # degrees of orientation


def wire_lgn(placement, units, *, seed, inhibitory_receptor="e2i", progress=None):
    """Draws the synapses from LGN units onto the neurons of a column.

    Args:
        placement: Placement of N neurons.
        units: LGNUnits.
        seed: Decides every draw, each population having its own stream.
        inhibitory_receptor: Receptor of these synapses on inhibitory cells, one of
            RECEPTORS; excitatory cells have "e2e".
        progress: Called with the share of the work done, 0-1, after every
            population.

    Returns:
        Synapses in canonical order; `pre` is a row of `units`.

    Raises:
        ValueError: Unknown receptor.
    """
    if inhibitory_receptor not in RECEPTORS:
        raise ValueError(
            f"the LGN receptor must be one of {RECEPTORS}, got {inhibitory_receptor!r}."
        )
    columns = []
    groups = unit_groups(units)
    for index, population in enumerate(populations()):
        rule = lgn_rules().get(population.name)
        if rule is not None:
            rng = random_stream(seed, "lgn", index)
            members = placement.members(index)
            post, pre = sample_inputs(rng, placement, members, groups, rule)
            receptor = "e2e" if population.is_excitatory else inhibitory_receptor
            columns.append((post, pre, receptor, rule.syn_weight * rule.nsyns))
        if progress is not None:
            progress((index + 1) / len(populations()))
    n = [len(post) for post, *_ in columns]
    return Synapses(
        post=np.concatenate([post for post, *_ in columns]).astype(np.int32),
        pre=np.concatenate([pre for _, pre, *_ in columns]).astype(np.int32),
        receptor=np.repeat(
            np.array([RECEPTORS.index(c[2]) for c in columns], np.uint8), n
        ),
        weight=np.repeat(np.array([c[3] for c in columns], np.float32), n),
        delay=np.full(sum(n), LGN_DELAY, np.float32),
    ).sorted()


def sample_inputs(rng, placement, members, groups, rule):
    """Draws the LGN units of the neurons of one population.

    Args:
        rng: NumPy Generator.
        placement: Placement.
        members: Slice of the neurons.
        groups: UnitGroups by kind.
        rule: LGNRule.

    Returns:
        Neuron and unit of each synapse, two (S,) arrays.
    """
    neurons = np.arange(members.start, members.stop)
    neurons = neurons[rng.random(len(neurons)) < rule.probability]
    n = len(neurons)
    x, y = visual_position(placement.x[neurons], placement.z[neurons])
    tuning = placement.tuning_angle[neurons]
    angle = np.deg2rad(tuning + ANGLE_OFFSET)
    offset = rng.uniform(*rule.distance, n) / 2
    minor = rng.uniform(*rule.width, n) / 2
    major = minor * rng.uniform(*rule.aspect, n)
    is_on = rng.random(n) < rule.sustained_on_ratio
    frequency = preferred_frequency(rng, rule.tf_lambda, n)
    # Across the major axis, to either side of the neuron's position.
    dx, dy = -offset * np.sin(-angle), -offset * np.cos(-angle)
    sustained = Subfield(x + dx, y + dy, angle, major, minor)
    transient = Subfield(x - dx, y - dy, angle, major, minor)
    between = Subfield(x, y, angle, minor, offset / 2)
    synapses = []
    for kind, field, chosen in (
        ("sON", sustained, np.flatnonzero(is_on)),
        ("sOFF", sustained, np.flatnonzero(~is_on)),
        ("tOFF", transient, np.arange(n)),
        ("composite", between, np.arange(n)),
    ):
        group = groups[kind]
        for cell, unit in inside(field, chosen, group):
            if kind == "composite":
                turn = orientation_difference(group.tuning_angle[unit], tuning[cell])
                is_kept = turn < COMPOSITE_TOLERANCE
            else:
                hertz = group.frequency[unit]
                chance = frequency_preference(kind, frequency[cell], hertz)
                is_kept = rng.random(len(cell)) < chance
            synapses.append((neurons[cell[is_kept]], group.rows[unit[is_kept]]))
    nothing = (np.empty(0, np.int64),) * 2
    columns = zip(nothing, *synapses, strict=True)
    return tuple(np.concatenate(column) for column in columns)


def visual_position(x, z):
    """Point of the visual field (degrees) seen at a position of the cortex (um)."""
    return (
        FIELD_CENTRE[0] + np.rad2deg(np.tan(np.deg2rad(VISUAL_X * x))),
        FIELD_CENTRE[1] + np.rad2deg(np.tan(np.deg2rad(VISUAL_Z * z))),
    )


def preferred_frequency(rng, mean, n):
    """Poisson draws that are not zero, (n,), Hz."""
    frequency = rng.poisson(mean, n)
    while (is_zero := frequency == 0).any():
        frequency[is_zero] = rng.poisson(mean, is_zero.sum())
    return frequency


def frequency_preference(kind, preferred, frequency):
    """Chance that a unit inside the subfield is connected.

    Args:
        kind: "sON", "sOFF" or "tOFF".
        preferred: Preferred temporal frequency of the neuron, Hz.
        frequency: That of the unit, one of FREQUENCIES[kind], Hz.
    """
    classes = np.array(FREQUENCIES[kind])
    total = np.abs(preferred[:, None] - classes).sum(axis=1)
    return (1 - np.abs(preferred - frequency) / total) / (len(classes) - 1)


def orientation_difference(angle, other):
    """Angle between two orientations, 0-90 degrees."""
    difference = np.abs(angle - other) % 180
    return np.minimum(difference, 180 - difference)
