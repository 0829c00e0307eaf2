"""Adam in one pass over each weight.

Keras writes it as a dozen operations, each of which reads and writes all weights: as
long as the matrix products of a short rollout. TensorFlow has one kernel for all of it.
"""

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """keras.optimizers.Adam in one pass; its numbers are the same.

    Gradients are dense. There is no amsgrad.

    Attributes:
        decay: Share of a weight that is taken off in each step, times the learning
            rate, before it: AdamW.
        decays: Whether each variable decays, in the order of `build`; empty is all.
        shares: What the learning rate is multiplied by, for each variable in the order
            of `build`; empty is 1 for all.
    """

    decay = 0.0
    decays = ()
    shares = ()

    def update_step(self, gradient, variable, learning_rate):
        # As Keras' own optimizers find it: no other way knows variables of replicas.
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        rate = tf.cast(learning_rate, variable.dtype)
        if self.shares:
            rate *= self.shares[place]
        if self.decay and (not self.decays or self.decays[place]):
            variable.assign_sub(variable * rate * self.decay)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def adam_w(learning_rate, decay, **options):
    """Adam whose weights decay; options are those of Adam."""
    optimizer = Adam(learning_rate, **options)
    optimizer.decay = decay
    return optimizer
