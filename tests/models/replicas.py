"""Steps on one replica, on two, or as a worker: run by test_replicas, saves results.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import os
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.models.columns import CHUNK, POOLS, batch_of, make_trainer, network_of
from tests.workers import LIMIT_S
from v1model.cluster import find_cluster, meet
from v1model.config import ColumnConfig, DistributionConfig
from v1model.distribution import Replicas, make_replicas
from v1model.models import ColumnTrainer, Objective, Questions, column_model

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
    return steps_of(trainer, batch_of(N_TRIALS), replicas)


def mixed_steps(replicas):
    """The same of a trainer whose replicas train one question each.

    With all that goes on within a step: streams of trials, parts, and a clipped
    gradient. The rate loss is left out: it compares the rates of a part.
    """
    network = network_of()
    with replicas.strategy.scope():
        column = column_model(
            network,
            ColumnConfig(engine="stepwise"),
            POOLS,
            chunk=CHUNK,
            has_threshold=True,
            questions=Questions(("a", "b"), (2, 2), (True, False)),
        )
        column.carry_state(N_TRIALS // replicas.n)
        trainer = ColumnTrainer(
            column, network, Objective(None), accumulate=2, clip_norm=0.02
        )
        trainer.compile(keras.optimizers.SGD(1.0))
    inputs, labels, weights = batch_of(N_TRIALS)
    inputs["task"] = np.repeat([0, 1], N_TRIALS // 2).astype(np.int32)
    inputs["continues"] = np.ones(N_TRIALS, np.float32)
    return steps_of(trainer, (inputs, labels, weights), replicas)


def steps_of(trainer, whole, replicas):
    """What each step moves every weight by, and the logs of steps and validation."""

    def dataset_of(blocks):
        parts = [tf.nest.map_structure(lambda x, b=b: x[b], whole) for b in blocks]
        stacked = tf.nest.map_structure(lambda *x: np.concatenate(x), *parts)
        dataset = tf.data.Dataset.from_tensor_slices(stacked)
        return dataset.batch(len(blocks[0]), drop_remainder=True).repeat()

    found, before = {}, weights_of(trainer)
    dataset = replicas.distribute(dataset_of, N_TRIALS // replicas.n)
    for number in range(N_STEPS):
        seen = StepLogs()
        logs = trainer.fit(
            dataset, steps_per_epoch=1, verbose=0, shuffle=False, callbacks=[seen]
        ).history
        found.update({f"log step {name} {number}": v for name, v in seen.logs.items()})
        after = weights_of(trainer)
        found.update({f"{name} {number}": after[name] - before[name] for name in after})
        found.update({f"log {name} {number}": np.array(v) for name, v in logs.items()})
        before = after
    scores = trainer.evaluate(dataset, steps=2, verbose=0, return_dict=True)
    found.update({f"log val_{name}": np.array(v) for name, v in scores.items()})
    replicas.wait()
    return found


class StepLogs(keras.callbacks.Callback):
    """Keeps the logs of the latest step."""

    def on_train_batch_end(self, batch, logs=None):
        self.logs = {name: np.array(value) for name, value in logs.items()}


def weights_of(trainer):
    return {v.path: v.value.numpy() for v in trainer.trainable_variables}


def everything(replicas):
    mixed = {f"mixed {k}": v for k, v in mixed_steps(replicas).items()}
    return {**steps(replicas), **mixed}


def main(path):
    if "TF_CONFIG" in os.environ:
        cluster = find_cluster()
        meet(cluster, "the same", timeout_s=LIMIT_S)
        replicas = make_replicas(DistributionConfig(), cluster)
        assert (replicas.n, replicas.n_workers) == (2, 2)
        np.savez(path, worker=everything(replicas))
        return
    two = make_replicas(DistributionConfig(strategy="mirrored", replicas=2))
    assert two.n == 2
    one = Replicas(tf.distribute.get_strategy())
    np.savez(path, one=everything(one), two=everything(two))


if __name__ == "__main__":
    main(sys.argv[1])
