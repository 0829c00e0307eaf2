"""ColumnTrainer: what `fit` minimises and reports."""

import dataclasses
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from v1model.engine.glif3 import GLIF3State
from v1model.losses import rate_distribution_loss, response_losses
from v1model.models.batch_watch import BatchWatch
from v1model.models.column import question_of
from v1model.models.metrics import PopulationRates, QuestionMeans, ResponseAccuracy
from v1model.models.replicated import ReplicatedModel, over_replicas
from v1model.models.summary import TrialSummary, summarise, summarise_in_segments
from v1model.network.neurons import neurons_of
from v1model.network.populations import rough_index


@dataclasses.dataclass(frozen=True)
class Objective:
    """What training minimises besides the errors of the response.

    Args:
        target_rates: Sorted rates that the neurons should have, (N,), spikes/ms; None
            for no rate loss.
        rate_cost, voltage_cost: Weights of the two losses.
        voltage_penalty: See `voltage_cost`.
    """

    target_rates: np.ndarray | None = None
    rate_cost: float = 0.1
    voltage_cost: float = 1e-5
    voltage_penalty: str = "threshold"


class Outcome(NamedTuple):
    """What a batch of trials did and what it costs.

    summary: TrialSummary.  response_losses: (B,).  n_steps: B * T.  parts: loss by
    name.
    """

    summary: TrialSummary
    response_losses: tf.Tensor
    n_steps: tf.Tensor
    parts: dict


