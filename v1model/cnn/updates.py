"""Updates: several steps of training in one call of a compiled function."""

import re

import keras
import numpy as np
import tensorflow as tf

from v1model.fitting.adam import Adam
from v1model.fitting.clipping import clipped
from v1model.fitting.own_rates import OwnRates
from v1model.schedules import LearningRate

CALL_UPDATES = 8  # in a call; a signal waits for them
FIRST_SCALE = 2.0**15  # of the loss in float16, as in keras.mixed_precision
GROWTH_UPDATES = 2000  # finite ones after which the scale doubles
_ANY_LENGTH = 1e30  # longest gradient where none is given
# Weights that say where, how wide or how much, rather than what: they do not decay.
_NO_DECAY = re.compile(
    r"bias|gain|gamma|beta|mean|center|place|sigma|std|width|angle|theta|scale|shift|"
    r"offset|logit|tau|alpha|^log_|matrix|h0|state"
)


def decays(variable):
    """Whether weight decay acts on a Keras variable: on kernels, by its own name.

    Those of its layers and of its recording have no say.
    """
    return len(variable.shape) > 1 and not _NO_DECAY.search(variable.name)


def learning_rate_for(training, n_updates):
    """The rate of the read-outs.

    Args:
        training: TrainingParams.
        n_updates: Updates from the first to the last.
    """
    return LearningRate.over(
        n_updates,
        training.learning_rate,
        training.schedule,
        training.warmup_steps,
        training.final_rate,
    )


class Descent(OwnRates, keras.optimizers.SGD):
    """keras.optimizers.SGD with OwnRates."""

    def update_step(self, gradient, variable, learning_rate):
        _, rate = self.decayed(variable, learning_rate)
        super().update_step(gradient, variable, rate)


def optimizer_for(training, rate, core, readouts):
    """One optimizer with two learning rates.

    Args:
        training: TrainingParams.
        rate: LearningRate of the read-outs; the core's is core_lr_scale times it.
        core: Keras variables of the core.
        readouts: Those of the read-outs.

    Returns:
        The optimizer, built for core and read-outs in this order.
    """
    variables = [*core, *readouts]
    kinds = {"adamw": Adam, "adam": Adam, "sgd": Descent}
    optimizer = kinds[training.optimizer](rate)
    if training.optimizer != "adam":
        optimizer.decay = training.weight_decay
    optimizer.decays = tuple(decays(variable) for variable in variables)
    optimizer.shares = (training.core_lr_scale,) * len(core) + (1.0,) * len(readouts)
    optimizer.build(variables)
    return optimizer


