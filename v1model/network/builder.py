"""Builds the mouse V1 column of Billeh et al. (2020) from its published tables.

Cells, positions, tuning, synapses, delays, LGN wiring and background follow the
published rules; the random draw is our own, so that a built column agrees with
the published one in its statistics but not cell by cell.
"""

import numpy as np

from v1model.config import DEFAULT_BUILD_SEED
from v1model.lgn.units import draw_units
from v1model.network.data import InputPopulation, Network, Synapses
from v1model.network.lgn_wiring import wire_lgn
from v1model.network.placement import CORE_NEURONS, check_size, place_neurons
from v1model.network.tables import (
    background_rules,
    cell_types,
    expected_synapses,
    populations,
)
from v1model.network.wiring import receptor_of, wire_recurrent

BACKGROUND_DELAY = 1.0  # ms


def build_column(
    neurons=CORE_NEURONS,
    seed=DEFAULT_BUILD_SEED,
    *,
    policy="crop",
    compensate=False,
    lgn_to_inhibitory_receptor="e2i",
    background_nsyns=None,
    units=None,
    progress=None,
):
    """Builds a column of any size from 500 to 230,924 neurons.

    Args:
        neurons: Number of neurons; 51,978 is the core within 400 um.
        seed: Non-negative integer that decides every draw: the same seed gives
            identical arrays.
        policy: "crop" keeps the real density in a smaller disc; "thin" keeps the
            disc of the core with fewer neurons, and scales the recurrent weights
            by 51,978 / neurons.
        compensate: For a crop, whether the recurrent weights onto each population
            are scaled by (in-degree in the core) / (in-degree in the crop).
        lgn_to_inhibitory_receptor: Receptor of LGN synapses on inhibitory cells.
            No publication states it; "e2i" matches the published rates best.
        background_nsyns: Contacts of every background synapse, or None for those
            of the biophysical column, which match the published rates best.
        units: LGNUnits, by default drawn from the same seed.
        progress: Called as `progress(step, share)` while building, with the name
            of the step and how much of it is done, 0-1.

    Returns:
        A Network of all 111 cell types, also those that no neuron has, with its
        neurons in the order of the published ids and synapses in canonical order.

    Raises:
        ValueError: A size, seed or option that cannot be built.
    """
    check_size(neurons, policy)
    _check_options(seed, policy, compensate, background_nsyns)

    def report(step):
        return None if progress is None else lambda share: progress(step, share)

    types = cell_types()
    if units is None:
        units = draw_units(seed)
    placement = place_neurons(neurons, seed=seed, policy=policy)
    lgn = wire_lgn(
        placement,
        units,
        seed=seed,
        inhibitory_receptor=lgn_to_inhibitory_receptor,
        progress=report("LGN synapses"),
    )
    recurrent = wire_recurrent(
        placement, types, seed=seed, progress=report("recurrent synapses")
    )
    if policy == "thin":
        scale = np.float32(CORE_NEURONS / neurons)
        recurrent = recurrent.replace(weight=recurrent.weight * scale)
    if compensate:
        scale = compensation(placement, recurrent)[placement.population]
        recurrent = recurrent.replace(weight=recurrent.weight * scale[recurrent.post])
    return Network(
        types=types,
        type_index=placement.type_index,
        node_id=placement.node_id,
        x=placement.x,
        y=placement.y,
        z=placement.z,
        tuning_angle=placement.tuning_angle,
        recurrent=recurrent,
        lgn=InputPopulation(len(units), lgn, units),
        background=InputPopulation(1, wire_background(placement, background_nsyns)),
    )


def wire_background(placement, nsyns=None):
    """One synapse from the single background cell onto every neuron.

    Args:
        placement: Placement of N neurons.
        nsyns: Contacts of every synapse, or None for the published numbers.

    Returns:
        N Synapses in canonical order.
    """
    rules = [background_rules()[population.name] for population in populations()]
    contacts = [rule.nsyns if nsyns is None else nsyns for rule in rules]
    weight = [r.syn_weight * n for r, n in zip(rules, contacts, strict=True)]
    receptor = [receptor_of(True, p.is_excitatory) for p in populations()]
    return Synapses(
        post=np.arange(len(placement), dtype=np.int32),
        pre=np.zeros(len(placement), np.int32),
        receptor=np.array(receptor, np.uint8)[placement.population],
        weight=np.array(weight, np.float32)[placement.population],
        delay=np.full(len(placement), BACKGROUND_DELAY, np.float32),
    )


def compensation(placement, recurrent):
    """Published in-degree of the core over the in-degree found, (21,) float32.

    A population that receives no synapse keeps a factor of 1.
    """
    n_populations = len(populations())
    position = {p.name: index for index, p in enumerate(populations())}
    core = np.zeros(n_populations)
    for (_, target), count in expected_synapses("core").items():
        core[position[target]] += count.mean
    core /= [p.n_core for p in populations()]
    cells = np.bincount(placement.population, minlength=n_populations)
    per_neuron = np.bincount(recurrent.post, minlength=len(placement))
    found = np.bincount(placement.population, per_neuron, minlength=n_populations)
    scale = np.ones(n_populations)
    np.divide(core * cells, found, out=scale, where=found > 0)
    return scale.astype(np.float32)


def _check_options(seed, policy, compensate, background_nsyns):
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}.")
    if policy == "thin" and compensate:
        raise ValueError(
            "compensate=True needs policy 'crop', got 'thin', whose weights are "
            "scaled already."
        )
    if background_nsyns is not None and background_nsyns < 0:
        raise ValueError(
            f"background_nsyns must not be negative, got {background_nsyns}."
        )
