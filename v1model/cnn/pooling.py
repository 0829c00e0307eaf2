"""Pooling over the pixels of each frame; time is left alone."""

import functools

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.core_params import PoolParams
from v1model.cnn.pixels import window_map

TEMPERATURE = 10.0  # of the soft pool: between the mean (0) and the maximum
BLUR = (1.0, 2.0, 1.0)


@keras.saving.register_keras_serializable("v1model")
class Pool(keras.layers.Layer):
    """k x k pixels become one, every s pixels; places that are not whole are left out.

    max, avg: the largest, the mean.
    blur: after a blur with [1 2 1] x [1 2 1] / 16, the mean: an edge that moves by a
        pixel changes little (Zhang, ICML 2019). At the border the blur is of what
        there is.
    soft: sum x exp(10 x) / sum exp(10 x) over the k x k (Stergiou et al., ICCV 2021).

    Args:
        params: PoolParams, or what they were dumped to.

    Call arguments:
        x: (B, T, H, W, C).

    Returns:
        (B, T, H', W', C), H' = (H - k) // s + 1.
    """

    def __init__(self, params, **kwargs):
        super().__init__(**kwargs)
        self.params = PoolParams.model_validate(params)
        size = self.params.kernel_size
        self.pixel_map = window_map((size, size), self.params.stride)

    def call(self, x):
        shape, out = tf.shape(x), self.compute_output_shape(x.shape)
        frames = tf.reshape(x, (-1, *x.shape[2:]))
        frames = POOLS[self.params.type](frames, self)
        frames = tf.reshape(frames, tf.concat([shape[:2], out[2:]], 0))
        return tf.ensure_shape(frames, out)

    def reduce(self, frames, reduce=tf.nn.avg_pool2d):
        """Frames (F, H, W, C) with `reduce` over each k x k."""
        return reduce(frames, self.params.kernel_size, self.params.stride, "VALID")

    def compute_output_shape(self, input_shape):
        kernel, stride = self.params.kernel_size, self.params.stride
        sides = [(side - kernel) // stride + 1 for side in input_shape[2:4]]
        if min(sides) < 1:
            raise ValueError(
                f"pool.kernel_size {kernel} is larger than the map of "
                f"{input_shape[2]} x {input_shape[3]} pixels."
            )
        return (*input_shape[:2], *sides, input_shape[4])

    def get_config(self):
        return super().get_config() | {"params": self.params.model_dump(mode="json")}


def _blur(x, pool):
    """Blur and mean are one product per axis, 3 times as fast as two layers."""
    height, width, channels = x.shape[1:]
    rows, columns = (_blur_and_mean(side, pool.params) for side in (height, width))
    x = tf.matmul(tf.cast(rows, x.dtype), tf.reshape(x, (-1, height, width * channels)))
    columns = tf.cast(columns, x.dtype)
    x = tf.matmul(columns, tf.reshape(x, (-1, width, channels)))
    return tf.reshape(x, (-1, rows.shape[0], columns.shape[0], channels))


def _blur_and_mean(n_pixels, params):
    """What a line of pixels is multiplied by, (n', n) float32."""
    # The weights at the border are those that lie inside, scaled to the sum 1.
    blur = sum(w * np.eye(n_pixels, k=k) for w, k in zip(BLUR, (-1, 0, 1), strict=True))
    blur /= blur.sum(1, keepdims=True)
    first = range(0, n_pixels - params.kernel_size + 1, params.stride)
    mean = np.stack([blur[i : i + params.kernel_size].mean(0) for i in first])
    return mean.astype(np.float32)


def _soft(x, pool):
    """Sums over slices of x, one for each place within the k x k."""
    kernel, stride = pool.params.kernel_size, pool.params.stride
    last = [(side - kernel) // stride * stride + 1 for side in x.shape[1:3]]
    slices = [
        x[:, i : i + last[0] : stride, j : j + last[1] : stride]
        for i in range(kernel)
        for j in range(kernel)
    ]
    # Less the maximum, so that no exponential is too large for a float.
    top = tf.stop_gradient(functools.reduce(tf.maximum, slices))
    weights = [tf.exp(TEMPERATURE * (part - top)) for part in slices]
    total = tf.add_n([w * part for w, part in zip(weights, slices, strict=True)])
    return total / tf.add_n(weights)


POOLS = {
    "max": lambda x, pool: pool.reduce(x, tf.nn.max_pool2d),
    "avg": lambda x, pool: pool.reduce(x),
    "blur": _blur,
    "soft": _soft,
}


def make_pool(params, **kwargs):
    """The layer of PoolParams; `kwargs` are those of a Keras layer, as `dtype`."""
    return Pool(params, **kwargs)
