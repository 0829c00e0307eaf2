"""Trainings from a recording to a model, with options that change what is seen."""

import csv

import numpy as np
import pandas as pd
import pytest

from tests.latent.trainings import SMALL, driven, params_of, trainer_in
from v1model.latent.likelihoods import LIKELIHOODS, deviance_explained
from v1model.latent.network_params import CoderParams
from v1model.latent.prediction import predict
from v1model.latent.source import open_source

MODES = {
    "all": "all_time_points",
    "aligned": "time_aligned",
    "linear": {"mode": "staggered_random", "interpolation": "linear"},
    "causal": {"mode": "staggered_random", "interpolation": "causal"},
}
LEARNING = {
    "epochs": 4,
    "steps_per_epoch": 100,
    "learning_rate": 3e-3,
    "normalization": "global",
    "latent_dims": 8,
}


def last_row(folder):
    with (folder / "metrics.csv").open() as file:
        return {
            name: float(value)
            for name, value in list(csv.DictReader(file))[-1].items()
            if name != "phase"
        }


@pytest.mark.parametrize("mode", MODES)
def test_a_recording_with_gaps_is_learned_in_every_mode(tmp_path, mode):
    """Far from 0, so that a gap that is taken for activity would be seen."""
    rng = np.random.default_rng(0)
    valid = np.repeat(rng.random((60, 5)) > 0.15, 10, 0)
    valid[:, 4] = valid[:30, 0] = False
    path = driven(tmp_path / "gaps.h5", 600, valid=valid, level=-70.0)
    params = params_of(
        path, acquisition_mode=MODES[mode], neuron_dropout=0.1, **LEARNING
    )
    with trainer_in(tmp_path / "run", params) as trainer:
        with trainer.loader as loader:
            _, chunk = next(iter(loader.epoch(0)))
        if "filled" in chunk:  # the first neuron, before it was seen, at its mean
            assert chunk["filled"].numpy()[:, :4].max() < -60
        result = trainer.train()
        assert trainer.model.mean[4] == 0
        assert trainer.model.mean[0] < -60
    assert result["best_val_mse"] < 0.5 * result["val_loss_constant_model"]


@pytest.mark.parametrize("mode", MODES)
def test_aug_is_trained_in_every_mode(tmp_path, mode):
    pairs = {"post": [1, 2, 3, 4], "pre": [0, 1, 2, 3], "weight": np.ones(4)}
    path = driven(tmp_path / "wired.h5", connections=pd.DataFrame(pairs))
    losses = []
    for weight in (1e-6, 3.0):
        params = params_of(
            path,
            acquisition_mode=MODES[mode],
            unconnected_to_zero={"num_neurons": 2, "loss_coeff": weight},
            **LEARNING,
        )
        with trainer_in(tmp_path / f"run {weight}", params) as trainer:
            trainer.train()
        losses.append(last_row(tmp_path / f"run {weight}")["aug_loss"] / weight)
    assert 0 < losses[1] < 0.5 * losses[0]


@pytest.mark.parametrize("mode", ["aligned", "linear"])
def test_batch_normalization_is_trained_together_and_in_turn(tmp_path, mode):
    plain = SMALL | {"use_input_skips": False}
    params = params_of(
        driven(tmp_path / "a.h5"), acquisition_mode=MODES[mode], **LEARNING
    ).model_copy(
        update={
            "use_batch_norm": True,
            "encoder_params": CoderParams(**plain),
            "decoder_params": CoderParams(**plain),
        }
    )
    with trainer_in(tmp_path / "run", params) as trainer:
        trainer.train()
        errors = [value for _, value in trainer.history.values("val_mse")]
    assert errors[-1] < errors[0]


def spiking(path, n_steps=3000, n_neurons=8):
    """Counts drawn from rates that follow two latent numbers; and the rates."""
    rng = np.random.default_rng(0)
    stimulus = np.repeat(rng.standard_normal((n_steps // 10, 2)), 10, 0)
    z = np.zeros((n_steps, 2))
    for t in range(n_steps - 1):
        z[t + 1] = 0.8 * z[t] + 0.2 * stimulus[t]
    rates = np.exp(1.2 * z @ rng.standard_normal((2, n_neurons)) - 1)
    driven(
        path,
        n_steps,
        n_neurons,
        activity={"count": rng.poisson(rates).astype(np.int64)},
        quantities={"count": "count"},
        stimulus={"bars": stimulus.astype(np.float32)},
    )
    return rates


@pytest.mark.parametrize("likelihood", ["poisson", "bernoulli"])
def test_rates_are_found_from_counts(tmp_path, likelihood):
    path = tmp_path / "counts.h5"
    rates = spiking(path)
    params = params_of(
        path,
        column_to_model="COUNT",
        time_units=1,
        acquisition_mode="all_time_points",
        evolve_multiple_steps=10,
        evolver={"max_lipschitz": 0.98},
        **LEARNING | {"normalization": "neuron", "batch_size": 32},
    ).model_copy(update={"likelihood": likelihood})
    with trainer_in(tmp_path / "run", params) as trainer:
        trainer.train()
        totals = [value for _, value in trainer.history.values("total")]
        assert totals[-1] < totals[0] - 0.1
        # The best of counts is that of the lowest loss.
        losses = [value for _, value in trainer.history.values("val_loss")]
        assert losses[-1] == pytest.approx(trainer.validation.loss())
        trainer.use_best()
        assert trainer.validation.loss() == pytest.approx(min(losses))
        with open_source(params.training) as source:
            activity, stimulus, _ = source.read(0, source.n_steps)
        start, n_steps = 2500, 400
        found = predict(trainer.model, activity, stimulus, start, n_steps)
    truth = rates[start + 1 : start + 1 + n_steps]
    if likelihood == "bernoulli":
        truth = 1 - np.exp(-truth)
        assert found.max() < 1
    assert found.min() >= 0
    explained = 1 - np.square(found - truth).sum(0) / truth.var(0) / n_steps
    assert np.median(explained) > 0.5
    target = activity[start + 1 : start + 1 + n_steps]
    shares = deviance_explained(LIKELIHOODS[likelihood], found, target)
    assert np.nanmedian(shares) > 0.05
