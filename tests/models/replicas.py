"""One training step on one replica or on two: run by test_replicas, prints results.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

from tests.models.columns import batch_of, make_trainer


def step(strategy):
    """The variables before and after one step of gradient descent, and the logs."""
    with strategy.scope():
        trainer = make_trainer(
            optimizer=keras.optimizers.SGD(1.0),
            recurrent_weight_regularization=0.01,
        )
        cell = trainer.column.rsnn.cell
        cell.recurrent_weights.assign(1.1 * cell.recurrent_weights.numpy())
    before = {v.path: np.array(v) for v in trainer.trainable_variables}
    dataset = tf.data.Dataset.from_tensor_slices(batch_of(4)).batch(4)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    dataset = dataset.with_options(options)
    logs = trainer.fit(dataset, verbose=0, shuffle=False).history
    after = {v.path: np.array(v) for v in trainer.trainable_variables}
    moves = {name: after[name] - before[name] for name in before}
    return {**moves, **{f"log {name}": np.array(v) for name, v in logs.items()}}


def main(path):
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    one_replica = step(tf.distribute.get_strategy())
    two_replicas = step(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    np.savez(path, one=one_replica, two=two_replicas)


if __name__ == "__main__":
    main(sys.argv[1])
