"""Steps on one replica, on two, or as a worker: run by test_replicas, saves results.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import os
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.models.columns import batch_of, make_trainer
from v1model.cluster import find_cluster, meet
from v1model.config import DistributionConfig
from v1model.distribution import Replicas, make_replicas

N_TRIALS, N_STEPS = 4, 2


def steps(replicas):
    """What each step of gradient descent moves, and the logs; a dict of arrays."""
    with replicas.strategy.scope():
        trainer = make_trainer(
            optimizer=keras.optimizers.SGD(1.0),
            recurrent_weight_regularization=0.01,
            engine="stepwise",
        )
        cell = trainer.column.rsnn.cell
        cell.recurrent_weights.assign(1.1 * cell.recurrent_weights.numpy())
    whole = batch_of(N_TRIALS)

    def dataset_of(blocks):
        parts = [tf.nest.map_structure(lambda x, b=b: x[b], whole) for b in blocks]
        stacked = tf.nest.map_structure(lambda *x: np.concatenate(x), *parts)
        dataset = tf.data.Dataset.from_tensor_slices(stacked)
        return dataset.batch(len(blocks[0]), drop_remainder=True).repeat()

    found, before = {}, weights_of(trainer)
    dataset = replicas.distribute(dataset_of, N_TRIALS // replicas.n)
    for number in range(N_STEPS):
        logs = trainer.fit(dataset, steps_per_epoch=1, verbose=0, shuffle=False).history
        after = weights_of(trainer)
        found.update({f"{name} {number}": after[name] - before[name] for name in after})
        found.update({f"log {name} {number}": np.array(v) for name, v in logs.items()})
        before = after
    scores = trainer.evaluate(dataset, steps=2, verbose=0, return_dict=True)
    found.update({f"log val_{name}": np.array(v) for name, v in scores.items()})
    replicas.wait()
    return found


def weights_of(trainer):
    return {v.path: v.value.numpy() for v in trainer.trainable_variables}


def main(path):
    if "TF_CONFIG" in os.environ:
        cluster = find_cluster()
        meet(cluster, "the same", timeout_s=60)
        replicas = make_replicas(DistributionConfig(), cluster)
        assert (replicas.n, replicas.n_workers) == (2, 2)
        np.savez(path, worker=steps(replicas))
        return
    two = make_replicas(DistributionConfig(strategy="mirrored", replicas=2))
    assert two.n == 2
    one = Replicas(tf.distribute.get_strategy())
    np.savez(path, one=steps(one), two=steps(two))


if __name__ == "__main__":
    main(sys.argv[1])