class Updates:
    """Steps of an optimizer, several in one call.

    An update does, in this order: the gradient of `accumulate` batches, shortened if it
    is too long; the optimizer's step; proximal steps; the running mean of the weights.

    Args:
        objective: Objective.
        training: TrainingParams.
        optimizer: Built for `variables`.
        variables: Keras variables that are trained, in the optimizer's order.
        strategy: tf.distribute.Strategy, in whose scope this is made.
        proximal: Proximal, or None.

    Attributes:
        left_out: Updates so far whose gradient was not finite and counted as 0.
        averages: Running means of the variables, whose decay rises to `ema_decay` as
            (1 + n) / (10 + n) after n updates: what they began with does not stay in a
            short training. Empty for none.
        training_variables: All that must be kept to go on, beside the weights.
    """

    def __init__(
        self, objective, training, optimizer, variables, strategy, proximal=None
    ):
        self.objective, self.training = objective, training
        self.optimizer, self.variables = optimizer, variables
        self.strategy, self.proximal = strategy, proximal
        self.left_out = 0
        self.averages = []
        if training.ema_decay:
            self.averages = [
                keras.Variable(v.numpy(), trainable=False, name=f"average_{k}")
                for k, v in enumerate(variables)
            ]
        self.scale = []  # of the loss, and finite updates since it changed
        if training.precision == "mixed_float16":
            self.scale = [
                keras.Variable(value, trainable=False, dtype="float32", name=name)
                for value, name in ((FIRST_SCALE, "scale"), (0.0, "n_finite"))
            ]
        self._compiled = None

    @property
    def is_diverged(self):
        """Whether gradients are not finite, and no smaller scale of the loss helps."""
        if not self.scale:
            return bool(self.left_out)
        return float(self.scale[0].numpy()) < 1

    @property
    def training_variables(self):
        return [*self.optimizer.variables, *self.averages, *self.scale]

    def __call__(self, batches, epoch):
        """Does some updates.

        Args:
            batches: Arrays (n, A, B, ...) by recording and name, for n updates of A
                batches of B segments.
            epoch: Epochs that are done.

        Returns:
            Sums of the terms over the updates, in the objective's order, float64.
        """
        arguments = tf.nest.map_structure(tf.convert_to_tensor, batches)
        epoch = tf.constant(epoch, tf.float32)
        if self._compiled is None:
            # Of any length: the last call of an epoch is shorter.
            specs = tf.nest.map_structure(_of_any_length, arguments)
            self._compiled = tf.function(self._run).get_concrete_function(
                specs, tf.TensorSpec((), tf.float32)
            )
        *sums, left_out = self._compiled(arguments, epoch).numpy()
        self.left_out += round(left_out)
        return np.array(sums)

    def _run(self, batches, epoch):
        first = tf.nest.flatten(batches)[0]
        sums = tf.zeros(len(self.objective.names) + 1, tf.float64)
        for k in tf.range(tf.shape(first)[0]):
            own = tf.nest.map_structure(lambda array: array[k], batches)  # noqa: B023
            rate = tf.cast(self.optimizer.learning_rate, tf.float32)
            found = self.strategy.run(self._step, (own, epoch))
            found = self.strategy.reduce(tf.distribute.ReduceOp.SUM, found, axis=None)
            # From here on all replicas are written to together.
            if self.proximal is not None:
                self.proximal.apply(rate, epoch)
            done = tf.cast(self.optimizer.iterations, tf.float32)
            decay = tf.minimum(self.training.ema_decay, (1 + done) / (10 + done))
            for average, variable in zip(self.averages, self.variables, strict=False):
                average.assign(average + (1 - decay) * (variable.value - average))
            if self.scale:
                self._rescale(found[-1] > 0)
            sums += tf.cast(found, tf.float64)
        return sums

    def _step(self, batches, epoch):
        context = tf.distribute.get_replica_context()
        n = context.num_replicas_in_sync
        several = context if n > 1 else None
        batches = tf.nest.map_structure(lambda a: _part(a, context), batches)
        n_batches = self.training.accumulate
        watched = [variable.value for variable in self.variables]
        scale = self.scale[0].value if self.scale else 1.0
        total, gradients = 0.0, None
        for k in range(n_batches):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                for variable in watched:
                    tape.watch(variable)
                batch = tf.nest.map_structure(lambda array: array[k], batches)  # noqa: B023
                losses = self.objective.losses(batch, True, epoch, several)
                terms = tf.stack(
                    [tf.cast(losses[name], tf.float32) for name in self.objective.names]
                )
                loss = scale * tf.reduce_sum(terms) / n_batches
            found = tape.gradient(
                loss, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            found = [tf.convert_to_tensor(gradient) for gradient in found]
            gradients = found if k == 0 else list(map(tf.add, gradients, found))
            total += terms / n_batches
        if several:
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        gradients = [gradient / scale for gradient in gradients]
        longest = self.training.grad_clip_norm or _ANY_LENGTH
        gradients, is_finite = clipped(gradients, longest)
        # Keras adds the gradients of the replicas.
        self.optimizer.apply([g / n for g in gradients], self.variables)
        left_out = (1 - tf.cast(is_finite, tf.float32)) / n
        return tf.concat([total, left_out[None]], 0)

    def _rescale(self, is_left_out):
        scale, n_finite = (variable.value for variable in self.scale)
        is_due = n_finite + 1 >= GROWTH_UPDATES
        grown = tf.where(is_due, 2 * scale, scale)
        self.scale[0].assign(tf.where(is_left_out, scale / 2, grown))
        self.scale[1].assign(tf.where(is_left_out | is_due, 0.0, n_finite + 1))


def _part(array, context):
    """The segments of a replica: the r-th of equal parts."""
    n = context.num_replicas_in_sync
    if n == 1:
        return array
    size = array.shape[1] // n
    first = size * context.replica_id_in_sync_group
    return array[:, first : first + size]


def _of_any_length(array):
    return tf.TensorSpec((None, *array.shape[1:]), array.dtype)
