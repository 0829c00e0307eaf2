"""The phases of a training, one after the other, and what each of them trains.

stimulus_ae    the stimulus encoder, as half of an autoencoder; then it is kept
recon_warmup   encoder and decoder alone, while the evolver is kept as it is
joint          all together, by rollouts that may grow from epoch to epoch
"""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from v1model.latent.mlp import network
from v1model.latent.updates import learning_rate_for, optimizer_for

JOINT = "joint"
JOINT_LOSSES = ("recon", "evolve", "tv_loss", "consistency", "aug_loss", "reg")
RECON_LOSSES = ("recon", "reg")
_DECODER_SEED = 4  # of the stimulus; the model's own parts have 0 to 3


@dataclasses.dataclass
class Phase:
    """One phase.

    name: Of the phase, in tables.
    tag: Of its losses in TensorBoard, in front of their names.
    epochs, steps_per_epoch, batch_size: Its length, and starts per update and replica.
    losses: Names of the losses.
    loss_of: Function of chunk, starts (B,), multiples and seed (2,) to losses by name.
    variables: Keras variables that it trains.
    extra: Variables that it trains and the model does not have.
    optimizer: Keras optimizer, built.
    multiples_at: Function of the epoch, from 0: length of the rollouts in time_units.
    rollout_multiples: The longest; a chunk needs room for it.
    mode: Of the acquisition, which decides where rollouts may begin.
    clip: Longest gradient; 0 is any.
    """

    name: str
    tag: str
    epochs: int
    steps_per_epoch: int
    batch_size: int
    losses: tuple[str, ...]
    loss_of: Callable
    variables: list
    extra: list
    optimizer: keras.optimizers.Optimizer
    multiples_at: Callable
    rollout_multiples: int
    mode: str
    clip: float = 0.0

    def learning_rate(self):
        """Of the next update."""
        return float(tf.convert_to_tensor(self.optimizer.learning_rate))

    @property
    def training_variables(self):
        """What a checkpoint needs besides the model."""
        return [*self.extra, *self.optimizer.variables]


def multiples_at(training, epoch):
    """Length of the rollouts of a joint epoch, from 0, in time_units.

    It grows by one, from 1, in rollout_curriculum_epochs.
    """
    longest, grown = training.evolve_multiple_steps, training.rollout_curriculum_epochs
    return longest if epoch >= grown else 1 + epoch * longest // grown


def steps_per_epoch(training, n_rows, batch_size, n_replicas=1):
    """Updates of an epoch: steps_per_epoch, or passes through the rows."""
    if training.steps_per_epoch:
        return training.steps_per_epoch
    passes = training.data_passes_per_epoch
    return max(n_rows * passes // (batch_size * n_replicas), 1)


def training_phases(model, objective, n_rows, n_replicas=1):
    """The phases that the options ask for, each as a function that makes its Phase.

    A Phase has variables of its own: make it where it begins, and in the scope of the
    strategy.

    Args:
        model: LatentModel.
        objective: Objective.
        n_rows: Rows that are trained on.
        n_replicas: R.

    Returns:
        Functions without arguments, in order.
    """
    training = model.params.training
    phases = []
    if training.pretrain_stimulus_ae and model.stimulus_encoder is not None:
        phases.append(lambda: _stimulus_ae(model, n_rows, n_replicas))
    n_steps = steps_per_epoch(training, n_rows, training.batch_size, n_replicas)
    if training.reconstruction_warmup_epochs:
        phases.append(lambda: _warmup(model, objective, n_steps))
    if training.epochs:
        phases.append(lambda: _joint(model, objective, n_steps))
    return phases


def _stimulus_ae(model, n_rows, n_replicas):
    training, options = model.params.training, model.params.stimulus_encoder_params
    ae = training.stimulus_ae
    decoder = network(
        options.use_input_skips,
        model.n_inputs,
        options.num_hidden_units,
        options.num_hidden_layers,
        model.params.activation,
        seed=training.seed * 4 + _DECODER_SEED,
        name="stimulus_decoder",
    )
    decoder.build((None, options.num_output_dims))

    def loss_of(chunk, starts, multiples, seed):
        del multiples, seed
        frames = tf.gather(chunk["stimulus"], starts)
        error = decoder(model.encode_stimulus(frames)) - frames
        return {"recon": tf.reduce_mean(error**2)}

    variables = [*model.stimulus_encoder.trainable_weights, *decoder.trainable_weights]
    n_steps = max(n_rows // (ae.batch_size * n_replicas), 1)
    if training.steps_per_epoch:
        n_steps = min(n_steps, training.steps_per_epoch)
    return Phase(
        name="stimulus_ae",
        tag="StimulusAE/",
        epochs=ae.epochs,
        steps_per_epoch=n_steps,
        batch_size=ae.batch_size,
        losses=("recon",),
        loss_of=loss_of,
        variables=variables,
        extra=decoder.weights,
        optimizer=_built(optimizer_for(ae.optimizer, ae.learning_rate), variables),
        multiples_at=lambda epoch: 0,
        rollout_multiples=0,
        mode="all_time_points",
    )


def _warmup(model, objective, n_steps):
    training = model.params.training

    def loss_of(chunk, starts, multiples, seed):
        del multiples
        return objective.reconstruction(chunk, starts, seed)

    variables = [*model.encoder.trainable_weights, *model.decoder.trainable_weights]
    optimizer = optimizer_for(training.optimizer, training.learning_rate)
    return Phase(
        name="recon_warmup",
        tag="ReconWarmup/",
        epochs=training.reconstruction_warmup_epochs,
        steps_per_epoch=n_steps,
        batch_size=training.batch_size,
        losses=RECON_LOSSES,
        loss_of=loss_of,
        variables=variables,
        extra=[],
        optimizer=_built(optimizer, variables),
        multiples_at=lambda epoch: 1,
        rollout_multiples=1,
        mode=training.acquisition_mode.mode,
    )


def _joint(model, objective, n_steps):
    training = model.params.training
    # By identity: Keras variables that are compared make a tensor.
    kept = set()
    if training.pretrain_stimulus_ae and model.stimulus_encoder is not None:
        kept = {id(weight) for weight in model.stimulus_encoder.weights}
    coders = {id(v) for part in (model.encoder, model.decoder) for v in part.weights}
    if not training.coder_rate:
        kept |= coders
    variables = [v for v in model.trainable_weights if id(v) not in kept]
    rate = learning_rate_for(training, training.epochs * n_steps)
    optimizer = _built(optimizer_for(training.optimizer, rate), variables)
    if 0 < training.coder_rate < 1:
        optimizer.shares = tuple(
            training.coder_rate if id(v) in coders else 1.0 for v in variables
        )
    return Phase(
        name=JOINT,
        tag="Loss/train_",
        epochs=training.epochs,
        steps_per_epoch=n_steps,
        batch_size=training.batch_size,
        losses=JOINT_LOSSES,
        loss_of=objective.joint,
        variables=variables,
        extra=[],
        optimizer=optimizer,
        multiples_at=lambda epoch: multiples_at(training, epoch),
        rollout_multiples=training.evolve_multiple_steps,
        mode=training.acquisition_mode.mode,
        clip=training.grad_clip_max_norm,
    )


def _built(optimizer, variables):
    optimizer.build(variables)
    return optimizer
