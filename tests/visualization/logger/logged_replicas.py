"""Trains on two devices with the logger and without it: run by test_activity_logger."""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.models.columns import batch_of, make_trainer
from v1model.config import DistributionConfig
from v1model.distribution import make_replicas
from visualization import NetworkActivityLogger


def trained(replicas, *callbacks):
    """The weights after four steps, by name."""
    keras.utils.set_random_seed(1)
    with replicas.strategy.scope():
        trainer = make_trainer(engine="compiled")
    dataset = tf.data.Dataset.from_tensor_slices(batch_of(8)).shuffle(8, seed=3)
    trainer.fit(dataset.batch(4), epochs=2, verbose=0, callbacks=list(callbacks))
    return {variable.path: variable.numpy() for variable in trainer.weights}


def main(folder):
    replicas = make_replicas(DistributionConfig(strategy="mirrored", replicas=2))
    assert replicas.n == 2
    plain = trained(replicas)
    logged = trained(replicas, NetworkActivityLogger(folder / "logged", 1))
    found = {f"plain {name}": value for name, value in plain.items()}
    found |= {f"logged {name}": value for name, value in logged.items()}
    np.savez(folder / "weights.npz", **found)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
