"""ConvBlock: convolution, norm, activation, dropout, pool."""

import keras

from v1model.cnn.activations import make_activation
from v1model.cnn.causal_conv import CausalConv
from v1model.cnn.chain import build_chain, chain_memory, chain_pixels
from v1model.cnn.core_params import BlockParams
from v1model.cnn.norms import make_norm
from v1model.cnn.pooling import make_pool


@keras.saving.register_keras_serializable(package="v1model")
class ConvBlock(keras.layers.Layer):
    """Convolution, norm, activation, dropout of channels, pool over pixels.

    Args:
        channels: Of the convolution; split_relu doubles them.
        params: BlockParams, or a dictionary of them.
        sampling_rate: Hz.

    Call arguments:
        x: (B, T, H, W, C).
        training: Whether channels are dropped.
        statistics: Of the stimulus, (B, T0 >= T, F), for conditioned norms.

    Returns:
        (B, T - memory_bins, H', W', C').
    """

    def __init__(self, channels, params, sampling_rate, **kwargs):
        super().__init__(**kwargs)
        params = BlockParams.model_validate(params)
        self.channels, self.params = channels, params
        self.sampling_rate = sampling_rate
        own = {"dtype": self.dtype_policy}
        options = params.model_dump(
            exclude={"norm", "activation", "dropout", "pool"}, mode="python"
        )
        self.conv = CausalConv(channels, **options, **own, name="conv")
        self.norm = make_norm(params.norm, sampling_rate, **own)
        self.activation = make_activation(params.activation, **own)
        self.dropout = keras.layers.SpatialDropout3D(params.dropout, **own)
        self.pool = None if params.pool is None else make_pool(params.pool, **own)
        after = (self.activation, self.dropout, self.pool)
        self.chain = [layer for layer in (self.conv, self.norm, *after) if layer]
        self.memory_bins = chain_memory(self.chain)
        self.pixel_map = chain_pixels(self.chain)

    def build(self, input_shape):
        build_chain(self.chain, tuple(input_shape))
        self.built = True

    def call(self, x, training=None, statistics=None):
        x = self.norm(self.conv(x), training=training, statistics=statistics)
        x = self.activation(x)
        if self.params.dropout:
            x = self.dropout(x, training=training)
        return x if self.pool is None else self.pool(x)

    def compute_output_shape(self, input_shape):
        return build_chain(self.chain, tuple(input_shape))

    def get_config(self):
        return super().get_config() | {
            "channels": self.channels,
            "params": self.params.model_dump(mode="json"),
            "sampling_rate": self.sampling_rate,
        }
