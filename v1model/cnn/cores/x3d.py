"""X3DUnit: filters in time, in space and over channels apart (X3D, CVPR 2020)."""

import keras
import tensorflow as tf

from v1model.cnn.activations import make_activation
from v1model.cnn.causal_conv import CausalConv
from v1model.cnn.chain import build_chain, chain_memory, frames_after
from v1model.cnn.core_params import BlockParams, X3DParams
from v1model.cnn.cores.block import ConvBlock
from v1model.cnn.cores.skip import Skip
from v1model.cnn.norms import make_norm
from v1model.cnn.pixels import window_map


@keras.saving.register_keras_serializable(package="v1model")
class DepthwiseTime(keras.layers.Layer):
    """Each channel through its own filter of `bins` taps, valid in time.

    Call arguments:
        x: (B, T, H, W, C).

    Returns:
        (B, T - bins + 1, H, W, C).
    """

    def __init__(self, bins, **kwargs):
        super().__init__(**kwargs)
        self.bins, self.memory_bins = bins, bins - 1

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(self.bins, 1, 1, input_shape[-1]),
            initializer="he_normal",
            name="kernel",
        )
        self.built = True

    def call(self, x):
        # Bins as rows and pixels as columns: the fastest form by ten times, as a sum of
        # shifted frames has a slow gradient.
        height, width, channels = x.shape[2:]
        shape = tf.shape(x)
        rows = tf.reshape(x, (shape[0], shape[1], height * width, channels))
        taps = tf.transpose(tf.cast(self.kernel, x.dtype), (0, 1, 3, 2))
        y = tf.nn.depthwise_conv2d(rows, taps, [1] * 4, "VALID")
        return tf.reshape(y, (shape[0], -1, height, width, channels))

    def compute_output_shape(self, input_shape):
        batch, frames, *rest = input_shape
        return (batch, frames_after(frames, self.memory_bins), *rest)

    def get_config(self):
        return super().get_config() | {"bins": self.bins}


