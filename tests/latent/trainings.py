"""Small trainings of the latent evolver, for tests."""

import contextlib

import numpy as np

from tests.latent.recorded import write
from v1model.latent.config import ModelParams
from v1model.latent.source import open_source
from v1model.latent.trainer import LatentTrainer
from v1model.runs import Run

SMALL = {"num_hidden_units": 6, "num_hidden_layers": 1}
STIMULUS = {**SMALL, "num_output_dims": 3}


def params_of(path=None, *, latent_dims=4, evolver=None, **training):
    """ModelParams of a small model that is trained for two short epochs."""
    given = {
        "training_data_path": None if path is None else str(path),
        "epochs": 2,
        "steps_per_epoch": 12,  # one call of ten updates, and the rest
        "batch_size": 4,
        "time_units": 5,
        "acquisition_mode": "time_aligned",
        "evolve_multiple_steps": 2,
        "rollout_steps": 30,
        "rollout_starts": 3,
    }
    return ModelParams.model_validate(
        {
            "latent_dims": latent_dims,
            "encoder_params": SMALL,
            "decoder_params": SMALL,
            "stimulus_encoder_params": STIMULUS,
            "evolver_params": {**SMALL, **(evolver or {})},
            "training": {**given, **training},
        }
    )


def driven(path, n_steps=300, n_neurons=5, n_inputs=3, seed=0, level=0.0, **others):
    """Writes a recording of neurons that follow their stimulus; its path.

    They rest at `level`, mV.
    """
    rng = np.random.default_rng(seed)
    stimulus = np.repeat(rng.random((n_steps // 4 + 1, n_inputs)), 4, 0)[:n_steps]
    weights = rng.standard_normal((n_inputs, n_neurons))
    activity = np.zeros((n_steps, n_neurons))
    for t in range(n_steps - 1):
        activity[t + 1] = 0.8 * activity[t] + 0.4 * stimulus[t] @ weights
    given = {
        "activity": {"voltage": (level + activity).astype(np.float32)},
        "stimulus": {"bars": stimulus.astype(np.float32)},
    }
    write(path, n_steps, n_neurons, n_inputs, seed, **{**given, **others})
    return path


@contextlib.contextmanager
def trainer_in(folder, params, **others):
    """A LatentTrainer whose run lies in a folder; it is resumed if it is there."""
    run = Run.create(folder.parent, folder.name, params, ["test"])
    with open_source(params.training) as source:
        yield LatentTrainer(params, source, run, **others)
