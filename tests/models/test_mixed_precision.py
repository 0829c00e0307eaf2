"""Mixed precision learns what float32 learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import N, batch_of, make_trainer
from tests.training.test_multi_training import SMALL
from v1model import flags
from v1model.assembly import LOSS_SCALE, task_for, trainer_for
from v1model.config import ColumnTrainConfig
from v1model.experiments import ColumnExperiment
from v1model.models import Objective
from v1model.network import load_network
from v1model.runs import Run


def losses_of(mixed_precision, n_steps=25):
    """Response loss of one batch that is trained on again and again."""
    trainer = make_trainer(
        optimizer=keras.optimizers.Adam(3e-2), mixed_precision=mixed_precision
    )
    losses = []
    for _ in range(n_steps):
        trainer.reset_metrics()
        logs = trainer.train_on_batch(*batch_of(4), return_dict=True)
        losses.append(float(logs["response_loss"]))
    return np.array(losses)


def test_a_batch_is_learned_as_fast():
    """Spikes at threshold round apart, so single steps differ, the course does not."""
    single, mixed = losses_of(False), losses_of(True)
    assert single[-5:].mean() < 0.6 * single[0]
    assert mixed[-5:].mean() < 0.6 * mixed[0]
    assert mixed.mean() == pytest.approx(single.mean(), rel=0.1)


@pytest.mark.parametrize("batch_size", [1, 40])
def test_the_loss_scale_keeps_the_gradients_of_a_large_batch(batch_size):
    """Each replica of a batch of 40 has a fortieth of the loss."""
    found = {}
    for mixed_precision, scale in ((False, None), (True, None), (True, LOSS_SCALE)):
        optimizer = keras.optimizers.SGD(1.0, loss_scale_factor=scale)
        trainer = make_trainer(
            Objective(np.full(N, 0.02, np.float32), voltage_cost=0.0),
            optimizer=optimizer,
            mixed_precision=mixed_precision,
        )
        batch = batch_of(1, n_steps=600)
        with tf.GradientTape() as tape:
            parts = trainer.outcome(*map(tensors, batch)).parts
            loss = optimizer.scale_loss(parts["rate_loss"] / batch_size)
        weights = trainer.column.rsnn.cell.recurrent_weights.value
        found[mixed_precision, scale] = tape.gradient(loss, weights) / (scale or 1)
    exact = found[False, None]
    size = np.linalg.norm(exact)
    errors = {
        scale: np.linalg.norm(found[True, scale] - exact) / size
        for scale in (None, LOSS_SCALE)
    }
    assert errors[LOSS_SCALE] < 2e-3
    if batch_size == 40:
        assert errors[None] > 5 * errors[LOSS_SCALE]


def test_the_trainer_scales_its_loss_in_mixed_precision_only():
    for switch, scale in (
        ("--mixed_precision", LOSS_SCALE),
        ("--nomixed_precision", None),
    ):
        config = flags.config_from(["test", *SMALL, switch], ColumnTrainConfig)
        network = load_network(config.network)
        task = task_for(network, None, config)
        assert trainer_for(network, task, config).optimizer.loss_scale_factor == scale


def tensors(part):
    return tf.nest.map_structure(tf.constant, part)


@pytest.mark.slow
def test_digits_are_learned_as_well(tmp_path):
    """A minute of training each, held-out digits."""
    accuracy = []
    for switch in ("--mixed_precision", "--nomixed_precision"):
        options = [
            *SMALL,
            "--neurons=1000",
            "--neurons_per_output=8",
            "--learning_rate=0.01",
            "--batch_size=8",
            "--steps_per_epoch=150",
            "--n_epochs=1",
            "--val_steps=45",
            f"--results_dir={tmp_path}",
            switch,
        ]
        config = flags.config_from(["test", *options], ColumnTrainConfig)
        run = Run.create(config.results_dir, switch.strip("-"), config, options)
        result = ColumnExperiment(config, run).train()
        accuracy.append(result["tasks"]["10class"]["accuracy"])
    mixed, single = accuracy
    assert min(accuracy) > 0.3  # chance is 0.1
    assert mixed == pytest.approx(single, abs=0.1)
