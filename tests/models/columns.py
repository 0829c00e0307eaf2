"""Small models and batches for the tests of this folder."""

import keras
import numpy as np

from tests.engine.circuits import calm_network
from v1model.config import ColumnConfig
from v1model.models import ColumnTrainer, Objective, column_model

N, N_INPUTS = 60, 20
POOLS = np.array([[0, 5, 9], [1, 6, 30]])
CHUNK = 5
N_STEPS = 20


def network_of(seed=0):
    """The column of all tests here: 60 neurons, 20 inputs."""
    return calm_network(seed, n=N)


def make_column(network=None, noise_pool=None, has_threshold=False, **options):
    """A built ColumnModel, 5 steps per chunk; options as in ColumnConfig."""
    return column_model(
        network_of() if network is None else network,
        ColumnConfig(**options),
        POOLS[:1] if has_threshold else POOLS,
        chunk=CHUNK,
        has_threshold=has_threshold,
        noise_pool=noise_pool,
    )


def make_trainer(objective=None, optimizer=None, *, training=None, **options):
    """A compiled ColumnTrainer of `make_column`; training: options of ColumnTrainer."""
    network = network_of()
    if objective is None:
        targets = np.sort(np.random.default_rng(0).gamma(1, 0.006, N))
        objective = Objective(targets.astype(np.float32))
    column = make_column(network, **options)
    trainer = ColumnTrainer(column, network, objective, **(training or {}))
    trainer.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3))
    return trainer


def inputs_of(n_trials, n_steps=N_STEPS, seed=0):
    """A batch of ColumnModel; trial b is the same in a batch of any size."""
    rngs = [np.random.default_rng((seed, b)) for b in range(n_trials)]
    lgn = [rng.random((n_steps, N_INPUTS)) < 0.2 for rng in rngs]
    seeds = [rng.integers(0, 2**31, 2) for rng in rngs]
    return {
        "lgn": np.array(lgn, np.float32).reshape(n_trials, n_steps, N_INPUTS),
        "noise_seed": np.array(seeds, np.int32).reshape(n_trials, 2),
    }


def batch_of(n_trials, n_steps=N_STEPS, seed=0):
    """A batch of ColumnTrainer: inputs, labels (B, C), weights (B, C)."""
    rng = np.random.default_rng(seed)
    n_chunks = n_steps // CHUNK
    labels = rng.integers(0, 2, (n_trials, n_chunks)).astype(np.int32)
    weights = np.full((n_trials, n_chunks), 0.05, np.float32)
    weights[:, -1] = 1
    return inputs_of(n_trials, n_steps, seed), labels, weights


def round_trip(layer):
    """A layer after `serialize` and `deserialize`."""
    serialized = keras.saving.serialize_keras_object(layer)
    return keras.saving.deserialize_keras_object(serialized)
