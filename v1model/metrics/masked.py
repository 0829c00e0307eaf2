"""Counts, rates and masks of the same bins, as the metrics of predictions take them."""

import numpy as np

LOWEST_RATE = 1e-8  # spikes per bin; a rate below it counts as this one


def masked_pair(counts, rates, mask=None):
    """Counts and rates with 0 where they do not count, and the mask, (T, N) each.

    Args:
        counts: (T, N), or (T,) of one neuron.
        rates: Same shape, spikes per bin; anything where the mask is False.
        mask: Which bins count: broadcasts to (T, N), as (T, 1), or (T,) for all
            neurons. None takes all.

    Raises:
        ValueError: Shapes differ, or what counts is negative or not finite.
    """
    counts, rates = (
        values[:, None] if values.ndim == 1 else values
        for values in (np.asarray(counts), np.asarray(rates))
    )
    if counts.ndim != 2 or counts.shape != rates.shape:
        raise ValueError(
            f"counts {counts.shape} and rates {rates.shape} must both be (T, N)."
        )
    mask = np.asarray(True if mask is None else mask, bool)
    if mask.ndim == 1:
        mask = mask[:, None]
    try:
        mask = np.broadcast_to(mask, counts.shape)
    except ValueError:
        raise ValueError(
            f"mask {mask.shape} must broadcast to counts {counts.shape}."
        ) from None
    counts, rates = (np.where(mask, values, 0) for values in (counts, rates))
    for name, values in (("counts", counts), ("rates", rates)):
        if not (values >= 0).all():  # NaN, too
            wrong = values[~(values >= 0)][0]
            raise ValueError(f"{name} must be numbers from 0 on, got {wrong}.")
    return counts, rates, mask
