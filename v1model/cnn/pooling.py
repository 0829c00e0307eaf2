"""Pooling over the pixels of each frame; time is left alone."""

import keras
import tensorflow as tf

from v1model.cnn.layer_params import PoolParams

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

    def call(self, x):
        shape = tf.shape(x)
        frames = tf.reshape(x, (-1, *x.shape[2:]))
        frames = POOLS[self.params.type](frames, self)
        out = self.compute_output_shape(x.shape)
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
    """The weights at the border are those that lie inside, scaled to the sum 1."""
    for axis in (1, 2):
        size = x.shape[axis]
        lag = tf.range(size)[:, None] - tf.range(size)[None]
        near = tf.abs(lag) <= 1
        weights = tf.where(near, tf.gather(BLUR, tf.clip_by_value(lag + 1, 0, 2)), 0.0)
        weights /= tf.reduce_sum(weights, 1, keepdims=True)
        along = "ij,bjwc->biwc" if axis == 1 else "ij,bhjc->bhic"
        x = tf.einsum(along, tf.cast(weights, x.dtype), x)
    return pool.reduce(x)


def _soft(x, pool):
    """Pools of slices, one for each place within the k x k."""
    kernel, stride = pool.params.kernel_size, pool.params.stride
    last = [(side - kernel) // stride * stride + 1 for side in x.shape[1:3]]
    slices = [
        x[:, i : i + last[0] : stride, j : j + last[1] : stride]
        for i in range(kernel)
        for j in range(kernel)
    ]
    x = tf.stack(slices, -1)
    return tf.reduce_sum(x * tf.nn.softmax(TEMPERATURE * x), -1)


POOLS = {
    "max": lambda x, pool: pool.reduce(x, tf.nn.max_pool2d),
    "avg": lambda x, pool: pool.reduce(x),
    "blur": _blur,
    "soft": _soft,
}


def make_pool(params):
    """The layer of PoolParams."""
    return Pool(params)
