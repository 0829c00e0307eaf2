"""Small models and batches for the tests of this folder."""

import keras
import numpy as np

from tests.networks import small_network
from v1model.config import ColumnConfig
from v1model.models import ColumnTrainer, Objective, column_model

POOLS = np.array([[0, 5, 9], [1, 6, 30]])
CHUNK = 5
N_STEPS = 15
N_INPUTS = 20


def make_column(network=None, noise_pool=None, has_threshold=False, **options):
    """A built ColumnModel of the synthetic column, 5 steps per chunk."""
    network = small_network() if network is None else network
    return column_model(
        network,
        ColumnConfig(input_weight_scale=20.0, **options),
        POOLS,
        chunk=CHUNK,
        has_threshold=has_threshold,
        noise_pool=noise_pool,
    )


def make_trainer(network=None, objective=None, learning_rate=1e-3, **options):
    """A compiled ColumnTrainer of `make_column`."""
    network = small_network() if network is None else network
    column = make_column(network, **options)
    if objective is None:
        targets = np.sort(np.random.default_rng(0).gamma(1, 0.006, 60))
        objective = Objective(targets.astype(np.float32))
    trainer = ColumnTrainer(column, network, 2, objective)
    trainer.compile(optimizer=keras.optimizers.Adam(learning_rate))
    return trainer


def inputs_of(n_trials, n_steps=N_STEPS, seed=0):
    """A batch of ColumnModel; trial b is the same in a batch of any size."""
    rngs = [np.random.default_rng((seed, b)) for b in range(n_trials)]
    lgn = np.stack([rng.random((n_steps, N_INPUTS)) < 0.05 for rng in rngs])
    seeds = np.stack([rng.integers(0, 2**31, 2) for rng in rngs])
    return {"lgn": lgn.astype(np.float32), "noise_seed": seeds.astype(np.int32)}


def batch_of(n_trials, n_steps=N_STEPS, seed=0):
    """A batch of ColumnTrainer: inputs, labels (B, C), weights (B, C)."""
    rng = np.random.default_rng(seed)
    n_chunks = n_steps // CHUNK
    labels = np.tile(rng.integers(0, 2, (n_trials, 1)), n_chunks).astype(np.int32)
    weights = np.full((n_trials, n_chunks), 0.05, np.float32)
    weights[:, -1] = 1
    return inputs_of(n_trials, n_steps, seed), labels, weights
