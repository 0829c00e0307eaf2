"""ColumnTrainer: what `fit` minimises and reports."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from v1model.losses import rate_distribution_loss, response_loss, voltage_loss
from v1model.models.metrics import PopulationRates, ResponseAccuracy
from v1model.network.populations import rough_index


@dataclasses.dataclass(frozen=True)
class Objective:
    """What training minimises besides the errors of the response.

    Args:
        target_rates: Sorted rates that the neurons should have, (N,), spikes/ms; None
            for no rate loss.
        rate_cost, voltage_cost: Weights of the two losses.
        voltage_penalty: See `voltage_loss`.
    """

    target_rates: np.ndarray | None = None
    rate_cost: float = 0.1
    voltage_cost: float = 1e-5
    voltage_penalty: str = "threshold"


class ColumnTrainer(keras.Model):
    """A ColumnModel with its objective and its numbers, for compile and fit.

    Batches are (inputs of ColumnModel, labels (B, C), chunk weights (B, C)).

    Reported: `loss` and its parts `response_loss`, `rate_loss`, `voltage_loss`,
    `weight_loss`; `accuracy`, `balanced_accuracy`, `chance` and `responses` of the
    response window; `rate_hz`, and `rate_hz/POPULATION` of each population.

    Args:
        column: ColumnModel.
        network: Network, for the rates per population.
        n_classes: K.
        objective: Objective.
        dt: Step of the column, ms.
    """

    def __init__(self, column, network, n_classes, objective, dt=1.0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        targets = objective.target_rates
        if targets is not None and len(targets) != network.n_neurons:
            raise ValueError(
                f"{len(targets)} target rates for a column of {network.n_neurons} "
                "neurons."
            )
        self.column = column
        self.objective = objective
        names, index = rough_index(network)
        self.response = ResponseAccuracy(n_classes)
        self.rates = PopulationRates(names, index, dt)
        self.parts = {
            name: keras.metrics.Mean(name)
            for name in ("response_loss", "rate_loss", "voltage_loss", "weight_loss")
        }
        self.built = True

    def call(self, inputs, training=None):
        return self.column(inputs, training=training)

    def losses_of(self, labels, output, weights):
        """The parts of the loss, by name."""
        objective = self.objective
        parts = {"response_loss": response_loss(labels, output.logits, weights)}
        if objective.target_rates is not None and objective.rate_cost:
            rates = _mean_rates(tf.cast(output.spikes, tf.float32))
            distance = rate_distribution_loss(rates, objective.target_rates)
            parts["rate_loss"] = objective.rate_cost * distance
        if objective.voltage_cost:
            v = self.column.rsnn.cell.to_scaled(output.voltages)
            penalty = voltage_loss(v, objective.voltage_penalty)
            parts["voltage_loss"] = objective.voltage_cost * penalty
        if self.losses:
            parts["weight_loss"] = tf.add_n(self.losses)
        return parts

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        del training
        parts = self.losses_of(y, y_pred, sample_weight)
        for name, value in parts.items():
            self.parts[name].update_state(value)
        # Keras adds up the gradients of all replicas, and their losses in the logs.
        n_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n(list(parts.values())) / n_replicas

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        self.response.update_state(y, y_pred.logits, sample_weight)
        self.rates.update_state(y_pred.spikes)
        if self.column.carries_state:
            self.column.keep_state(y_pred.state)
        return self.get_metrics_result()


def _mean_rates(spikes):
    """Spikes per step of each neuron over the global batch, however it is split, (N,).

    Whole numbers are summed first, exactly: neurons that fired alike keep equal rates,
    and so their order in the sorted list.
    """
    counts = tf.reduce_sum(spikes, (0, 1))
    n_steps = tf.cast(tf.size(spikes[:, :, 0]), spikes.dtype)
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        counts = context.all_reduce(tf.distribute.ReduceOp.SUM, counts)
        n_steps *= context.num_replicas_in_sync
    return counts / n_steps
