"""PoolReadout: what the column says, read from pools of L5 neurons."""

import keras
import numpy as np
import tensorflow as tf

THRESHOLD_RATE = 0.01  # spikes/ms; the fixed rival of a single pool (Chen et al. 2022)


@keras.saving.register_keras_serializable("v1model")
class PoolReadout(keras.layers.Layer):
    """Mean activity of each pool per chunk of time, as logits.

        logit_k = scale * mean over pool k and the chunk's steps of z

    With `has_threshold` a constant 0.01 spikes/ms stands for class 0 and the single
    pool for class 1. The gradient enters spikes undampened, as published.

    The published scale was meant to be trained but is the constant 1.693 there; here
    its logarithm is the trained variable `log_readout_scale`, so that a step of the
    optimizer changes it by a fraction whatever its size.

    Args:
        pools: Neurons of each pool, (K, P).
        chunk: Steps per chunk.
        dampening_factor: That of the column's surrogate.
        has_threshold: Whether class 0 is the constant.
        initial_scale: From spikes/ms to logits.

    Call arguments:
        spikes: (B, T, N), T a multiple of `chunk`.

    Returns:
        Logits, (B, T / chunk, number of classes) float32.
    """

    def __init__(
        self,
        pools,
        chunk,
        dampening_factor=0.5,
        has_threshold=False,
        initial_scale=100.0,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.pools = np.asarray(pools, np.int32)
        if self.pools.ndim != 2 or self.pools.size == 0:
            raise ValueError(f"pools must have shape (K, P), got {self.pools.shape}.")
        if chunk <= 0 or initial_scale <= 0:
            raise ValueError(
                f"chunk and initial_scale must be positive, got {chunk} and "
                f"{initial_scale}."
            )
        self.chunk = chunk
        self.dampening_factor = dampening_factor
        self.has_threshold = has_threshold
        self.initial_scale = initial_scale

    def build(self, input_shape):
        self._check_shape(input_shape)
        if self.built:
            return
        start = keras.initializers.Constant(np.log(self.initial_scale))
        self.log_scale = self.add_weight(
            name="log_readout_scale",
            shape=(),
            initializer=start,
            trainable=True,
            autocast=False,
        )

    def _check_shape(self, shape):
        _, n_steps, n_neurons = shape
        if n_steps is not None and n_steps % self.chunk:
            raise ValueError(
                f"{n_steps} steps are no multiple of chunks of {self.chunk}."
            )
        if n_neurons is not None and self.pools.max() >= n_neurons:
            raise ValueError(
                f"pools hold neuron {self.pools.max()}, the column has {n_neurons} "
                "neurons."
            )

    def call(self, spikes):
        self._check_shape(spikes.shape)
        n_pools, size = self.pools.shape
        pooled = tf.gather(spikes, self.pools.ravel(), axis=2)
        pooled = tf.cast(pooled, self.variable_dtype)  # (B, T, K * P)
        undampened = pooled / self.dampening_factor
        pooled = undampened + tf.stop_gradient(pooled - undampened)
        n_chunks = spikes.shape[1] // self.chunk
        rates = tf.reshape(pooled, (-1, n_chunks, self.chunk, n_pools, size))
        rates = tf.reduce_mean(rates, (2, 4))  # (B, C, K), spikes/ms
        if self.has_threshold:
            rival = tf.fill(tf.shape(rates[..., :1]), THRESHOLD_RATE)
            rates = tf.concat((tf.cast(rival, rates.dtype), rates), -1)
        return rates * tf.exp(tf.convert_to_tensor(self.log_scale))

    def get_config(self):
        return {
            **super().get_config(),
            "pools": self.pools.tolist(),
            "chunk": self.chunk,
            "dampening_factor": self.dampening_factor,
            "has_threshold": self.has_threshold,
            "initial_scale": self.initial_scale,
        }
