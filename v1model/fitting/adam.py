"""Adam in one pass over each weight.

Keras writes it as a dozen operations, each of which reads and writes all weights: as
long as the matrix products of a short rollout. TensorFlow has one kernel for all of it.
"""

import keras
import tensorflow as tf

from v1model.fitting.own_rates import OwnRates


class Adam(OwnRates, keras.optimizers.Adam):
    """keras.optimizers.Adam in one pass, with OwnRates; its numbers are the same.

    Gradients are dense. There is no amsgrad.
    """

    def update_step(self, gradient, variable, learning_rate):
        place, rate = self.decayed(variable, learning_rate)
        step = tf.cast(self.iterations + 1, variable.dtype)
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
