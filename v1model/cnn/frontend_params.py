"""The frontend: filters in time, the same in each pixel."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from v1model.cnn.layer_params import NoLayer, require_weight_norm
from v1model.params import Count, Natural, Params, Positive, Share, Weight

INITIALIZATIONS = (
    "gaussian_derivatives",
    "biphasic",
    "raised_cosine",
    "identity",
    "random",
)


class TemporalOptions(Params):
    """What a temporal kernel is kept from; tau = 0 is the newest frame."""

    min_latency_ms: Weight = Field(
        0.0, description="Hard mask: taps younger than this are 0."
    )
    mask_ramp_bins: Natural = Field(
        0, description="Bins over which the mask rises, as half a cosine."
    )
    is_zero_sum: bool = Field(
        False, description="Derivative constraint: kernels are projected to sum 0."
    )
    free_channels: Natural = Field(
        0, description="Channels, the last ones, that is_zero_sum leaves alone."
    )
    aa_signal: bool = Field(False, description="Kernels are multiplied by a window.")
    aa_power: Positive = Field(0.25, description="Power of the Hann window.")
    use_weight_norm: bool = Field(False, description="Kernels are g v / |v|.")
    keep_unit_norm: bool = Field(False, description="g stays 1.")

    _norm_is_used = model_validator(mode="after")(require_weight_norm)

    @model_validator(mode="after")
    def _free_channels_are_bound(self):
        if self.free_channels and not self.is_zero_sum:
            raise ValueError(
                f"free_channels must be 0 without is_zero_sum, got {self.free_channels}"
            )
        return self


class LearnableTemporalParams(TemporalOptions):
    """Learned kernels in time, (K,) each."""

    type: Literal["learnable_temporal"] = "learnable_temporal"
    kernel_size: Count = Field(16, description="K, bins.")
    num_channels: Count = Field(4, description="Kernels.")
    init_type: Literal[INITIALIZATIONS] = Field(
        "gaussian_derivatives", description="Kernels before training."
    )
    bias: bool = Field(False, description="A number is added per kernel.")
    dilation: Count = Field(1, description="Bins between taps.")
    pool_bins: Count = Field(
        1, description="Bins of a causal mean after the kernels; 1 is none."
    )

    @model_validator(mode="after")
    def _binds_some(self):
        if self.is_zero_sum and self.free_channels >= self.num_channels:
            raise ValueError(
                f"free_channels must be below num_channels {self.num_channels} with "
                f"is_zero_sum, got {self.free_channels}"
            )
        return self


class TemporalBasisParams(Params):
    """Fixed raised cosines in log time."""

    type: Literal["temporal_basis"] = "temporal_basis"
    n_cosines: Count = Field(6, description="Kernels.")
    first_peak_ms: Weight = Field(10.0, description="Peak of the first one.")
    last_peak_ms: Positive = Field(100.0, description="Peak of the last one.")
    kernel_size: Count = Field(25, description="Bins.")


class DynamicalAdaptationParams(Params):
    """Response divided by its own recent past (Clark et al. 2013)."""

    type: Literal["da"] = "da"
    alpha: Positive = Field(1.0, description="Gain.")
    beta: Weight = Field(1.0, description="Strength of the adaptation; 0 is none.")
    gamma: Share = Field(0.5, description="Share of the fast kernel in the slow one.")
    tau_y_ms: Positive = Field(5.0, description="Time constant of the response.")
    n_y: Count = Field(5, description="Order of its gamma kernel.")
    tau_z_ms: Positive = Field(60.0, description="Time constant of the adaptation.")
    n_z: Count = Field(2, description="Order of its gamma kernel.")
    kernel_ms: Positive = Field(200.0, description="Length of the kernels.")
    is_learned: bool = Field(True, description="Whether training changes the numbers.")


FrontendParams = Annotated[
    NoLayer | LearnableTemporalParams | TemporalBasisParams | DynamicalAdaptationParams,
    Field(discriminator="type"),
]
