"""The layers of a read-out model: what its YAML file says of each of them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from v1model.params import Count, Natural, Params, Positive, Share, Weight

ACTIVATIONS = ("none", "relu", "leaky_relu", "gelu", "silu", "elu", "tanh", "softplus")
ACTIVATIONS += ("square", "split_relu")
INITIALIZATIONS = (
    "gaussian_derivatives",
    "biphasic",
    "raised_cosine",
    "identity",
    "random",
)


def _require_odd(value):
    if value % 2 == 0:
        raise ValueError(f"must be odd, got {value}")
    return value


Odd = Annotated[int, Field(ge=1), AfterValidator(_require_odd)]
Kernel = tuple[Count, Count, Count]


class NoLayer(Params):
    """Nothing is done here."""

    type: Literal["none"] = "none"


# --- adapter: the frames of one recording, brought onto the common grid


class AdapterParams(Params):
    """Each recording's frames, resampled onto one grid; learned per recording."""

    type: Literal["adapter"] = "adapter"
    grid_size: Count | None = Field(
        None, description="Pixels of the grid's side; none is the frame's."
    )
    transform: Literal["scale", "scale_shift", "affine"] = Field(
        "scale", description="What is learned: size, size and place, or any affine map."
    )
    init_sigma: Positive = Field(
        0.5, description="Width of the blur before resampling, pixels."
    )


# --- frontend: filters in time, the same in each pixel


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


# --- norms


class PlainNormParams(Params):
    """grn, layer, rms, frame_instance, instance, lrn or batch.

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
    base: PlainNormParams | TemporalContextParams = PlainNormParams(type="grn")
    hidden: Count = Field(32, description="Width of its network's hidden layer.")


class MixedNormParams(Params):
    """A learned mixture of norms."""

    type: Literal["mixed"]
    of: tuple[NoLayer | PlainNormParams | TemporalContextParams, ...] = Field(
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


# --- cores


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


# --- modulator and recurrence


class ConcatParams(Params):
    """Behaviour becomes more channels."""

    type: Literal["concat"]
    hidden: tuple[Count, ...] = Field(
        (32, 16), min_length=1, description="Its network."
    )


class FilmParams(Params):
    """Behaviour scales and shifts channels; before training it does nothing."""

    type: Literal["film"]
    hidden: tuple[Count, ...] = Field((32,), min_length=1, description="Its network.")


class GruModulatorParams(Params):
    """Features and behaviour through a ConvGRU."""

    type: Literal["convgru"]
    hidden: Count = Field(16, description="Channels of its state.")
    embedding: Count = Field(16, description="Numbers that behaviour becomes.")
    kernel_size: Odd = Field(3, description="Pixels.")
    memory_bins: Count = Field(
        12, description="First bins, which only fill the memory and have no rates."
    )


class RecurrentParams(Params):
    """ConvGRU or ConvLSTM over the features, from the oldest bin to the newest."""

    type: Literal["convgru", "convlstm"]
    hidden: Count = Field(16, description="Channels of its state.")
    kernel_size: Odd = Field(3, description="Pixels.")
    use_layer_norm: bool = Field(False, description="Norm of the gates.")
    learnable_h0: bool = Field(False, description="The state at the start is learned.")
    memory_bins: Count = Field(
        12, description="First bins, which only fill the memory and have no rates."
    )


# --- read-outs


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
    initial_mean_scale: Weight = Field(0.1, description="Spread of centres, so, too.")
    bias: bool = Field(True, description="A learned number per neuron.")


class LinearReadoutParams(Params):
    """All pixels and channels: with no core, the linear-nonlinear model."""

    type: Literal["linear"]
    rank: Natural = Field(
        0, description="Filters are sums of so many products; 0 is any filter."
    )
    bias: bool = Field(True, description="A learned number per neuron.")


FrontendParams = Annotated[
    NoLayer | LearnableTemporalParams | TemporalBasisParams | DynamicalAdaptationParams,
    Field(discriminator="type"),
]
CoreParams = Annotated[NoLayer | ConvnetParams | X3DParams, Field(discriminator="type")]
ModulatorParams = Annotated[
    NoLayer | ConcatParams | FilmParams | GruModulatorParams,
    Field(discriminator="type"),
]
RecurrenceParams = Annotated[NoLayer | RecurrentParams, Field(discriminator="type")]
ReadoutParams = Annotated[
    GaussianReadoutParams
    | FactorizedReadoutParams
    | PointPooledReadoutParams
    | AttentionReadoutParams
    | LinearReadoutParams,
    Field(discriminator="type"),
]
SomeAdapterParams = Annotated[NoLayer | AdapterParams, Field(discriminator="type")]
