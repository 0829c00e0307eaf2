"""The portable engine on two devices: run by test_portable, fails where they differ.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import numpy as np
import tensorflow as tf

from tests.engine.circuits import calm_network, sparse_input
from tests.engine.rollouts import column_of, rest, rollout
from v1model.engine.glif3 import GLIF3State


def gradients(column, x, weights):
    """Gradients of a loss by currents and weights."""
    state = GLIF3State(*(tf.constant(part) for part in rest(column, x.shape[0])))
    with tf.GradientTape() as tape:
        tape.watch(x)
        spikes, v, _ = rollout(
            "portable", column, x, tf.convert_to_tensor(weights), state
        )
        loss = tf.reduce_sum(spikes) + tf.reduce_sum(tf.square(v))
    return tape.gradient(loss, [x, weights])


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    column = column_of(calm_network(0, n=40))
    x = 3 * sparse_input(4, 25, column.n_targets, np.random.default_rng(0))
    expected = gradients(column, tf.constant(x), tf.Variable(column.weights))

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        weights = tf.Variable(column.weights)

    @tf.function
    def step(x):
        return strategy.run(lambda part: gradients(column, part, weights), (x,))

    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(x, 2)[context.replica_id_in_sync_group])
    )
    x_b, weights_b = step(halves)
    x_b = np.concatenate(
        [part.numpy() for part in strategy.experimental_local_results(x_b)]
    )
    weights_b = sum(
        part.numpy() for part in strategy.experimental_local_results(weights_b)
    )
    assert expected[1].numpy().any()
    np.testing.assert_allclose(x_b, expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weights_b, expected[1], rtol=1e-4, atol=1e-4)


if __name__ == "__main__":
    main()
