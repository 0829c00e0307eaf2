"""Mixed precision learns what float32 learns."""

import keras
import numpy as np
import pytest

from tests.models.columns import batch_of, make_trainer
from tests.training.test_multi_training import SMALL
from v1model import flags
from v1model.config import ColumnTrainConfig
from v1model.experiments import ColumnExperiment
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