class ColumnTrainer(ReplicatedModel):
    """A ColumnModel with its objective and its numbers, for compile and fit.

    Batches are (inputs of ColumnModel, labels (B, C), chunk weights (B, C)); a label
    is the number of the right answer within the question that its trial asks.

    Reported: `loss` and its parts `response_loss`, `rate_loss`, `voltage_loss`,
    `weight_loss`; `accuracy`, `balanced_accuracy`, `chance` and `responses` of the
    response window; `rate_hz`, and `rate_hz/POPULATION` of each population; with
    `clip_norm` also `gradient_norm`. With several questions, `response_loss` and what
    the response window gives also come by question, as `accuracy/QUESTION`.

    Args:
        column: ColumnModel.
        network: Network, for the rates per population.
        objective: Objective.
        accumulate: Parts of a batch that are simulated one after the other, also in
            validation; their gradients are averaged. The rate loss then compares the
            rates of a part.
        clip_norm: Longest gradient of the whole batch, over all weights and replicas;
            a longer one is scaled down. 0 clips none.
        segment: Steps of a trial whose activity is kept for the gradient; see
            `summarise_in_segments`. 0 keeps the whole trial.
        truncate: Whether the gradient stops at the borders of segments.
        dt: Step of the column, ms.

    Attributes:
        neurons: Neurons of the network.

    Raises:
        ValueError: There are not as many target rates as neurons.
    """

    def __init__(
        self,
        column,
        network,
        objective,
        *,
        accumulate=1,
        clip_norm=0.0,
        segment=0,
        truncate=False,
        dt=1.0,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        targets = objective.target_rates
        if targets is not None and len(targets) != network.n_neurons:
            raise ValueError(
                f"{len(targets)} target rates for a column of {network.n_neurons} "
                "neurons."
            )
        self.column = column
        self.neurons = neurons_of(network)
        self.objective = objective
        self.accumulate = accumulate
        self.clip_norm = clip_norm
        self.segment = segment
        self.truncate = truncate
        names, index = rough_index(network)
        self.response = ResponseAccuracy(column.questions)
        self.response_means = QuestionMeans(column.questions, name="response_loss")
        self.rates = PopulationRates(names, index, dt)
        scalars = ["rate_loss", "voltage_loss", "weight_loss"]
        scalars += ["gradient_norm"] if clip_norm else []
        self.scalars = {name: keras.metrics.Mean(name) for name in scalars}
        self._watch = None
        self.built = True

    def watch(self):
        """The BatchWatch of the training steps; the first call has them traced anew."""
        if self._watch is None:
            self._watch = BatchWatch()
            self.train_function = None
        return self._watch

    def call(self, inputs, training=None):
        return self.column(inputs, training=training)

    def train_step(self, data):
        inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if self._watch is not None:
            self._watch.see((inputs, labels, weights))
        start = self.column.initial_state(inputs)
        whole = ({**inputs, "state": start}, labels, weights)
        gradients, states = None, []
        for part in _split(whole, self.accumulate):
            part = _after(gradients, part)
            with tf.GradientTape() as tape:
                outcome = self.outcome(*part)
                loss = self._share_of_replica(outcome) / self.accumulate
                scaled = self.optimizer.scale_loss(loss)
            found = tape.gradient(scaled, self.trainable_variables)
            gradients = found if gradients is None else _sums(gradients, found)
            states.append(outcome.summary.state)
            self._report(outcome, *part)
        self._keep(states, inputs)
        if self.clip_norm:
            gradients = self._clipped(gradients)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()

    def test_step(self, data):
        self.answers(data)
        return self.get_metrics_result()

    def answers(self, data):
        """Runs a batch of validation and reports it; logits, (B, C, K)."""
        inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        start = self.column.initial_state(inputs)
        whole = ({**inputs, "state": start}, labels, weights)
        states, logits = [], []
        for part in _split(whole, self.accumulate):
            part = _after(states, part)
            outcome = self.outcome(*part)
            states.append(outcome.summary.state)
            logits.append(outcome.summary.logits)
            self._report(outcome, *part)
        self._keep(states, inputs)
        return tf.concat(logits, 0)

    def outcome(self, inputs, labels, weights):
        """Runs a batch and weighs what came out: Outcome."""
        objective = self.objective
        penalty = objective.voltage_penalty if objective.voltage_cost else None
        if self.segment:
            summary = summarise_in_segments(
                self.column, inputs, penalty, self.segment, self.truncate
            )
        else:
            summary = summarise(self.column, inputs, penalty)
        columns = self.column.questions.columns_of(labels, question_of(inputs))
        errors = response_losses(columns, summary.logits, weights)
        parts = {"response_loss": tf.reduce_mean(errors)}
        n_steps = tf.cast(tf.size(inputs["lgn"][:, :, 0]), tf.float32)
        if objective.target_rates is not None and objective.rate_cost:
            counts = over_replicas(summary.spike_counts)
            rates = counts / over_replicas(n_steps)
            distance = rate_distribution_loss(rates, objective.target_rates)
            parts["rate_loss"] = objective.rate_cost * distance
        if objective.voltage_cost:
            cost = summary.voltage_cost / n_steps
            parts["voltage_loss"] = objective.voltage_cost * cost
        if self.losses:
            parts["weight_loss"] = tf.add_n(self.losses)
        return Outcome(summary, errors, n_steps, parts)

    def _share_of_replica(self, outcome):
        """The loss, such that the gradients of all replicas add up to the whole."""
        n_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n([*outcome.parts.values()]) / n_replicas

    def _report(self, outcome, inputs, labels, weights):
        question = question_of(inputs)
        columns = self.column.questions.columns_of(labels, question)
        self.response.update_state(columns, outcome.summary.logits, weights)
        self.response_means.update_state(outcome.response_losses, question)
        self.rates.update_state(outcome.summary.spike_counts, outcome.n_steps)
        for name, value in outcome.parts.items():
            if name in self.scalars:
                self.scalars[name].update_state(value)
        # Keras adds up what the replicas call their loss.
        loss = tf.add_n([*outcome.parts.values()])
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(labels)[0])

    def _keep(self, states, inputs):
        if self.column.carries_state:
            state = GLIF3State(
                *(tf.concat(part, 0) for part in zip(*states, strict=True))
            )
            self.column.keep_state(state, inputs)

    def _clipped(self, gradients):
        """The gradient of the whole batch, no longer than `clip_norm`.

        Keras' optimizers clip the gradient of each replica, before they add them up.
        """
        scale = tf.cast(self.optimizer.scale_loss(1.0), tf.float32)
        total = [over_replicas(gradient) / scale for gradient in gradients]
        total, norm = tf.clip_by_global_norm(total, self.clip_norm)
        self.scalars["gradient_norm"].update_state(norm)
        n_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return [gradient * (scale / n_replicas) for gradient in total]


def _split(batch, n_parts):
    """Nested tensors of B trials as n parts of B / n trials."""
    if n_parts == 1:
        return [batch]
    flat = [tf.split(tensor, n_parts) for tensor in tf.nest.flatten(batch)]
    return [
        tf.nest.pack_sequence_as(batch, [pieces[k] for pieces in flat])
        for k in range(n_parts)
    ]


def _after(done, batch):
    """The same batch, but not before `done` is computed.

    A graph would make the input currents of all parts at once.
    """
    if not done:
        return batch
    with tf.control_dependencies(tf.nest.flatten(done)):
        return tf.nest.map_structure(tf.identity, batch)


def _sums(first, second):
    return [a + b for a, b in zip(first, second, strict=True)]
