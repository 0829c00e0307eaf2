"""Updates: several steps of training in one call of a compiled function."""

import keras
import numpy as np
import tensorflow as tf

from v1model.fitting import adam
from v1model.fitting.clipping import clipped
from v1model.schedules import LearningRate

CALL_UPDATES = 10  # in a call; a signal waits for them
EPSILON = 1e-8  # of Adam in PyTorch; Keras has 1e-7
FINAL_RATE = 0.01  # share of the learning rate that a decay ends with


def optimizer_for(name, rate):
    """A Keras optimizer with the constants of PyTorch.

    Args:
        name: Adam, AdamW or SGD.
        rate: A learning rate, or its schedule.
    """
    return {
        "Adam": lambda: adam.Adam(rate, epsilon=EPSILON),
        "AdamW": lambda: adam.adam_w(rate, 0.01, epsilon=EPSILON),
        "SGD": lambda: keras.optimizers.SGD(rate),
    }[name]()


def learning_rate_for(training, n_updates):
    """The schedule of joint training.

    Args:
        training: TrainingConfig.
        n_updates: Updates from the first to the last.
    """
    return LearningRate.over(
        n_updates,
        training.learning_rate,
        training.learning_rate_schedule,
        training.warmup_steps,
        FINAL_RATE,
    )


class Updates:
    """Steps of an optimizer, several in one call.

    Each replica has its own starts; the loss is the mean over all.

    Args:
        losses: Function of a chunk, starts (B,) and a seed (2,) to weighted scalars by
            name, whose sum is the loss.
        phase: Phase, made in the scope of the strategy.
        strategy: tf.distribute.Strategy.

    Attributes:
        left_out: Updates so far whose gradient was not finite; clipping makes it 0.
    """

    def __init__(self, losses, phase, strategy):
        self.losses, self.names, self.clip = losses, phase.losses, phase.clip
        self.variables, self.optimizer = phase.variables, phase.optimizer
        self.strategy = strategy
        self.left_out = 0
        self._compiled = None

    def __call__(self, chunk, starts, seeds):
        """Does some updates.

        Args:
            chunk: Tensors by name; see `Objective`.
            starts: (n, R, B) int32, for n updates of R replicas.
            seeds: (n, 2) int32.

        Returns:
            Sums of the losses over the updates, in the order of the names, float64.
        """
        if self._compiled is None:
            # Of any length: the last call of an epoch is shorter, and chunks differ.
            arguments = tf.nest.map_structure(_of_any_length, (chunk, starts, seeds))
            self._compiled = tf.function(self._run).get_concrete_function(*arguments)
        arguments = tf.nest.map_structure(tf.convert_to_tensor, (chunk, starts, seeds))
        *sums, left_out = self._compiled(*arguments).numpy()
        self.left_out += round(left_out)
        return np.array(sums)

    def _run(self, chunk, starts, seeds):
        sums = tf.zeros(len(self.names) + 1, tf.float64)
        for k in tf.range(tf.shape(starts)[0]):
            own = self.strategy.run(self._step, (chunk, starts[k], seeds[k]))
            mean = self.strategy.reduce(tf.distribute.ReduceOp.MEAN, own, axis=None)
            sums += tf.cast(mean, tf.float64)
        return sums

    def _step(self, chunk, starts, seed):
        context = tf.distribute.get_replica_context()
        replica, n = context.replica_id_in_sync_group, context.num_replicas_in_sync
        watched = [variable.value for variable in self.variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in watched:
                tape.watch(variable)
            losses = self.losses(chunk, starts[replica], seed + [0, replica])
            terms = [losses[name] for name in self.names]
            # Keras adds the gradients of the replicas.
            loss = tf.add_n(terms) / n
        gradients = tape.gradient(
            loss, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        is_finite = True
        if self.clip:
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            gradients, is_finite = clipped(gradients, self.clip)
            gradients = [gradient / n for gradient in gradients]
        self.optimizer.apply(gradients, self.variables)
        return tf.stack([*terms, 1 - tf.cast(is_finite, tf.float32)])


def _of_any_length(array):
    shape = array.shape
    return tf.TensorSpec((None, *shape[1:]) if len(shape) else (), array.dtype)
