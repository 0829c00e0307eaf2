"""A training of the latent evolver: from the first update to the last checkpoint."""

import csv
import os
import signal
import types

import h5py
import numpy as np
import pytest

from tests.latent.trainings import driven, params_of, trainer_in
from tests.training.drill import arrays_of
from v1model.finite import NotFiniteError
from v1model.latent import trainer as trainer_module
from v1model.latent.checkpoints import load_latent_model
from v1model.latent.network_params import CoderParams, EvolverParams
from v1model.latent.updates import Updates

ALL_PHASES = {
    "pretrain_stimulus_ae": True,
    "stimulus_ae": {"epochs": 2, "batch_size": 8},
    "reconstruction_warmup_epochs": 2,
    "rollout_curriculum_epochs": 2,
    "latent_noise": 0.1,
    "learning_rate_schedule": "cosine",
    "save_checkpoint_every_n_epochs": 1,
    "normalization": "neuron",
}
STAGGERED = {
    "acquisition_mode": {"mode": "staggered_random", "interpolation": "causal"},
    "reconstruction_warmup_epochs": 1,
    "rollout_curriculum_epochs": 2,
    "pca_init": True,
    "coder_rate": 0.1,
    "neuron_dropout": 0.2,
    "encoder_consistency_loss": 0.1,
    "grad_clip_max_norm": 0.5,
    "optimizer": "AdamW",
    "save_checkpoint_every_n_epochs": 1,
    "normalization": "global",
}
TIMES = {"seconds"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return driven(tmp_path_factory.mktemp("data") / "driven.h5")


def rows_of(folder):
    with (folder / "metrics.csv").open() as file:
        return [
            {name: value for name, value in row.items() if name not in TIMES}
            for row in csv.DictReader(file)
        ]


def trained(folder, params, **others):
    with trainer_in(folder, params, **others) as trainer:
        return trainer.train()


def assert_same_end(folder, whole):
    names = {path.name for path in (whole / "checkpoints").iterdir()}
    assert names == {path.name for path in (folder / "checkpoints").iterdir()}
    for name in names:
        expected = arrays_of(whole / "checkpoints" / name)
        found = arrays_of(folder / "checkpoints" / name)
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=f"{name} {key}")
    assert rows_of(folder) == rows_of(whole)


@pytest.fixture(scope="module", params=[ALL_PHASES, STAGGERED], ids=["all", "turns"])
def whole(request, recording, tmp_path_factory):
    """ModelParams, and the folder of a training that nothing has stopped."""
    params = params_of(recording, **request.param)
    folder = tmp_path_factory.mktemp("runs") / "whole"
    trained(folder, params)
    return params, folder


def stop_in_call(monkeypatch, number, kind):
    """A signal arrives during a call of the compiled updates, counted from 1."""
    call, calls = Updates.__call__, []

    def counted(self, *arguments):
        calls.append(self)
        if len(calls) == number:
            os.kill(os.getpid(), kind)
        return call(self, *arguments)

    monkeypatch.setattr(Updates, "__call__", counted)


@pytest.mark.parametrize("number", [1, 2, 5, -1])
def test_a_stopped_training_goes_on_bit_for_bit(whole, number, tmp_path, monkeypatch):
    """In each of the phases, at the end of an epoch and inside one."""
    params, folder = whole
    number %= 2 * len(rows_of(folder)) + 1  # calls: two in an epoch
    with monkeypatch.context() as patched:
        stop_in_call(patched, number, signal.SIGTERM)
        with pytest.raises(SystemExit) as stopped:
            trained(tmp_path / "run", params)
        assert stopped.value.code == 128 + signal.SIGTERM
    trained(tmp_path / "run", params)
    assert_same_end(tmp_path / "run", folder)


def test_a_killed_training_goes_on_bit_for_bit(whole, tmp_path, monkeypatch):
    """Killed between the row of an epoch and its checkpoint: it is done again."""
    params, folder = whole
    save, saved = trainer_module.save_checkpoint, []

    def dying(*arguments):
        saved.append(arguments)
        if len(saved) == 5:
            raise RuntimeError("killed")
        save(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(trainer_module, "save_checkpoint", dying)
        with pytest.raises(RuntimeError, match="killed"):
            trained(tmp_path / "run", params)
    trained(tmp_path / "run", params)
    assert_same_end(tmp_path / "run", folder)


def test_sigusr2_waits_for_the_end_of_the_epoch(recording, tmp_path, monkeypatch):
    params = params_of(recording)
    stop_in_call(monkeypatch, 1, signal.SIGUSR2)
    with trainer_in(tmp_path / "run", params) as trainer:
        with pytest.raises(SystemExit) as stopped:
            trainer.train()
        assert stopped.value.code == 128 + signal.SIGUSR2
        assert trainer.position[:3] == (0, 1, 0)
    assert len(rows_of(tmp_path / "run")) == 1


def test_signals_do_what_they_did_when_training_has_ended(recording, tmp_path):
    kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)
    before = [signal.getsignal(kind) for kind in kinds]
    trained(tmp_path / "run", params_of(recording, epochs=1))
    assert [signal.getsignal(kind) for kind in kinds] == before