@keras.saving.register_keras_serializable(package="v1model")
class DepthwiseSpace(keras.layers.Layer):
    """Each channel of each frame through its own filter of `size` x `size` pixels.

    Call arguments:
        x: (B, T, H, W, C).

    Returns:
        (B, T, H', W', C), H' = H / stride, rounded up.
    """

    def __init__(self, size, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.size, self.stride = size, stride
        self.pixel_map = window_map((size, size), stride, [(size - 1) // 2] * 2)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(self.size, self.size, 1, input_shape[-1]),
            initializer="he_normal",
            name="kernel",
        )
        self.built = True

    def call(self, x):
        shape, margin = tf.shape(x), (self.size - 1) // 2
        frames = tf.reshape(x, (-1, *x.shape[2:]))
        frames = tf.pad(frames, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
        taps = tf.transpose(tf.cast(self.kernel, x.dtype), (0, 1, 3, 2))
        strides = [1, self.stride, self.stride, 1]
        y = tf.nn.depthwise_conv2d(frames, taps, strides, "VALID")
        return tf.reshape(y, (shape[0], shape[1], *y.shape[1:]))

    def compute_output_shape(self, input_shape):
        batch, frames, *pixels, channels = input_shape
        pixels = [(n - 1) // self.stride + 1 for n in pixels]
        return (batch, frames, *pixels, channels)

    def get_config(self):
        return super().get_config() | {"size": self.size, "stride": self.stride}


@keras.saving.register_keras_serializable(package="v1model")
class SqueezeExcitation(keras.layers.Layer):
    """Channels are scaled by what is in the whole frame (Hu et al., CVPR 2018).

        y_c = x_c sigmoid(W2 relu(W1 mean over pixels of x))_c

    of each frame alone, so nothing of the future is used.

    Args:
        ratio: Channels per hidden number.
    """

    def __init__(self, ratio, **kwargs):
        super().__init__(**kwargs)
        self.ratio = ratio

    def build(self, input_shape):
        channels = input_shape[-1]
        own = {"dtype": self.dtype_policy}
        self.squeeze = keras.layers.Dense(
            max(channels // self.ratio, 1), "relu", **own, name="squeeze"
        )
        self.excite = keras.layers.Dense(channels, "sigmoid", **own, name="excite")
        build_chain([self.squeeze, self.excite], (*input_shape[:2], channels))
        self.built = True

    def call(self, x):
        gains = self.excite(self.squeeze(tf.reduce_mean(x, (2, 3))))
        return x * gains[:, :, None, None]

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"ratio": self.ratio}


@keras.saving.register_keras_serializable(package="v1model")
class X3DUnit(keras.layers.Layer):
    """Depthwise in time, in space, expansion, norm, activation, projection, plus input.

    Args:
        channels: Of the output.
        params: X3DParams, or a dictionary of them.
        sampling_rate: Hz.
        stride: In space, pixels; time has none.
        has_squeeze: Whether squeeze and excitation come before the sum.

    Call arguments and result: as ConvBlock's.
    """

    def __init__(
        self, channels, params, sampling_rate, stride=1, has_squeeze=False, **kwargs
    ):
        super().__init__(**kwargs)
        params = X3DParams.model_validate(params)
        self.channels, self.params = channels, params
        self.sampling_rate, self.stride = sampling_rate, stride
        self.has_squeeze = has_squeeze
        own = {"dtype": self.dtype_policy}
        inner, point = params.expansion * channels, (1, 1, 1)
        self.time = DepthwiseTime(params.time_kernel, **own, name="time")
        self.space = DepthwiseSpace(params.space_kernel, stride, **own, name="space")
        self.expand = CausalConv(inner, point, **own, name="expand")
        self.norm = make_norm(params.norm, sampling_rate, **own)
        self.activation = make_activation(params.activation, **own)
        self.dropout = keras.layers.SpatialDropout3D(params.dropout, **own)
        self.project = CausalConv(channels, point, **own, name="project")
        self.squeeze = None
        if has_squeeze:
            self.squeeze = SqueezeExcitation(params.squeeze_ratio, **own)
        self.last_activation = make_activation(params.activation, **own)
        self.before = [self.time, self.space, self.expand]
        self.after = [self.norm, self.activation, self.dropout, self.project]
        self.memory_bins = chain_memory(self.before + self.after)
        self.pixel_map = self.space.pixel_map

    @staticmethod
    def stages_of(params, sampling_rate, dtype):
        """Layers of X3DParams: a stem, and `depth` units per stage."""
        space = params.space_kernel
        stem = BlockParams(
            kernel_size=(1, space, space), norm=params.norm, activation="none"
        )
        yield ConvBlock(
            params.stem_channels, stem, sampling_rate, dtype=dtype, name="stem"
        )
        last = len(params.channels) - 1
        for i, n_channels in enumerate(params.channels):
            for j in range(params.depth[i]):
                yield X3DUnit(
                    n_channels,
                    params,
                    sampling_rate,
                    stride=params.space_strides[i] if j == 0 else 1,
                    has_squeeze=i == last and params.squeeze_ratio > 0,
                    dtype=dtype,
                    name=f"stage_{i + 1}_unit_{j + 1}",
                )

    def build(self, input_shape):
        shape = build_chain(self.before + self.after, tuple(input_shape))
        if self.squeeze is not None:
            self.squeeze.build(shape)
        is_same = input_shape[-1] == self.channels
        geometry = BlockParams(kernel_size=(1, 1, 1), stride=self.stride)
        self.skip = Skip(
            geometry,
            self.memory_bins,
            None if is_same else self.channels,
            dtype=self.dtype_policy,
            name="skip",
        )
        self.skip.build(input_shape)
        self.last_activation.build(shape)
        self.built = True

    def call(self, x, training=None, statistics=None):
        y = x
        for layer in self.before:
            y = layer(y)
        y = self.norm(y, training=training, statistics=statistics)
        y = self.activation(y)
        if self.params.dropout:
            y = self.dropout(y, training=training)
        y = self.project(y)
        if self.squeeze is not None:
            y = self.squeeze(y)
        return self.last_activation(y + self.skip(x))

    def compute_output_shape(self, input_shape):
        shape = build_chain(self.before + self.after, tuple(input_shape))
        return self.last_activation.compute_output_shape(shape)

    def get_config(self):
        return super().get_config() | {
            "channels": self.channels,
            "params": self.params.model_dump(mode="json"),
            "sampling_rate": self.sampling_rate,
            "stride": self.stride,
            "has_squeeze": self.has_squeeze,
        }
