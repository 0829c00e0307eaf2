"""Trainings of read-out models: what they change, save and go on from."""

import csv
import math
import os
import signal
import types

import numpy as np
import pytest

from tests.cnn.trainings import config_of, trainer_in, two_recordings
from v1model.cnn.checkpoints import load_readout_model, load_trained
from v1model.cnn.trainer import epochs_since_best
from v1model.finite import NotFiniteError


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return two_recordings(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, paths):
    """A trainer that has trained, and its result."""
    trainer = trainer_in(
        tmp_path_factory.mktemp("runs") / "one", config_of(epochs=3), paths
    )
    return trainer, trainer.train()


def values(variables):
    return [np.array(variable) for variable in variables]


def assert_equal(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one, other)


def changes(before, variables):
    return [np.abs(a - b).max() for a, b in zip(before, values(variables), strict=True)]


def test_a_training_makes_the_loss_smaller(trained):
    trainer, result = trained
    losses = [value for _, value in trainer.history.values("total")]
    assert losses[-1] < losses[0]
    assert result["updates"] == 30
    assert result["best_val_bps"] == max(
        v for _, v in trainer.history.values("val_bps")
    )


def test_the_table_has_losses_scores_and_rates_of_each_epoch(trained):
    trainer, _ = trained
    with trainer.run.metrics_csv.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["updates"]) for row in rows] == [10, 20, 30]
    assert {"total", "poisson", "val_bps", "val_bps_a"} <= set(rows[0])
    assert all(0 <= float(row["kernel_lag0_mass"]) <= 1 for row in rows)


def test_a_model_comes_back_from_its_run_with_its_neurons(trained):
    trainer, _ = trained
    final = trainer.run.checkpoints / "final.h5"
    model, config, recorded = load_trained(final)
    assert config == trainer.config
    assert_equal(values(model.variables), values(trainer.model.variables))
    assert [one.spec.name for one in recorded] == ["a", "b"]
    assert recorded[0].neurons == ["10", "11", "12", "13"]
    np.testing.assert_allclose(
        recorded[1].mean_counts, trainer.recordings[1].mean_counts("train")
    )
    best, _ = load_readout_model(trainer.run.path)
    assert best.memory_bins == trainer.model.memory_bins


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_core_whose_rate_is_0_is_left_untouched(tmp_path, paths, optimizer):
    config = config_of(core_lr_scale=0.0, optimizer=optimizer, weight_decay=0.1)
    trainer = trainer_in(tmp_path / "run", config, paths)
    core = values(trainer.model.core_variables)
    readout = values(trainer.model.readout_variables("a"))
    trainer.train()
    assert max(changes(core, trainer.model.core_variables)) == 0
    assert max(changes(readout, trainer.model.readout_variables("a"))) > 0


def test_half_the_rate_halves_the_first_step_of_the_core_alone(tmp_path, paths):
    """Adam does not see the scale of a gradient: only a rate of its own does it."""
    steps = []
    for scale in (1.0, 0.5):
        config = config_of(core_lr_scale=scale, epochs=1, steps_per_epoch=1)
        trainer = trainer_in(tmp_path / f"run{scale}", config, paths)
        variables = trainer.updates.variables
        before = values(variables)
        trainer.train()
        steps.append([b - a for a, b in zip(before, values(variables), strict=True)])
    n_core = len(trainer.model.core_variables)
    for k, (whole, half) in enumerate(zip(*steps, strict=True)):
        expected = whole / 2 if k < n_core else whole
        np.testing.assert_allclose(half, expected, rtol=1e-3, atol=1e-7)
    assert max(np.abs(one).max() for one in steps[0][:n_core]) > 0


