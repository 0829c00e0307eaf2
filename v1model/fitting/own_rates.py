"""OwnRates: what optimizers of this package do with single variables alike."""

import tensorflow as tf


class OwnRates:
    """For a Keras optimizer: a share of the learning rate and a decay per variable.

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

    def decayed(self, variable, learning_rate):
        """Lets a variable decay; its place in the order of `build`, and its rate."""
        # As Keras' own optimizers find it: no other way knows variables of replicas.
        place = self._get_variable_index(variable)
        rate = tf.cast(learning_rate, variable.dtype)
        if self.shares:
            rate *= self.shares[place]
        if self.decay and (not self.decays or self.decays[place]):
            variable.assign_sub(variable * rate * self.decay)
        return place, rate
