"""ConditionedNorm: a norm whose gain and offset follow the statistics of the movie."""

import keras
import tensorflow as tf

from v1model.cnn.causal import last_bins
from v1model.cnn.norm_params import ConditionedNormParams
from v1model.cnn.norms.base import Norm
from v1model.cnn.norms.moments import per_frame
from v1model.cnn.norms.single import make_single_norm
from v1model.cnn.stimulus_statistics import N_STATISTICS


@keras.saving.register_keras_serializable("v1model")
class ConditionedNorm(Norm):
    """y = (1 + g(s)) N(x) + b(s), N any single norm with its own gain and offset.

    s are the running statistics of the movie, StimulusStatistics; g and b, (C,) each,
    are a network with one hidden layer whose last layer begins at 0, so that training
    begins with N.

    Raises:
        ValueError: It is called without statistics.
    """

    params_type = ConditionedNormParams
    needs_statistics = True

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        self.base = make_single_norm(self.params.base, sampling_rate, self.dtype_policy)
        self.memory_bins = self.base.memory_bins
        self.hidden = keras.layers.Dense(
            self.params.hidden, activation="silu", dtype="float32"
        )

    def build(self, input_shape):
        n_channels = input_shape[-1]
        self.base.build(input_shape)
        self.hidden.build((None, N_STATISTICS))
        self.output_layer = keras.layers.Dense(
            2 * n_channels, kernel_initializer="zeros", dtype="float32"
        )
        self.output_layer.build((None, self.params.hidden))
        super().build(input_shape)

    def call(self, x, training=None, statistics=None):
        if statistics is None:
            raise ValueError(
                "a norm of the type conditioned needs `statistics` of the movie, got "
                "none."
            )
        y = self.base(x, training=training)
        recent = tf.cast(last_bins(statistics, y), tf.float32)
        gain, offset = tf.split(self.output_layer(self.hidden(recent)), 2, -1)
        return y * tf.cast(per_frame(1 + gain), y.dtype) + tf.cast(
            per_frame(offset), y.dtype
        )
