"""Skip: the input of a block, brought to the frames and pixels of its output."""

import keras

from v1model.cnn.causal_conv import CausalConv
from v1model.cnn.chain import build_chain, chain_pixels, frames_after
from v1model.cnn.core_params import BlockParams
from v1model.cnn.pixels import window_map
from v1model.cnn.pooling import make_pool


@keras.saving.register_keras_serializable(package="v1model")
class Skip(keras.layers.Layer):
    """The last frames, the pixels under the kernel's middle, every stride, pooled.

    Each pixel of the output lies where the block's pixel of the same index does. With
    `filters`, channels are then mixed in each pixel, without bias.

    Args:
        params: BlockParams of the block, or a dictionary of them.
        memory_bins: Of the block.
        filters: Channels of the output; None keeps those of the input.

    Call arguments:
        x: (B, T, H, W, C).

    Returns:
        (B, T - memory_bins, H', W', C').
    """

    def __init__(self, params, memory_bins, filters=None, **kwargs):
        super().__init__(**kwargs)
        params = BlockParams.model_validate(params)
        self.params, self.memory_bins, self.filters = params, memory_bins, filters
        sizes = params.kernel_size[1:]
        is_valid = params.padding == "valid"
        self.crops = [((n - 1) // 2, n // 2) if is_valid else (0, 0) for n in sizes]
        self.chain = []
        if params.pool is not None:
            self.chain.append(make_pool(params.pool, dtype=self.dtype_policy))
        if filters is not None:
            self.mix = CausalConv(
                filters, (1, 1, 1), bias=False, dtype=self.dtype_policy, name="mix"
            )
            self.chain.append(self.mix)
        before = [-first for first, _ in self.crops]
        own = window_map((1, 1), params.stride, before)
        self.pixel_map = own.then(chain_pixels(self.chain))

    def build(self, input_shape):
        build_chain(self.chain, self._cropped_shape(input_shape))
        self.built = True

    def call(self, x):
        (top, bottom), (left, right) = self.crops
        stride = self.params.stride
        rows = slice(top, x.shape[2] - bottom, stride)
        columns = slice(left, x.shape[3] - right, stride)
        if self.memory_bins or stride > 1 or top + bottom + left + right:
            x = x[:, self.memory_bins :, rows, columns]
        for layer in self.chain:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape):
        return build_chain(self.chain, self._cropped_shape(input_shape))

    def _cropped_shape(self, input_shape):
        batch, frames, *pixels, channels = input_shape
        stride = self.params.stride
        pixels = [
            (n - sum(crop) - 1) // stride + 1
            for n, crop in zip(pixels, self.crops, strict=True)
        ]
        return (batch, frames_after(frames, self.memory_bins), *pixels, channels)

    def get_config(self):
        return super().get_config() | {
            "params": self.params.model_dump(mode="json"),
            "memory_bins": self.memory_bins,
            "filters": self.filters,
        }
