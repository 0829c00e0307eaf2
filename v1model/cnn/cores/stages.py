"""Core: stages, one after the other, and what they are chosen by."""

import keras

from v1model.cnn.activations import make_activation
from v1model.cnn.chain import build_chain, chain_memory, chain_pixels
from v1model.cnn.core_params import ConvnetParams, X3DParams
from v1model.cnn.cores.block import ConvBlock
from v1model.cnn.cores.joined import DenseBlock, ResidualBlock
from v1model.cnn.cores.x3d import X3DUnit
from v1model.cnn.layer_params import NoLayer

BLOCKS = {"plain": ConvBlock, "resnet": ResidualBlock, "densenet": DenseBlock}
CORES = {"none": NoLayer, "x3d": X3DParams} | dict.fromkeys(BLOCKS, ConvnetParams)


@keras.saving.register_keras_serializable(package="v1model")
class Core(keras.layers.Layer):
    """Stem and blocks; causal, and valid in time.

    Args:
        params: CoreParams, or a dictionary of them.
        sampling_rate: Hz.

    Call arguments:
        x: (B, T, H, W, C).
        training: Whether channels are dropped.
        statistics: Of the stimulus, (B, T0 >= T, F), for conditioned norms.

    Returns:
        (B, T - memory_bins, H', W', C').

    stages: The layers that follow each other.
    """

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(**kwargs)
        if isinstance(params, dict):
            params = CORES[params["type"]].model_validate(params)
        self.params, self.sampling_rate = params, sampling_rate
        self.stages = list(self._make_stages())
        self.final = None
        if getattr(params, "final_activation", "none") != "none":
            self.final = make_activation(
                params.final_activation, dtype=self.dtype_policy
            )
        self.memory_bins = chain_memory(self.stages)
        self.pixel_map = chain_pixels(self.stages)

    def _make_stages(self):
        params, rate, own = self.params, self.sampling_rate, self.dtype_policy
        if params.type == "none":
            return
        if params.type == "x3d":
            yield from X3DUnit.stages_of(params, rate, own)
            return
        if params.stem is not None:
            yield ConvBlock(
                params.stem_channels, params.stem, rate, dtype=own, name="stem"
            )
        kinds = params.blocks
        if len(kinds) == 1:
            kinds *= len(params.channels)
        for i, (n, kind) in enumerate(zip(params.channels, kinds, strict=True), 1):
            yield BLOCKS[params.type](n, kind, rate, dtype=own, name=f"block_{i}")

    def _chain(self):
        return self.stages if self.final is None else [*self.stages, self.final]

    def build(self, input_shape):
        build_chain(self._chain(), tuple(input_shape))
        self.built = True

    def call(self, x, training=None, statistics=None):
        for stage in self.stages:
            x = stage(x, training=training, statistics=statistics)
        return x if self.final is None else self.final(x)

    def compute_output_shape(self, input_shape):
        return build_chain(self._chain(), tuple(input_shape))

    def get_config(self):
        return super().get_config() | {
            "params": self.params.model_dump(mode="json"),
            "sampling_rate": self.sampling_rate,
        }


def make_core(params, sampling_rate, **kwargs):
    """The core that options name.

    Args:
        params: One of core_params.CoreParams.
        sampling_rate: Bins per second, Hz.
        **kwargs: Of a Keras layer, as `name`.
    """
    return Core(params, sampling_rate, **kwargs)
