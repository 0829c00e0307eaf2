"""Dale's law."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("v1model")
class SignedConstraint(keras.constraints.Constraint):
    """Clips weights at zero so that no neuron changes its sign.

    Args:
        is_positive: Sign of each weight's presynaptic neuron, (S,) bool; None stands
            for signs that are loaded later.
    """

    def __init__(self, is_positive=None):
        self.is_positive = is_positive

    def __call__(self, weights):
        if self.is_positive is None:
            raise ValueError("SignedConstraint does not know the signs yet.")
        weights = tf.convert_to_tensor(weights)
        sign = np.where(self.is_positive, 1, -1).astype(weights.dtype.as_numpy_dtype)
        return sign * tf.nn.relu(weights * sign)

    def get_config(self):
        """Without the signs, which belong to the network and not to the config."""
        return {}
