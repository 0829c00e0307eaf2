"""Recurrent synapses of a column, after the rules of Billeh et al. 2020."""

import numpy as np

from v1model.network.data import RECEPTORS, Synapses
from v1model.network.pair_sampling import MappedCells, sample_pairs
from v1model.network.streams import random_stream
from v1model.network.tables import connection_rules, populations
from v1model.network.weights import (
    DIRECTION_WIDTH,
    MAX_CONTACTS,
    MIN_CONTACTS,
    direction_factor,
    phase_factor,
)


def wire_recurrent(placement, types, *, seed, progress=None):
    """Draws the synapses among the neurons of a column.

    Args:
        placement: Placement of N neurons.
        types: CellTypes; a synapse scales with the capacitance of its target.
        seed: Decides every draw, each pair of populations having its own stream.
        progress: Called with the share of the work done, 0-1, after every target
            population.

    Returns:
        Synapses in canonical order.
    """
    members = [placement.members(index) for index in range(len(populations()))]
    cells = [_mapped(placement, member) for member in members]
    by_target = {}
    n_done = 0
    for target, member in enumerate(members):
        if cells[target] is None:
            continue
        by_target[member.start] = _onto_population(
            placement, types, members, cells, target, seed
        )
        n_done += len(cells[target])
        if progress is not None:
            progress(n_done / len(placement))
    parts = [by_target[start] for start in sorted(by_target)]
    columns = {}
    for name in ("post", "pre", "receptor", "weight", "delay"):
        # Popping frees each piece, so that the column is not held twice.
        columns[name] = np.concatenate([part.pop(name) for part in parts])
    return Synapses(**columns)


def receptor_of(source_is_excitatory, target_is_excitatory):
    """Row of RECEPTORS of a synapse between two classes of cells."""
    letter = {True: "e", False: "i"}
    name = f"{letter[source_is_excitatory]}2{letter[target_is_excitatory]}"
    return RECEPTORS.index(name)


def _mapped(placement, member):
    if member.start == member.stop:
        return None
    return MappedCells.of(
        placement.x[member], placement.z[member], placement.tuning_angle[member]
    )


def _onto_population(placement, types, members, cells, target, seed):
    """Columns of all synapses onto one population, in canonical order."""
    target_population = populations()[target]
    # In canonical order the receptor goes before the source: first those from
    # excitatory cells, each class by source.
    sources = sorted(
        (index for index, found in enumerate(cells) if found is not None),
        key=lambda index: (
            not populations()[index].is_excitatory,
            members[index].start,
        ),
    )
    parts = []
    for source in sources:
        source_population = populations()[source]
        rule = connection_rules().get((source_population.key, target_population.key))
        if rule is None:
            continue
        rng = random_stream(seed, "recurrent", source, target)
        post, pre = sample_pairs(
            rng, cells[source], cells[target], rule, is_same=source == target
        )
        post += members[target].start
        pre += members[source].start
        classes = source_population.is_excitatory, target_population.is_excitatory
        weight = contact_weight(placement, types, rule, pre, post, classes)
        weight *= rng.integers(MIN_CONTACTS, MAX_CONTACTS + 1, len(post), np.uint8)
        parts.append(
            {
                "post": post.astype(np.int32),
                "pre": pre.astype(np.int32),
                "receptor": np.full(len(post), receptor_of(*classes), np.uint8),
                "weight": weight.astype(np.float32),
                "delay": np.full(len(post), rule.delay, np.float32),
            }
        )
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    # Stable, so that receptor and source stay in order; 16 bits make it linear.
    local = (joined["post"] - members[target].start).astype(np.uint16)
    order = np.argsort(local, kind="stable")
    return {name: column[order] for name, column in joined.items()}


def contact_weight(placement, types, rule, pre, post, classes):
    """Peak current of one contact of each synapse, (S,) float64, pA.

    Args:
        placement: Placement of the neurons.
        types: Their CellTypes.
        rule: ConnectionRule of the two populations.
        pre, post: Source and target neuron of each synapse, (S,).
        classes: Whether source and target are excitatory.
    """
    capacitance = types.C_m[placement.type_index[post]]
    target_angle = placement.tuning_angle[post]
    source_angle = placement.tuning_angle[pre]
    width = DIRECTION_WIDTH[classes]
    weight = direction_factor(source_angle, target_angle, width)
    weight *= rule.weight * capacitance
    if classes == (True, True):
        dx = placement.x[post] - placement.x[pre]
        dz = placement.z[post] - placement.z[pre]
        weight *= phase_factor(dx, dz, target_angle)
    return weight
