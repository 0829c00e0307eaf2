"""Which neurons are observed when, and where the rollouts of a batch begin.

Time is counted in steps of the recording, whatever part of it is read: neuron n is
observed in the steps t with (t - phase[n]) mod time_units = 0.
"""

import numpy as np


def phases_of(acquisition, time_units, n_neurons):
    """When each neuron is observed, (N,) int32 below time_units; None for always.

    Args:
        acquisition: Acquisition of the configuration.
        time_units: Steps between two observations of a neuron.
        n_neurons: N.
    """
    return _PHASES[acquisition.mode](acquisition.seed, time_units, n_neurons)


def _staggered(seed, time_units, n_neurons):
    rng = np.random.default_rng(seed)
    return rng.integers(0, time_units, n_neurons, dtype=np.int32)


_PHASES = {
    "all_time_points": lambda seed, time_units, n_neurons: None,
    "time_aligned": lambda seed, time_units, n_neurons: np.zeros(n_neurons, np.int32),
    "staggered_random": _staggered,
}


def observed(phases, time_units, steps):
    """Whether each neuron is observed.

    Args:
        phases: (N,), or None for always.
        time_units: Steps between two observations.
        steps: Steps of the recording, any shape (...).

    Returns:
        (..., N) bool, or (..., 1) if phases is None.
    """
    steps = np.asarray(steps)[..., None]
    if phases is None:
        return np.ones(steps.shape, bool)
    return (steps - phases) % time_units == 0


def draw_starts(
    rng, n_rows, time_units, multiples, n_steps, batch_size, mode, origin=0
):
    """Rows of a chunk at which rollouts begin.

    Each possible row comes equally often, plus or minus one: rows are drawn without
    replacement until none is left, then again from all. With time_aligned these are the
    observed rows. With all others it is any row: staggered rollouts begin with
    interpolated activity.

    Args:
        rng: Generator.
        n_rows: C, rows of the chunk.
        time_units, multiples: A rollout takes time_units * multiples steps.
        n_steps: How many batches.
        batch_size: B.
        mode: Of the acquisition.
        origin: Step of the recording at which the chunk begins, modulo time_units.

    Returns:
        (n_steps, B) int32; start + time_units * multiples is a row of the chunk.

    Raises:
        ValueError: The chunk is too short.
    """
    total = time_units * multiples
    first, stride = 0, 1
    if mode == "time_aligned":
        first, stride = -origin % time_units, time_units
    n_possible = max(n_rows - total - first, 0) // stride
    if not n_possible:
        raise ValueError(
            f"a chunk of {n_rows} rows is too short: rollouts of {multiples} x "
            f"time_units {time_units} steps with {mode} need at least "
            f"{total + first + stride}."
        )
    n_drawn = n_steps * batch_size
    rounds = -(-n_drawn // n_possible)
    order = np.tile(np.arange(n_possible, dtype=np.int32), (rounds, 1))
    order = rng.permuted(order, axis=1).ravel()[:n_drawn]
    return (first + stride * order).reshape(n_steps, batch_size)
