"""Numbers that describe which stimuli a neuron prefers."""

import numpy as np


def osi(rates, directions):
    """Orientation selectivity |sum r exp(2 i a)| / sum r over directions a.

    0 for a cell that does not care, 1 for a cell that answers to one orientation
    only. The definition of the Allen Institute's drifting-grating analysis.

    Args:
        rates: Mean responses, (..., K), not negative.
        directions: Evenly spaced over the circle, (K,), degrees.

    Returns:
        (...) in [0, 1]; NaN for a cell that never fired.

    Raises:
        ValueError: Lengths differ, a rate is negative, or the directions are not
            evenly spaced.
    """
    return _selectivity(rates, directions, harmonic=2)


def dsi(rates, directions):
    """Direction selectivity |sum r exp(i a)| / sum r; see `osi`."""
    return _selectivity(rates, directions, harmonic=1)


def _selectivity(rates, directions, harmonic):
    rates = np.asarray(rates, np.float64)
    directions = np.asarray(directions, np.float64)
    if directions.ndim != 1 or rates.shape[-1:] != directions.shape:
        raise ValueError(
            f"rates {rates.shape} need one direction per column, "
            f"got {directions.shape}."
        )
    if (rates < 0).any():
        raise ValueError(f"rates must not be negative, got {rates.min()}.")
    phase = np.exp(1j * harmonic * np.deg2rad(directions))
    if abs(phase.mean()) > 1e-6:
        raise ValueError(
            "directions must be evenly spaced over the circle, "
            f"got {directions.tolist()}."
        )
    total = rates.sum(axis=-1)
    is_silent = total == 0
    index = np.abs(rates @ phase) / np.where(is_silent, 1, total)
    return np.where(is_silent, np.nan, np.minimum(index, 1.0))


def lifetime_sparseness(rates):
    """Sparseness over stimuli, (1 - mean(r)^2 / mean(r^2)) / (1 - 1 / K).

    0 for a cell that answers to all alike, 1 for one that answers to a single one
    (Vinje & Gallant, Science 2000). Noise of the rates makes it larger.

    Args:
        rates: Mean responses, (..., K), not negative.

    Returns:
        (...) in [0, 1]; NaN for a cell that never fired, or where a rate is NaN.

    Raises:
        ValueError: A rate is negative, or there are fewer than two stimuli.
    """
    rates = _rates_of_stimuli(rates)
    square = (rates**2).mean(axis=-1)
    is_known = square > 0
    evenness = rates.mean(axis=-1) ** 2 / np.where(is_known, square, 1)
    sparseness = (1 - evenness) / (1 - 1 / rates.shape[-1])
    return np.where(is_known, np.clip(sparseness, 0, 1), np.nan)


def class_selectivity(rates):
    """(best - others) / (best + others): the best response and the mean of the others.

    0 for a cell that answers to all alike, 1 for one that answers to a single one
    (Morcos et al., ICLR 2018). Arguments, result and errors are those of
    `lifetime_sparseness`.
    """
    rates = _rates_of_stimuli(rates)
    best = rates.max(axis=-1)
    others = (rates.sum(axis=-1) - best) / (rates.shape[-1] - 1)
    is_known = best > 0
    index = (best - others) / np.where(is_known, best + others, 1)
    return np.where(is_known, np.clip(index, 0, 1), np.nan)


def _rates_of_stimuli(rates):
    rates = np.asarray(rates, np.float64)
    if rates.ndim < 1 or rates.shape[-1] < 2:
        raise ValueError(f"rates {rates.shape} need at least two stimuli.")
    if (rates < 0).any():
        raise ValueError(f"rates must not be negative, got {np.nanmin(rates)}.")
    return rates
