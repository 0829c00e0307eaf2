"""Losses of rates against counts, as sums that devices can add.

Rates and counts are spikes per bin, (B, T, N). A mask may be (B, T, N), (B, T, 1) or
(B, T): it is brought to (B, T, N) first, so that a sum over it always counts bins of
neurons. What counts say where the mask is 0, NaN too, changes nothing.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Terms(NamedTuple):
    """A mean in two parts: each is summed over devices, then they are divided."""

    numerator: tf.Tensor
    denominator: tf.Tensor

    def mean(self):
        """Numerator over denominator; 0 of nothing."""
        return tf.math.divide_no_nan(self.numerator, self.denominator)


def full_mask(mask, counts):
    """The mask as (B, T, N) float32; None is all of it."""
    if mask is None:
        return tf.ones_like(counts, tf.float32)
    mask = tf.cast(mask, tf.float32)
    if mask.shape.rank == 2:
        mask = mask[..., None]
    return tf.broadcast_to(mask, tf.shape(counts))


def poisson_terms(counts, rates, mask=None, neuron_weights=None):
    """Poisson's negative log likelihood, without what does not depend on rates.

        sum m a (r - y log r)   over   sum m

    Args:
        counts: y, (B, T, N).
        rates: r, (B, T, N), above 0.
        mask: See above.
        neuron_weights: a, (N,); None is 1.

    Returns:
        Terms of scalars.
    """
    mask = full_mask(mask, counts)
    counts = tf.where(mask > 0, tf.cast(counts, tf.float32), 0.0)
    costs = mask * (rates - counts * tf.math.log(rates))
    if neuron_weights is not None:
        costs *= neuron_weights
    return Terms(tf.reduce_sum(costs), tf.reduce_sum(mask))


def rate_weights(mean_counts, alpha, min_counts, valid_share=None):
    """Weights of neurons in the loss, with mean 1.

        a_n = max(mean_n, min)^-alpha / mean over n of the same

    With alpha = 1 and no mean below the minimum, the loss of a batch whose means these
    are is a constant minus a multiple of the mean over neurons of bits per spike.

    Args:
        mean_counts: (N,), spikes per bin in valid bins of the trials for training.
        alpha: 0 is none, 1 is all.
        min_counts: Means below count as this one, spikes per bin.
        valid_share: (N,), share of a neuron's bins that is valid: the weight is divided
            by it, so that neurons count alike however much of them is valid. None does
            not.

    Returns:
        (N,) float32; 0 for a neuron that is never valid.
    """
    mean_counts = np.nan_to_num(np.asarray(mean_counts, np.float64))
    weights = np.maximum(mean_counts, min_counts) ** -float(alpha)
    weights /= weights.mean()
    if valid_share is not None:
        share = np.asarray(valid_share, np.float64)
        inverse = np.where(share > 0, share.mean() / np.where(share > 0, share, 1), 0)
        weights = weights * inverse
    return weights.astype(np.float32)
