"""MixedNorm: which norm it should be is learned."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.norm_params import MixedNormParams
from v1model.cnn.norms.base import Norm
from v1model.cnn.norms.single import make_single_norm


@keras.saving.register_keras_serializable("v1model")
class MixedNorm(Norm):
    """y = gain sum_i pi_i N_i(x) + offset, pi = softmax(a).

    a (n,), or (n, C) with `per_channel`, begins with `incumbent` for the first norm and
    0 for the others. `memory_bins` is the longest of the norms'.
    """

    params_type = MixedNormParams

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        self.norms = [
            make_single_norm(one, sampling_rate, self.dtype_policy)
            for one in self.params.of
        ]
        self.memory_bins = max(norm.memory_bins for norm in self.norms)

    def build(self, input_shape):
        n_channels = input_shape[-1]
        for norm in self.norms:
            norm.build(input_shape)
        start = np.zeros(
            (len(self.norms), n_channels if self.params.per_channel else 1)
        )
        start[0] = self.params.incumbent
        self.logits = self.add_weight(
            shape=start.shape,
            initializer=lambda shape, dtype: tf.constant(start, dtype),
            autocast=False,
            name="logits",
        )
        self.add_affine(n_channels)
        super().build(input_shape)

    def shares(self):
        """pi, (n, 1) or (n, C) float32."""
        return tf.nn.softmax(tf.convert_to_tensor(self.logits), 0)

    def penalty(self):
        """`entropy_weight` times the mean entropy of pi, nats: what the loss adds."""
        logs = tf.nn.log_softmax(tf.convert_to_tensor(self.logits), 0)
        entropy = -tf.reduce_sum(tf.exp(logs) * logs, 0)
        return self.params.entropy_weight * tf.reduce_mean(entropy)

    def call(self, x, training=None, statistics=None):
        shares = self.shares() * self.gain
        n_out = tf.shape(x)[1] - self.memory_bins
        mixture = tf.cast(self.offset, x.dtype)
        for norm, share in zip(self.norms, tf.unstack(shares), strict=True):
            y = norm(x, training=training)
            mixture += y[:, tf.shape(y)[1] - n_out :] * tf.cast(share, x.dtype)
        return mixture
