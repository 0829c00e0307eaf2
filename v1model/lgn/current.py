"""Firing rates to what the column receives: currents, or spikes."""

import numpy as np

# Current per unit of spike probability, no unit (Chen et al. 2022).
CURRENT_PER_PROBABILITY = 1.3


def spike_probability(rates, dt_ms=1.0):
    """Probability of at least one spike of a Poisson train in `dt_ms`.

    Args:
        rates: Hz, any shape.
        dt_ms: Width of a time step.

    Returns:
        float32 array of the same shape.
    """
    return -np.expm1(np.asarray(rates, np.float32) * np.float32(-dt_ms / 1000))


def current_from_rates(rates, dt_ms=1.0):
    """Deterministic input of the published column: the scaled spike probability.

        current = 1.3 (1 - exp(-rate dt / 1000))

    Args:
        rates: Hz, any shape.
        dt_ms: Width of a time step.

    Returns:
        float32 array of the same shape; multiplies the weights of the synapses.
    """
    return np.float32(CURRENT_PER_PROBABILITY) * spike_probability(rates, dt_ms)


def rates_from_current(current, dt_ms=1.0):
    """The rates that give a current, the inverse of `current_from_rates`.

    Args:
        current: In [0, 1.3), any shape.
        dt_ms: Width of a time step.

    Returns:
        Hz, array of the same shape.
    """
    return np.log1p(np.asarray(current) / -CURRENT_PER_PROBABILITY) * (-1000 / dt_ms)


def spikes_from_rates(rates, rng, dt_ms=1.0):
    """Independent spikes with the probability of a Poisson train.

    Both the probability and the random number have at least the 24 bits of float32:
    half precision would turn a rate of 1 Hz into 2 Hz.

    Args:
        rates: Hz, any shape.
        rng: `numpy.random.Generator`.
        dt_ms: Width of a time step.

    Returns:
        float32 array of zeros and ones of the same shape.
    """
    probability = spike_probability(rates, dt_ms)
    draw = rng.random(probability.shape, dtype=np.float32)
    return (draw < probability).astype(np.float32)
