"""Readouts: what the column says, from pools of L5 neurons or from any neurons."""

import keras
import numpy as np
import tensorflow as tf

THRESHOLD_RATE = 0.01  # spikes/ms; the fixed rival of a single pool (Chen et al. 2022)


@keras.saving.register_keras_serializable("v1model")
class PoolReadout(keras.layers.Layer):
    """Mean activity of each pool per chunk of time, as logits.

        logit_k = scale * mean over pool k and the chunk's steps of z

    A pool with a threshold answers yes or no: a constant 0.01 spikes/ms stands for
    class 0 and the pool for class 1. The gradient enters spikes undampened, as
    published.

    The published scale was meant to be trained but is the constant 1.693 there; here
    its logarithm is the trained variable `log_readout_scale`, so that a step of the
    optimizer changes it by a fraction whatever its size.

    Args:
        pools: Neurons of each pool, (K, P).
        chunk: Steps per chunk.
        dampening_factor: That of the column's surrogate.
        has_threshold: Whether a pool has the constant as its rival; one for all, or
            (K,).
        initial_scale: From spikes/ms to logits.
        train_scale: Whether it is trained.

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
        train_scale=True,
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
        n_pools = len(self.pools)
        self.has_threshold = np.broadcast_to(has_threshold, (n_pools,)).tolist()
        self.initial_scale = initial_scale
        self.train_scale = train_scale
        # Column n_pools of the rates is the rival's.
        self._order = np.array(
            [
                column
                for pool, has_rival in enumerate(self.has_threshold)
                for column in ([n_pools] if has_rival else []) + [pool]
            ]
        )

    @property
    def n_columns(self):
        """Number of logits per chunk."""
        return len(self._order)

    def build(self, input_shape):
        check_spikes(input_shape, self.chunk, self.pools)
        if self.built:
            return
        start = keras.initializers.Constant(np.log(self.initial_scale))
        self.log_scale = self.add_weight(
            name="log_readout_scale",
            shape=(),
            initializer=start,
            trainable=self.train_scale,
            autocast=False,
        )

    def call(self, spikes):
        check_spikes(spikes.shape, self.chunk, self.pools)
        n_pools, size = self.pools.shape
        pooled = tf.gather(spikes, self.pools.ravel(), axis=2)
        pooled = tf.cast(pooled, self.variable_dtype)  # (B, T, K * P)
        pooled = undampened(pooled, self.dampening_factor)
        n_chunks = spikes.shape[1] // self.chunk
        rates = tf.reshape(pooled, (-1, n_chunks, self.chunk, n_pools, size))
        rates = tf.reduce_mean(rates, (2, 4))  # (B, C, K), spikes/ms
        if any(self.has_threshold):
            rival = tf.fill(tf.shape(rates[..., :1]), THRESHOLD_RATE)
            rates = tf.concat((rates, tf.cast(rival, rates.dtype)), -1)
            rates = tf.gather(rates, self._order, axis=-1)
        return rates * tf.exp(tf.convert_to_tensor(self.log_scale))

    def get_config(self):
        return {
            **super().get_config(),
            "pools": self.pools.tolist(),
            "chunk": self.chunk,
            "dampening_factor": self.dampening_factor,
            "has_threshold": self.has_threshold,
            "initial_scale": self.initial_scale,
            "train_scale": self.train_scale,
        }


@keras.saving.register_keras_serializable("v1model")
class LinearReadout(keras.layers.Layer):
    """A trained linear map from the spikes of some neurons to logits.

        logit_k = bias_k + sum over neurons of kernel_nk * spikes of n in the chunk

    The gradient enters spikes undampened, as in PoolReadout.

    Args:
        neurons: Neurons that are read, (M,).
        n_columns: K.
        chunk: Steps per chunk.
        dampening_factor: That of the column's surrogate.

    Call arguments and result: as PoolReadout.
    """

    def __init__(self, neurons, n_columns, chunk, dampening_factor=0.5, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.neurons = np.asarray(neurons, np.int32)
        if self.neurons.ndim != 1 or self.neurons.size == 0:
            raise ValueError(
                f"neurons must have shape (M,), M > 0, got {self.neurons.shape}."
            )
        if chunk <= 0 or n_columns <= 0:
            raise ValueError(
                f"chunk and n_columns must be positive, got {chunk} and {n_columns}."
            )
        self.n_columns = n_columns
        self.chunk = chunk
        self.dampening_factor = dampening_factor

    def build(self, input_shape):
        check_spikes(input_shape, self.chunk, self.neurons)
        if self.built:
            return
        self.kernel = self.add_weight(
            name="readout_kernel",
            shape=(len(self.neurons), self.n_columns),
            initializer="glorot_uniform",
            autocast=False,
        )
        self.bias = self.add_weight(
            name="readout_bias",
            shape=(self.n_columns,),
            initializer="zeros",
            autocast=False,
        )

    def call(self, spikes):
        check_spikes(spikes.shape, self.chunk, self.neurons)
        read = tf.gather(spikes, self.neurons, axis=2)
        read = undampened(tf.cast(read, self.variable_dtype), self.dampening_factor)
        shape = (-1, spikes.shape[1] // self.chunk, self.chunk, len(self.neurons))
        counts = tf.reduce_sum(tf.reshape(read, shape), 2)  # (B, C, M)
        kernel, bias = map(tf.convert_to_tensor, (self.kernel, self.bias))
        return tf.tensordot(counts, kernel, 1) + bias

    def get_config(self):
        return {
            **super().get_config(),
            "neurons": self.neurons.tolist(),
            "n_columns": self.n_columns,
            "chunk": self.chunk,
            "dampening_factor": self.dampening_factor,
        }


def undampened(spikes, dampening_factor):
    """The same spikes; their gradient over the dampening factor."""
    scaled = spikes / dampening_factor
    return scaled + tf.stop_gradient(spikes - scaled)


def check_spikes(shape, chunk, neurons):
    """Raises ValueError unless spikes (B, T, N) hold these neurons and whole chunks."""
    _, n_steps, n_neurons = shape
    if n_steps is not None and n_steps % chunk:
        raise ValueError(f"{n_steps} steps are no multiple of chunks of {chunk}.")
    if n_neurons is not None and neurons.max() >= n_neurons:
        raise ValueError(
            f"the readout reads neuron {neurons.max()}, the column has {n_neurons} "
            "neurons."
        )