def test_no_epoch_is_spent_at_a_rate_of_0(tmp_path, paths):
    config = config_of(epochs=1, steps_per_epoch=1, warmup_steps=100)
    trainer = trainer_in(tmp_path / "run", config, paths)
    before = values(trainer.updates.variables)
    trainer.train()
    assert max(changes(before, trainer.updates.variables)) > 0


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory, paths):
    """A training that nothing disturbed."""
    config = config_of(
        epochs=2,
        steps_per_epoch=12,
        ema_decay=0.5,
        model={"readout": {"type": "gaussian_sampled"}},
    )
    trainer = trainer_in(tmp_path_factory.mktemp("runs") / "whole", config, paths)
    trainer.train()
    return trainer


@pytest.mark.parametrize("after", [8, 18])
def test_a_killed_training_goes_on_bit_by_bit(tmp_path, paths, whole, after):
    """Stopped by a signal within an epoch, it ends where an undisturbed one does."""

    def progress(done, total):
        if done >= after:
            os.kill(os.getpid(), signal.SIGTERM)

    config, run = whole.config, tmp_path / "killed"
    first = trainer_in(run, config, paths, progress=progress)
    with pytest.raises(SystemExit):
        first.train()
    again = trainer_in(run, config, paths)
    assert 0 < again.position.updates < 24
    again.train()
    assert_equal(values(again.model.variables), values(whole.model.variables))
    rows = [[row["total"], row["val_bps"]] for row in again.history.rows]
    assert rows == [[row["total"], row["val_bps"]] for row in whole.history.rows]


def test_another_recording_is_refused_on_a_resume(tmp_path, paths):
    config = config_of(epochs=1)
    trainer_in(tmp_path / "run", config, paths).train()
    others = two_recordings(tmp_path, rate_hz=100.0, n_trials=9)
    with pytest.raises(ValueError, match="a.h5 is not what it was"):
        trainer_in(tmp_path / "run", config, others)


def test_a_training_that_diverges_says_so_and_keeps_its_checkpoint(tmp_path, paths):
    trainer = trainer_in(tmp_path / "run", config_of(), paths)
    weight = trainer.model.core_variables[0]
    weight.assign(weight.value * math.nan)
    with pytest.raises(NotFiniteError, match="not finite in epoch 1"):
        trainer.train()
    assert not list(trainer.run.checkpoints.iterdir())


def test_patience_counts_epochs_since_the_best():
    assert epochs_since_best([0.1, 0.3, 0.2, math.nan]) == 2
    assert epochs_since_best([math.nan, 0.3]) == 0


def test_patience_ends_a_training(tmp_path, paths):
    config = config_of(epochs=50, steps_per_epoch=1, patience=1, learning_rate=1e-9)
    trainer = trainer_in(tmp_path / "run", config, paths)
    told = []
    trainer.watch = types.SimpleNamespace(epoch=lambda *given: told.append(given[-1]))
    assert trainer.train()["stopped"] == "patience"
    assert trainer.position.epoch < 50
    assert told == [False] * (trainer.position.epoch - 1) + [True]


def test_a_training_ends_in_time(tmp_path, paths):
    config = config_of(epochs=1000, max_minutes=1e-6)
    assert trainer_in(tmp_path / "run", config, paths).train()["stopped"] == (
        "max_minutes"
    )


def test_the_best_weights_are_the_running_mean_where_one_is_kept(tmp_path, paths):
    config = config_of(epochs=1, ema_decay=0.9)
    trainer = trainer_in(tmp_path / "run", config, paths)
    trainer.train()
    raw = values(trainer.updates.variables)
    averages = values(trainer.updates.averages)
    assert max(np.abs(a - b).max() for a, b in zip(raw, averages, strict=True)) > 0
    assert trainer.use_best()
    assert_equal(values(trainer.updates.variables), averages)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_weights_and_losses_in_float32(
    tmp_path, paths, trained, precision
):
    config = config_of(epochs=3, precision=precision)
    trainer = trainer_in(tmp_path / "run", config, paths)
    assert {v.dtype for v in trainer.updates.variables} == {"float32"}
    result = trainer.train()
    assert result["final_train_loss"] == pytest.approx(
        trained[1]["final_train_loss"], rel=0.02
    )
