"""What a model subtracts from activity, and what it divides by."""

import numpy as np

from v1model.latent.acquisition import observed

ROWS = 8192  # read together
_SILENT = 1e-3  # spread of a neuron, in that of all, below which it is silent


def normalization_of(kind, source, start, stop, phases, time_units):
    """Mean and scale of each neuron, (N,) float32 each, for `set_normalization`.

    Only what is observed counts.

    Args:
        kind: none: 0 and 1; global: the mean, and one scale for all; neuron: the mean
            and the standard deviation; of a silent neuron the scale of all, since it
            may be as active as the others later.
        source: ActivitySource.
        start, stop: Steps that are trained on.
        phases: (N,), or None; see `acquisition.phases_of`.
        time_units: Steps between two observations.
    """
    if kind == "none":
        return np.zeros(source.n_neurons, "f4"), np.ones(source.n_neurons, "f4")
    mean, variance = moments(source, start, stop, phases, time_units)
    overall = np.sqrt(variance.mean()) or 1.0
    scale = np.full(source.n_neurons, overall)
    if kind == "neuron":
        spread = np.sqrt(variance)
        scale = np.where(spread > _SILENT * overall, spread, overall)
    return mean.astype("f4"), scale.astype("f4")


def moments(source, start, stop, phases, time_units):
    """Mean and variance of what is observed of each neuron, (N,) float64 each.

    Neurons that are never observed have mean 0 and variance 0.
    """
    count, mean, squares = (np.zeros(source.n_neurons) for _ in range(3))
    for first in range(start, stop, ROWS):
        rows = source.read(first, min(first + ROWS, stop))
        counts = observed(phases, time_units, np.arange(first, first + len(rows[0])))
        if rows.valid is not None:
            counts = counts & rows.valid
        n = np.broadcast_to(counts, rows.activity.shape).sum(0)
        total = count + n
        some = np.maximum(n, 1)
        values = rows.activity.astype(np.float64)
        own = np.where(counts, values, 0).sum(0) / some
        deviation = np.where(counts, values - own, 0)
        # Chan et al.: moments of a whole from those of its parts, without cancelling.
        away = own - mean
        squares += (deviation**2).sum(0) + away**2 * count * n / np.maximum(total, 1)
        mean += away * n / np.maximum(total, 1)
        count = total
    return mean, squares / np.maximum(count, 1)
