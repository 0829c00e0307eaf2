"""Objective: what training makes small, the same number on any number of devices."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.cnn.losses import (
    Moments,
    correlation_loss,
    correlation_moments,
    poisson_terms,
    rate_weights,
)
from v1model.cnn.penalties import Penalties

POISSON, CORRELATION = "poisson", "correlation"


class Trained(NamedTuple):
    """What the objective has to know of a recording.

    mean_counts: (N,) mean spikes per bin of the part for training.
    valid_share: (N,) share of that part's bins in which the neuron is valid.
    weight: Of the recording, w_d.
    """

    mean_counts: np.ndarray
    valid_share: np.ndarray
    weight: float


def trained_on(recording, weight):
    """The Trained of a recording.

    Args:
        recording: RecordingData.
        weight: w_d.
    """
    trials = recording.trials_of("train")
    pairs = zip(trials["start"], trials["stop"], strict=True)
    valid = np.concatenate([recording.valid[start:stop] for start, stop in pairs])
    return Trained(recording.mean_counts("train"), valid.mean(axis=0), weight)


class Objective:
    """Poisson loss of all recordings, correlation loss, and penalties.

        L = sum_d w_d L_d / sum_d w_d + penalties
        L_d = sum_btn m a_n (r - y log r) / sum_btn m

    Sums go over the batch of all replicas: each one returns its share of the loss, and
    the shares add up to what one replica would have with the whole batch.

    Args:
        model: ReadoutModel.
        config: ReadoutConfig.
        recordings: Trained by name of the recording.

    Attributes:
        names: Names of the terms, in order.
        neuron_weights: a_n, (N,) float32 by name of the recording.

    Raises:
        ValueError: A penalty has nothing to act on.
    """

    def __init__(self, model, config, recordings):
        self.model, self.loss = model, config.loss
        min_counts = config.loss.min_rate_hz / model.sampling_rate
        self.neuron_weights = {}
        for name, one in recordings.items():
            self.neuron_weights[name] = rate_weights(
                one.mean_counts,
                config.loss.rate_weight_alpha,
                min_counts,
                one.valid_share if config.loss.weight_by_valid else None,
            )
        self.mean_counts = {
            name: np.asarray(one.mean_counts, np.float32)
            for name, one in recordings.items()
        }
        total = sum(one.weight for one in recordings.values())
        self.shares = {name: one.weight / total for name, one in recordings.items()}
        self.penalties = Penalties(model, config.regularization)
        first = [POISSON, CORRELATION] if config.loss.correlation_weight else [POISSON]
        self.names = (*first, *self.penalties.names)

    def losses(self, batch, training, epoch, context=None):
        """This replica's share of the loss, by term.

        Args:
            batch: By name of the recording a dict with movie (B, T, H, W, C), counts
                and mask (B, S, N), and behavior (B, T, V) where the model reads it.
            training: Whether layers behave as in training.
            epoch: Epochs that are done, a scalar: penalties may grow with it.
            context: ReplicaContext, of several replicas; None for one.

        Returns:
            Weighted scalars by name, whose sum is the share of the loss.
        """
        inputs = {
            name: {key: one[key] for key in ("movie", "behavior") if key in one}
            for name, one in batch.items()
        }
        rates = self.model(inputs, training=training)
        found = dict.fromkeys(self.names, 0.0)
        summed = _summed_over(context)
        for name, one in batch.items():
            data = one["counts"], rates[name], one["mask"]
            terms = poisson_terms(*data, self.neuron_weights[name])
            terms = terms._replace(denominator=summed(terms.denominator))
            found[POISSON] += self.shares[name] * terms.mean()
            if self.loss.correlation_weight:
                weight = self.loss.correlation_weight * self.shares[name]
                found[CORRELATION] += weight * self._correlation(name, data, summed)
        n = 1 if context is None else context.num_replicas_in_sync
        if CORRELATION in found:  # each replica has that of the whole batch
            found[CORRELATION] /= n
        for name, value in self.penalties(epoch).items():
            found[name] = tf.cast(value, tf.float32) / n
        return found

    def _correlation(self, name, data, summed):
        means = self.mean_counts[name]
        counts, rates, mask = data
        moments = correlation_moments(counts, rates, means, mask)
        moments = Moments(*(summed(one) for one in moments))
        terms = correlation_loss(moments, means, self.loss.correlation_min_spikes)
        return terms.mean()


def _summed_over(context):
    """Function that sums tensors over the replicas."""
    if context is None:
        return tf.identity

    def summed(value):
        return context.all_reduce(tf.distribute.ReduceOp.SUM, value)

    return summed
