"""Blocks beside which their input goes on: added to their output, or joined with it."""

import keras
import tensorflow as tf

from v1model.cnn.core_params import BlockParams
from v1model.cnn.cores.block import ConvBlock
from v1model.cnn.cores.skip import Skip


class _JoinedBlock(keras.layers.Layer):
    """A block, and its input beside it.

    Args:
        channels: Of the block's convolution.
        params: BlockParams, or a dictionary of them.
        sampling_rate: Hz.
    """

    def __init__(self, channels, params, sampling_rate, **kwargs):
        super().__init__(**kwargs)
        params = BlockParams.model_validate(params)
        self.channels, self.params = channels, params
        self.sampling_rate = sampling_rate
        self.block = ConvBlock(
            channels, params, sampling_rate, dtype=self.dtype_policy, name="block"
        )
        self.memory_bins = self.block.memory_bins
        self.pixel_map = self.block.pixel_map

    @property
    def conv(self):
        return self.block.conv

    def _make_skip(self, filters=None):
        return Skip(
            self.params,
            self.memory_bins,
            filters,
            dtype=self.dtype_policy,
            name="skip",
        )

    def get_config(self):
        return super().get_config() | {
            "channels": self.channels,
            "params": self.params.model_dump(mode="json"),
            "sampling_rate": self.sampling_rate,
        }


@keras.saving.register_keras_serializable(package="v1model")
class ResidualBlock(_JoinedBlock):
    """y = block(x) + skip(x); the skip mixes channels where their numbers differ.

    Call arguments and result: as ConvBlock's.
    """

    def build(self, input_shape):
        self.block.build(input_shape)
        filters = self.block.compute_output_shape(input_shape)[-1]
        self.skip = self._make_skip(None if filters == input_shape[-1] else filters)
        self.skip.build(input_shape)
        self.built = True

    def call(self, x, training=None, statistics=None):
        y = self.block(x, training=training, statistics=statistics)
        return y + self.skip(x)

    def compute_output_shape(self, input_shape):
        return self.block.compute_output_shape(input_shape)


@keras.saving.register_keras_serializable(package="v1model")
class DenseBlock(_JoinedBlock):
    """y = [skip(x), block(x)] over channels: old features are pooled as new ones are.

    Call arguments and result: as ConvBlock's, with the channels of both.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.skip = self._make_skip()

    def build(self, input_shape):
        self.block.build(input_shape)
        self.skip.build(input_shape)
        self.built = True

    def call(self, x, training=None, statistics=None):
        y = self.block(x, training=training, statistics=statistics)
        return tf.concat([self.skip(x), y], -1)

    def compute_output_shape(self, input_shape):
        *shape, channels = self.block.compute_output_shape(input_shape)
        return (*shape, channels + input_shape[-1])
