"""Norms: what features are divided by."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from v1model.cnn.layer_params import NoLayer, Odd
from v1model.params import Count, Natural, Params, Positive, Weight

WINDOWED = ("grn", "instance")


class PlainNormParams(Params):
    """Responses divided by their own size, over what the type says.

    grn: ConvNeXt V2's global response norm. layer, rms: over channels, in each pixel.
    frame_instance: over the pixels of a frame, per channel. instance: over the pixels
    of the last `window_bins` frames. lrn: local response norm. batch: over the batch.
    """

    type: Literal["grn", "layer", "rms", "frame_instance", "instance", "lrn", "batch"]
    eps: Positive = Field(1e-5, description="Added to what is divided by.")
    affine: bool = Field(True, description="A learned gain and offset per channel.")
    window_bins: Count = Field(
        1, description="grn, instance: frames that the statistics are of, causal."
    )
    window_pixels: Odd = Field(5, description="lrn: side of its neighbourhood.")
    alpha: Weight = Field(1e-2, description="lrn: strength.")
    beta: Positive = Field(0.75, description="lrn: exponent.")
    k: Positive = Field(1.0, description="lrn: constant.")

    @model_validator(mode="after")
    def _window_is_used(self):
        if self.window_bins > 1 and self.type not in WINDOWED:
            raise ValueError(
                f"window_bins is of {' and '.join(WINDOWED)} alone; must be 1 for "
                f"{self.type}, got {self.window_bins}"
            )
        return self


class TemporalContextParams(Params):
    """Divided by a running mean of the squares: contrast gain control in time."""

    type: Literal["temporal_context"]
    taus_ms: tuple[Positive, ...] = Field(
        (100.0,), min_length=1, description="Time constants before training."
    )
    delay_bins: Natural = Field(0, description="0 or more bins before it acts.")
    center: bool = Field(False, description="The running mean is taken away, too.")
    eps: Positive = Field(1e-5, description="Added to what is divided by.")


class ConditionedNormParams(Params):
    """A norm whose gain and offset depend on the statistics of the recent stimulus."""

    type: Literal["conditioned"]
    base: Annotated[
        PlainNormParams | TemporalContextParams, Field(discriminator="type")
    ] = PlainNormParams(type="grn")
    hidden: Count = Field(32, description="Width of its network's hidden layer.")


class MixedNormParams(Params):
    """A learned mixture of norms."""

    type: Literal["mixed"]
    of: tuple[
        Annotated[
            NoLayer | PlainNormParams | TemporalContextParams,
            Field(discriminator="type"),
        ],
        ...,
    ] = Field(
        min_length=2, description="The norms; training begins with the first one."
    )
    per_channel: bool = Field(False, description="Each channel has its own mixture.")
    incumbent: float = Field(2.0, description="Logit of the first one at the start.")
    entropy_weight: Weight = Field(0.0, description="Penalty on undecided mixtures.")


NormParams = Annotated[
    NoLayer
    | PlainNormParams
    | TemporalContextParams
    | ConditionedNormParams
    | MixedNormParams,
    Field(discriminator="type"),
]
