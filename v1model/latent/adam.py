"""Adam in one pass over each weight.

Keras writes it as a dozen operations, each of which reads and writes all weights: as
long as the matrix products of a short rollout. TensorFlow has one kernel for all of it.
"""

import keras
import tensorflow as tf


class _InOnePass:
    """Replaces the step of a Keras Adam by TensorFlow's own; its numbers are the same.

    Gradients are dense. There is no amsgrad.

    Attributes:
        shares: What the learning rate is multiplied by, for each variable in the order
            of `build`; empty is 1 for all.
    """

    shares = ()

    def update_step(self, gradient, variable, learning_rate):
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        if self.shares:
            learning_rate *= self.shares[place]
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Adam(_InOnePass, keras.optimizers.Adam):
    """keras.optimizers.Adam, faster."""


class AdamW(_InOnePass, keras.optimizers.AdamW):
    """keras.optimizers.AdamW, faster."""