def test_every_loss_has_its_column_in_both_kinds_of_training(recording, tmp_path):
    weights = {"tv_reg_loss": 1e-3, "l1_reg_loss": 1e-3}
    for mode in ("time_aligned", "staggered_random"):
        params = params_of(recording, acquisition_mode=mode, evolver=weights, epochs=1)
        trained(tmp_path / mode, params)
        (row,) = rows_of(tmp_path / mode)
        for name in ("recon", "evolve", "tv_loss", "reg"):
            assert float(row[name]) > 0, (mode, name)
        parts = ("recon", "evolve", "tv_loss", "aug_loss", "reg")
        total = sum(float(row[name]) for name in parts)
        assert float(row["total"]) == pytest.approx(total)


def test_the_best_checkpoint_is_that_of_the_lowest_error(recording, tmp_path):
    params = params_of(recording, epochs=5, save_checkpoint_every_n_epochs=1)
    result = trained(tmp_path / "run", params)
    errors = [float(row["val_mse"]) for row in rows_of(tmp_path / "run")]
    folder = tmp_path / "run" / "checkpoints"
    best = arrays_of(folder / f"epoch_{1 + np.argmin(errors):04d}.h5")
    for key, value in arrays_of(folder / "best.h5").items():
        np.testing.assert_array_equal(value, best[key])
    assert result["best_val_mse"] == min(errors)


def test_training_learns(recording, tmp_path):
    params = params_of(
        recording,
        latent_dims=8,
        epochs=8,
        steps_per_epoch=100,
        learning_rate=3e-3,
        normalization="neuron",
        reconstruction_warmup_epochs=2,
    )
    result = trained(tmp_path / "run", params)
    assert result["best_val_mse"] < 0.2 * result["val_loss_constant_model"]


def test_numbers_that_are_not_finite_end_training_with_a_reason(recording, tmp_path):
    params = params_of(recording, learning_rate=1e30, optimizer="SGD", epochs=3)
    with pytest.raises(
        NotFiniteError, match="evolve.* of joint is not finite in epoch"
    ):
        trained(tmp_path / "run", params)


def test_training_ends_when_its_time_is_over(recording, tmp_path):
    params = params_of(recording, max_minutes=1e-6)
    result = trained(tmp_path / "run", params)
    assert result["stopped"] == "max_minutes"
    assert result["updates"] <= 10
    model = load_latent_model(tmp_path / "run")
    assert model.n_neurons == 5


def test_an_early_stop_leaves_the_latest_checkpoint_of_its_epoch(recording, tmp_path):
    params = params_of(
        recording,
        epochs=9,
        diagnostics_freq_epochs=1,
        early_stop_intervening_mse=True,
        early_stop_patience_epochs=2,
        early_stop_min_divergence=10,
    )

    def diagnose(model, epoch):
        return {
            "time_aligned_mse_latent_max_intervening_0_to_tu": max(1 / epoch, 0.25),
            "rollout_latent_30step_first_divergence_step": 30,
        }

    told = []
    with trainer_in(tmp_path / "run", params, diagnose=diagnose) as trainer:
        trainer.watch = types.SimpleNamespace(epoch=lambda *own: told.append(own[-1]))
        result = trainer.train()
    assert told == [False] * 5 + [True]
    assert result["stopped"] == "early_stop"
    assert trainer.position.epoch == len(rows_of(tmp_path / "run")) == 6
    with h5py.File(tmp_path / "run" / "checkpoints" / "latest.h5") as file:
        assert '"epoch": 6' in file.attrs["position"]


def test_a_recording_of_another_size_is_refused(recording, tmp_path):
    params = params_of(recording).model_copy(update={"num_neurons": 7})
    with (
        pytest.raises(ValueError, match=r"driven.h5: num_neurons must be 5.*got 7"),
        trainer_in(tmp_path / "run", params),
    ):
        pass


@pytest.mark.slow
def test_a_large_model_trains_beyond_the_first_call(tmp_path):
    recording = driven(tmp_path / "wide.h5", n_neurons=500)
    width = {"num_hidden_units": 512}
    params = params_of(
        recording,
        time_units=1,
        evolve_multiple_steps=40,
        batch_size=32,
        epochs=1,
        steps_per_epoch=11,
    ).model_copy(
        update={
            "latent_dims": 512,
            "encoder_params": CoderParams(**width),
            "decoder_params": CoderParams(**width),
            "evolver_params": EvolverParams(),
        }
    )
    assert trained(tmp_path / "run", params)["updates"] == 11
