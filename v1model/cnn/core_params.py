"""Cores: convolutions that all recordings share."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from v1model.cnn.layer_params import (
    ACTIVATIONS,
    NoLayer,
    Odd,
    require_weight_norm,
)
from v1model.cnn.norm_params import NormParams, PlainNormParams
from v1model.params import Count, Natural, Params, Positive

Kernel = tuple[Count, Count, Count]


class PoolParams(Params):
    """Pooling over pixels; time is never pooled here, so that each bin has a rate."""

    type: Literal["max", "avg", "blur", "soft"] = "max"
    kernel_size: Count = Field(2, description="Side, pixels.")
    stride: Count = Field(2, description="Pixels between two results.")


class BlockParams(Params):
    """Convolution, norm, activation, dropout, pool."""

    kernel_size: Kernel = Field((1, 3, 3), description="Bins, rows, columns.")
    padding: Literal["valid", "same"] = Field(
        "same", description="In space; time is always causal and valid."
    )
    stride: Count = Field(1, description="In space, pixels.")
    conv: Literal["standard", "depthwise"] = Field(
        "standard", description="depthwise: each channel alone, then 1 x 1 x 1."
    )
    bias: bool = Field(True, description="A learned number per channel.")
    norm: NormParams = NoLayer()
    activation: Literal[ACTIVATIONS] = Field(
        "relu", description="split_relu has twice the channels."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Share of the channels that are dropped in training."
    )
    pool: PoolParams | None = None
    aa_signal: bool = Field(False, description="Kernels >= 5 wide have a Hann window.")
    aa_power: Positive = Field(0.25, description="Power of the window.")
    use_weight_norm: bool = Field(False, description="Kernels are g v / |v|.")
    keep_unit_norm: bool = Field(False, description="g stays 1.")

    _norm_is_used = model_validator(mode="after")(require_weight_norm)


class ConvnetParams(Params):
    """Blocks one after the other.

    plain: a sequence. resnet: block and shortcut are added. densenet: block and input
    are joined.
    """

    type: Literal["resnet", "densenet", "plain"] = "resnet"
    channels: tuple[Count, ...] = Field(
        (16, 16), min_length=1, description="Of each block, before a split_relu."
    )
    stem_channels: Count = Field(8, description="Of the stem.")
    stem: BlockParams | None = BlockParams(kernel_size=(1, 5, 5))
    blocks: tuple[BlockParams, ...] = Field(
        (BlockParams(kernel_size=(3, 3, 3)),),
        min_length=1,
        description="One per number of channels, or one for all.",
    )
    final_activation: Literal[ACTIVATIONS] = Field("none", description="Of the core.")

    @model_validator(mode="after")
    def _one_block_per_number(self):
        if len(self.blocks) not in (1, len(self.channels)):
            raise ValueError(
                f"blocks must be 1 or {len(self.channels)}, one for each of channels, "
                f"got {len(self.blocks)}"
            )
        return self


class X3DParams(Params):
    """Depthwise in time, depthwise in space, expansion, projection: X3D, causal."""

    type: Literal["x3d"]
    channels: tuple[Count, ...] = Field((16, 32), min_length=1, description="Stages.")
    depth: tuple[Count, ...] = Field((1, 1), description="Units of each stage.")
    stem_channels: Count = Field(8, description="Of the stem.")
    time_kernel: Count = Field(5, description="Bins.")
    space_kernel: Odd = Field(3, description="Pixels.")
    space_strides: tuple[Count, ...] = Field((1, 2), description="Of each stage.")
    expansion: Count = Field(4, description="Channels inside a unit, per channel.")
    norm: NormParams = PlainNormParams(type="grn")
    activation: Literal[ACTIVATIONS] = Field("silu", description="Inside a unit.")
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Share.")
    squeeze_ratio: Natural = Field(
        0, description="Squeeze and excitation of the last stage; 0 is none."
    )

    @model_validator(mode="after")
    def _one_entry_per_stage(self):
        for name in ("depth", "space_strides"):
            found = len(getattr(self, name))
            if found != len(self.channels):
                raise ValueError(
                    f"{name} must have {len(self.channels)} numbers, one for each of "
                    f"channels, got {found}"
                )
        return self


CoreParams = Annotated[NoLayer | ConvnetParams | X3DParams, Field(discriminator="type")]
