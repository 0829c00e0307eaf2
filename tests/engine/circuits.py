"""Networks made by hand, and networks that hypothesis draws."""

import dataclasses

import numpy as np

from tests.networks import small_network
from v1model.network.data import CellTypes, InputPopulation, Network, Synapses


def synapses(rows=()):
    """Synapses from rows (post, pre, receptor, weight pA, delay ms), sorted."""
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    return Synapses(*(np.array(column) for column in columns)).sorted()


def circuit(n, rows=(), **parameters):
    """n excitatory cells of one type; after-spike currents are off by default.

    Args:
        n: Number of cells.
        rows: Of `synapses`.
        **parameters: Columns of CellTypes that differ from the default.
    """
    cell = {
        "V_th": -45.0,
        "E_L": -75.0,
        "V_reset": -65.0,
        "g": 5.0,
        "C_m": 100.0,
        "t_ref": 3.0,
        "asc_amps": (0.0, 0.0),
        "k": (0.003, 0.1),
        "tau_syn": (5.5, 8.5, 2.8, 5.8),
    }
    cell.update(parameters)
    types = CellTypes(
        node_type_id=np.array([1]),
        pop_name=np.array(["e4Rorb"]),
        **{name: np.array([value], float) for name, value in cell.items()},
    )
    no_inputs = InputPopulation(1, synapses())
    return Network(
        types=types,
        type_index=np.zeros(n, np.int32),
        node_id=np.arange(n),
        x=np.zeros(n),
        y=np.full(n, 300.0),
        z=np.zeros(n),
        tuning_angle=np.zeros(n),
        recurrent=synapses(rows),
        lgn=no_inputs,
        background=no_inputs,
    )


def calm_network(seed, n=300):
    """`small_network` with weights and after-spike currents of a healthy column."""
    network = small_network(n, seed=seed)
    asc_amps = 0.3 * np.minimum(network.types.asc_amps, 30)
    weights = 0.1 * network.recurrent.weight
    return dataclasses.replace(
        network,
        types=dataclasses.replace(network.types, asc_amps=asc_amps),
        recurrent=network.recurrent.replace(weight=weights),
    )


def random_circuit(n, n_synapses, longest_delay, rng):
    """n cells of `small_network` with random synapses that are strong enough to matter.

    A pair may have several synapses and a neuron may excite itself; some delays are
    shorter than a step.
    """
    network = small_network(max(n, 2), seed=int(rng.integers(1000)))
    rows = zip(
        rng.integers(0, max(n, 2), n_synapses),
        rng.integers(0, max(n, 2), n_synapses),
        rng.integers(0, 4, n_synapses),
        rng.normal(0, 300, n_synapses),
        rng.uniform(0.2, longest_delay, n_synapses),
        strict=True,
    )
    asc_amps = 0.3 * network.types.asc_amps
    return dataclasses.replace(
        network,
        types=dataclasses.replace(network.types, asc_amps=asc_amps),
        recurrent=synapses(list(rows)),
    )


def sparse_input(n_trials, n_steps, n_targets, rng, size=10.0):
    """Excitatory input that makes a `calm_network` fire at 5 to 10 Hz.

    Returns:
        (B, T, N * R) float32.
    """
    shape = (n_trials, n_steps, n_targets)
    x = (rng.random(shape) < 0.03) * rng.random(shape) * size
    x[..., 1::2] = 0  # receptors 1 and 3 are inhibitory
    return x.astype(np.float32)
