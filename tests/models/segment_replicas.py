"""Steps in segments on one replica or on two: run by test_summary, keeps results.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

from tests.models.columns import inputs_of
from tests.models.summaries import busy_column
from v1model.models.summary import summarise, summarise_in_segments

N_TRIALS, N_STEPS = 4, 120


def moves(strategy, segment):
    """How far two steps of gradient descent move each weight, by name."""
    with strategy.scope():
        column = busy_column(engine="compiled")
        optimizer = keras.optimizers.SGD(1e-3)
        optimizer.build(column.trainable_variables)
    before = {v.path: np.array(v) for v in column.trainable_variables}

    def step(inputs):
        variables = column.trainable_variables
        with tf.GradientTape() as tape:
            if segment is None:
                summary = summarise(column, inputs, "threshold")
            else:
                summary = summarise_in_segments(column, inputs, "threshold", segment)
            # Sums over trials: those of the replicas add up.
            loss = tf.reduce_sum(tf.square(summary.logits)) + 1e-3 * (
                tf.reduce_sum(summary.spike_counts) + summary.voltage_cost
            )
        slopes = tape.gradient(loss, [v.value for v in variables])
        optimizer.apply(slopes, variables)

    @tf.function(autograph=False)
    def run(inputs):
        strategy.run(step, args=(inputs,))

    dataset = tf.data.Dataset.from_tensor_slices(inputs_of(N_TRIALS, N_STEPS))
    dataset = strategy.experimental_distribute_dataset(dataset.batch(N_TRIALS))
    for _ in range(2):
        for inputs in dataset:
            run(inputs)
    return {v.path: np.array(v) - before[v.path] for v in column.trainable_variables}


def main(path):
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    alone = tf.distribute.get_strategy()
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    np.savez(path, whole=moves(alone, None), two=moves(mirrored, 50))


if __name__ == "__main__":
    main(sys.argv[1])
