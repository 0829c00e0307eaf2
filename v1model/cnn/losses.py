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


class Moments(NamedTuple):
    """Sums over bins of each neuron, (N,), that a correlation is made of.

    Counts and rates are taken from the neuron's mean count, without which float32 would
    lose a small variance beside a large mean.
    """

    bins: tf.Tensor
    spikes: tf.Tensor
    counts: tf.Tensor
    rates: tf.Tensor
    counts_squared: tf.Tensor
    rates_squared: tf.Tensor
    products: tf.Tensor


def correlation_moments(counts, rates, mean_counts, mask=None):
    """What a correlation over the batch is made of; devices' moments are added.

    Args:
        counts: (B, T, N).
        rates: (B, T, N).
        mean_counts: (N,), spikes per bin in training.
        mask: See above.

    Returns:
        Moments.
    """
    mask = full_mask(mask, counts)
    counts = tf.where(mask > 0, tf.cast(counts, tf.float32), 0.0)
    mean_counts = tf.cast(mean_counts, tf.float32)
    y, r = counts - mean_counts, rates - mean_counts
    parts = (tf.ones_like(y), counts, y, r, y * y, r * r, y * r)
    return Moments(*(tf.reduce_sum(mask * part, (0, 1)) for part in parts))


def correlation_loss(moments, mean_counts, min_spikes):
    """1 - the mean over neurons of the correlation of counts and rates.

        rho_n = cov / sqrt((var_y + e_n) (var_r + e_n)),   e_n = 1e-3 mean count

    It does not depend on the scale of rates, so it does not set their gain.

    Args:
        moments: Moments of the whole batch.
        mean_counts: (N,), spikes per bin in training.
        min_spikes: Neurons with fewer spikes in the batch are left out.

    Returns:
        Terms of scalars: the sum of 1 - rho_n, and how many neurons.
    """
    n = tf.maximum(moments.bins, 1)
    y, r = moments.counts / n, moments.rates / n
    guard = 1e-3 * tf.maximum(tf.cast(mean_counts, tf.float32), 1e-6)
    variances = (
        tf.nn.relu(moments.counts_squared / n - y * y) + guard,
        tf.nn.relu(moments.rates_squared / n - r * r) + guard,
    )
    correlation = (moments.products / n - y * r) / tf.sqrt(variances[0] * variances[1])
    counts = tf.cast(moments.spikes >= min_spikes, tf.float32)
    return Terms(tf.reduce_sum(counts * (1 - correlation)), tf.reduce_sum(counts))
