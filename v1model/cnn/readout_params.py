"""Read-outs: from the features to the neurons of one recording."""

from typing import Annotated, Literal

from pydantic import Field

from v1model.params import Count, Natural, Params, Positive, Weight


class GaussianReadoutParams(Params):
    """A Gaussian over pixels, whole or one point drawn from it, and channel weights."""

    type: Literal["gaussian", "gaussian_sampled"] = "gaussian"
    initial_std: Positive = Field(0.15, description="Width, in half sides of the map.")
    initial_mean_scale: Weight = Field(
        0.1, description="Spread of the centres, in half sides of the map."
    )
    bias: bool = Field(True, description="A learned number per neuron.")


class FactorizedReadoutParams(Params):
    """Weights of pixels times weights of channels (Klindt et al., NeurIPS 2017)."""

    type: Literal["factorized"]
    is_positive: bool = Field(False, description="Weights of pixels are not negative.")
    bias: bool = Field(True, description="A learned number per neuron.")


class PointPooledReadoutParams(Params):
    """One learned point in maps of several resolutions (Sinz et al., NeurIPS 2018)."""

    type: Literal["point_pooled"]
    pool_steps: Natural = Field(2, description="Coarser maps beside the map.")
    initial_mean_scale: Weight = Field(
        0.1, description="Spread of the points, in half sides of the map."
    )
    bias: bool = Field(True, description="A learned number per neuron.")


class AttentionReadoutParams(Params):
    """A softmax over pixels per neuron, of a Gaussian and of the features."""

    type: Literal["attention"]
    key_channels: Count = Field(8, description="Channels that are compared.")
    initial_std: Positive = Field(0.15, description="Width at first, half sides.")
    initial_mean_scale: Weight = Field(
        0.1, description="Spread of the centres, half sides."
    )
    bias: bool = Field(True, description="A learned number per neuron.")


class LinearReadoutParams(Params):
    """All pixels and channels: with no core, the linear-nonlinear model."""

    type: Literal["linear"]
    rank: Natural = Field(
        0, description="Filters are sums of so many products; 0 is any filter."
    )
    bias: bool = Field(True, description="A learned number per neuron.")


ReadoutParams = Annotated[
    GaussianReadoutParams
    | FactorizedReadoutParams
    | PointPooledReadoutParams
    | AttentionReadoutParams
    | LinearReadoutParams,
    Field(discriminator="type"),
]
