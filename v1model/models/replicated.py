"""Replicas that act as one: sums over them, and Keras' `fit` over several processes."""

import keras
import tensorflow as tf


class ReplicatedModel(keras.Model):
    """A model whose steps also run under MultiWorkerMirroredStrategy.

    Keras takes a batch from the stream to learn its shapes and averages it over the
    workers, which fails for nested inputs; and it averages the logs of the replicas
    along their first axis, which numbers lack. Nothing needs the first here: everything
    is built before. The second is done anew, for all logs in one message.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        del iterator, data_batch
        if self.optimizer is not None and not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    def make_train_function(self, force=False):
        if not self._has_workers():
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = self._over_workers(self.train_step)
        return self.train_function

    def make_test_function(self, force=False):
        if not self._has_workers():
            return super().make_test_function(force)
        if self.test_function is None or force:
            self.test_function = self._over_workers(self.test_step)
        return self.test_function

    def _has_workers(self):
        kind = tf.distribute.MultiWorkerMirroredStrategy
        return isinstance(self.distribute_strategy, kind)

    def _over_workers(self, step):
        """A function of an iterator that runs `steps_per_execution` steps."""
        strategy = self.distribute_strategy
        names = []

        def packed_step(data):
            logs = step(data)
            names[:] = logs
            return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])

        @tf.function(reduce_retracing=True)
        def one_step(data):
            packed = strategy.run(packed_step, args=(data,))
            mean = strategy.reduce(tf.distribute.ReduceOp.MEAN, packed, axis=None)
            return dict(zip(names, tf.unstack(mean), strict=True))

        def run(iterator):
            logs = one_step(next(iterator))
            for _ in range(self.steps_per_execution - 1):
                try:
                    data = next(iterator)
                except (StopIteration, tf.errors.OutOfRangeError):
                    break
                logs = one_step(data)
            return logs

        return run


def over_replicas(tensor):
    """Sum over the replicas.

    Whole numbers, such as spike counts, are summed exactly: neurons that fired alike
    keep equal rates, and so their order in the sorted list.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensor
    # A gradient may have no device yet and would be refused; its copy has one.
    tensor = tf.identity(tensor)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensor)
