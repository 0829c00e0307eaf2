"""Losses and weight regularisers of the column, one definition each.

Losses are means over trials and steps, so they depend neither on the batch size nor
on how a batch is split over replicas. The sums over neurons are those of Chen, Scherr
& Maass (2022): the published costs keep their meaning.
"""

import keras
import tensorflow as tf

HUBER_KAPPA = 0.002  # spikes/ms, Chen et al. 2022
VOLTAGE_PENALTIES = ("threshold", "range")


def response_losses(labels, logits, weights):
    """Weighted cross-entropy of each trial.

    Args:
        labels: (B, C) int.
        logits: (B, C, K).
        weights: Weight of each chunk, (B, C).

    Returns:
        sum_c w_c CE_c / sum_c w_c, (B,).
    """
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    weights = tf.cast(weights, entropy.dtype)
    per_trial = tf.reduce_sum(entropy * weights, 1)
    return tf.math.divide_no_nan(per_trial, tf.reduce_sum(weights, 1))


def huber_quantile(error, quantile, kappa=HUBER_KAPPA):
    """Quantile loss, quadratic within kappa (Dabney et al. 2018).

    Args:
        error: Rate minus target, any shape.
        quantile: Same shape, in (0, 1].
        kappa: Width of the quadratic part.
    """
    size = tf.abs(error)
    asymmetry = tf.abs(quantile - tf.cast(error <= 0, error.dtype))
    quadratic = asymmetry / (2 * kappa) * tf.square(error)
    linear = asymmetry * (size - 0.5 * kappa)
    return tf.where(size <= kappa, quadratic, linear)


@tf.custom_gradient
def sort_evenly(values):
    """Sorts (N,); equal values share their gradients evenly.

    Silent neurons are all equal. The order in which they happen to lie in the file
    must not decide which of them are pushed to a higher rate than the others.
    """
    order = tf.argsort(values, stable=True)
    result = tf.gather(values, order)
    is_new = tf.concat(([False], result[1:] != result[:-1]), 0)
    group = tf.cumsum(tf.cast(is_new, tf.int32))

    def gradient(upstream):
        shared = tf.gather(tf.math.segment_mean(upstream, group), group)
        return tf.scatter_nd(order[:, None], shared, tf.shape(values))

    return result, gradient


def rate_distribution_loss(rates, target_rates):
    """Distance of the sorted rates from the sorted target rates.

    The i-th smallest rate is compared with the i-th smallest target at quantile
    (i + 1) / N; the sum over neurons is returned, as published.

    Args:
        rates: Mean spikes per step of each neuron over trials and time, (N,).
        target_rates: Sorted, spikes/ms, (N,).
    """
    n = target_rates.shape[0]
    quantile = (tf.range(n, dtype=rates.dtype) + 1) / n
    return tf.reduce_sum(huber_quantile(sort_evenly(rates) - target_rates, quantile))


def voltage_cost(v, penalty="threshold"):
    """Penalty on scaled voltages, summed over neurons.

    "threshold": (v - 1)^2, what the published trainer really computed (its
        relu(v - 1)^2 + relu(1 - v)^2); it pulls every voltage towards threshold.
    "range": relu(v - 1)^2 + relu(-v - 1)^2, what the published class says: no penalty
        within one threshold distance of rest.

    Args:
        v: Scaled so that E_L = 0 and V_th = 1, (B, T, N).
        penalty: One of VOLTAGE_PENALTIES.

    Returns:
        (B, T) float32.
    """
    v = tf.cast(v, tf.float32)
    if penalty == "threshold":
        cost = tf.square(v - 1)
    elif penalty == "range":
        cost = tf.square(tf.nn.relu(v - 1)) + tf.square(tf.nn.relu(-v - 1))
    else:
        raise ValueError(
            f"unknown voltage penalty {penalty!r}, choose from {VOLTAGE_PENALTIES}."
        )
    return tf.reduce_sum(cost, -1)


@keras.saving.register_keras_serializable("v1model")
class StiffRegularizer(keras.regularizers.Regularizer):
    """strength * sum (w - w_0)^2: keeps weights near their initial values.

    Args:
        strength: Cost of a squared unit.
        initial_value: w_0, (S,); None stands for values that are loaded later.
    """

    def __init__(self, strength, initial_value=None):
        self.strength = strength
        self.initial_value = initial_value

    def __call__(self, weights):
        if self.initial_value is None:
            raise ValueError("StiffRegularizer has no initial weights to compare with.")
        distance = tf.convert_to_tensor(weights) - self.initial_value
        return self.strength * tf.reduce_sum(tf.square(distance))

    def get_config(self):
        """Without w_0, which belongs to the network and not to the config."""
        return {"strength": self.strength}


@keras.saving.register_keras_serializable("v1model")
class L2Regularizer(keras.regularizers.Regularizer):
    """strength * sum w^2 / 2, as published."""

    def __init__(self, strength):
        self.strength = strength

    def __call__(self, weights):
        return self.strength * tf.nn.l2_loss(tf.convert_to_tensor(weights))

    def get_config(self):
        return {"strength": self.strength}
