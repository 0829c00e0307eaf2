"""A small latent model with weights that do something, and options for it."""

import numpy as np

from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel

N_NEURONS, N_INPUTS, N_LATENT = 11, 4, 6


def small_params(**training):
    """Options of a small model; `training` overrides those of the training."""
    width = {"num_hidden_units": 8, "num_hidden_layers": 1}
    return ModelParams(
        latent_dims=N_LATENT,
        encoder_params=width,
        decoder_params=width,
        evolver_params=width | {"zero_init": False},
        stimulus_encoder_params=width | {"num_output_dims": 3},
        training={"time_units": 4, "evolve_multiple_steps": 3, "seed": 1} | training,
    )


def small_model(params=None, n_inputs=N_INPUTS):
    """A LatentModel whose neurons have different means and scales."""
    model = LatentModel(N_NEURONS, n_inputs, params or small_params())
    rng = np.random.default_rng(5)
    model.set_normalization(rng.normal(size=N_NEURONS), 0.5 + rng.random(N_NEURONS))
    return model


def drawn(n_rows, seed=0, n_inputs=N_INPUTS):
    """Activity (n_rows, N) and stimulus (n_rows, S)."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(size=(n_rows, N_NEURONS)).astype("f4")
    return activity, rng.random((n_rows, n_inputs)).astype("f4")
