"""ReadoutConfig: everything that a run of the read-out models is made of."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from v1model.cnn.adapter_params import AdapterParams, SomeAdapterParams
from v1model.cnn.core_params import ConvnetParams, CoreParams
from v1model.cnn.frontend_params import FrontendParams, LearnableTemporalParams
from v1model.cnn.layer_params import NoLayer
from v1model.cnn.modulator_params import ModulatorParams
from v1model.cnn.readout_params import GaussianReadoutParams, ReadoutParams
from v1model.cnn.recurrence_params import RecurrenceParams
from v1model.params import Count, Natural, Params, Positive, Seed, Share, Weight


class ModelParams(Params):
    """The layers, from the movie to the rates."""

    adapter: SomeAdapterParams = AdapterParams()
    frontend: FrontendParams = LearnableTemporalParams()
    convnet: CoreParams = ConvnetParams()
    modulator: ModulatorParams = NoLayer()
    recurrent: RecurrenceParams = NoLayer()
    readout: ReadoutParams = GaussianReadoutParams()
    output_activation: Literal["softplus", "exp"] = Field(
        "softplus", description="From the read-out to spikes per bin."
    )
    calibration: bool = Field(
        False, description="A gain and an offset per neuron after the output."
    )


class Penalty(Params):
    """A term that is added to the loss."""

    weight: Weight = Field(0.0, description="0 is none.")
    start_epoch: Natural = Field(0, description="Epoch from which it counts.")
    ramp_epochs: Natural = Field(0, description="Epochs in which it grows to `weight`.")


class FrequencyPenalty(Penalty):
    """Low temporal frequencies of the frontend's kernels."""

    corner_hz: Positive = Field(4.0, description="Below this it counts.")
    order: Count = Field(2, description="Steepness.")


class LagPenalty(Penalty):
    """Power of the frontend's kernels near lag 0."""

    tau_bins: Positive = Field(1.0, description="How near.")


class Regularization(Params):
    """Penalties, which do not depend on the size of kernels, and proximal steps."""

    temporal_frequency: FrequencyPenalty = FrequencyPenalty()
    temporal_derivative: Penalty = Field(
        Penalty(), description="Sum over time of each of the frontend's kernels."
    )
    lag0: LagPenalty = LagPenalty()
    temporal_smoothness: Penalty = Field(
        Penalty(), description="Curvature in time of the frontend's kernels."
    )
    spatial_smoothness: Penalty = Field(
        Penalty(), description="Curvature in space of the first kernels, a Laplacian."
    )
    spatial_locality: Penalty = Field(
        Penalty(), description="Spread in space of kernels and of read-outs."
    )
    core_l2: Penalty = Field(Penalty(), description="Squares of the core's weights.")
    readout_l1: Penalty = Field(
        Penalty(), description="Sizes of the read-outs' weights of channels."
    )
    calibration: Penalty = Field(
        Penalty(weight=1e-2), description="Distance of gains from 1 and offsets from 0."
    )
    proximal_l1: Penalty = Field(
        Penalty(), description="Soft threshold of read-outs after each update."
    )
    readout_std_start: Positive = Field(
        1.0, description="Widest Gaussian read-out at the start, half sides of the map."
    )
    readout_std_end: Positive = Field(
        1.0, description="Widest Gaussian read-out from std_epochs on."
    )
    std_epochs: Natural = Field(0, description="Epochs from one to the other.")


class LossParams(Params):
    """What is made small."""

    rate_weight_alpha: Share = Field(
        0.0,
        description="A neuron's Poisson loss is divided by its mean rate to this "
        "power; 1 makes all neurons' bits per spike count alike.",
    )
    min_rate_hz: Positive = Field(0.5, description="Rates below count as this one.")
    weight_by_valid: bool = Field(
        False, description="Neurons that are valid in part count as much as others."
    )
    correlation_weight: Weight = Field(
        0.0, description="Weight of 1 - the mean correlation over the batch."
    )
    correlation_min_spikes: Count = Field(
        5, description="Fewest spikes in the batch of a neuron that it counts."
    )


class DataParams(Params):
    """Which part of the recordings is used, and how."""

    activity: str | None = Field(
        None, description="Name of the spike counts; none takes the only ones."
    )
    stimulus: str | None = Field(
        None, description="Name of the movie; none takes the only one."
    )
    behavior: tuple[str, ...] = Field((), description="Names of behaviour, joined.")
    types: tuple[str, ...] = Field(
        (),
        description="Of the trials' column `type`, or `stimulus` where there is none; "
        "empty takes all.",
    )
    split_by: str | None = Field(
        None,
        description="Column of the trials whose values are kept in one part, as "
        "`picture`; none splits by trial. A column `part` decides where there is one.",
    )
    validation_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="Of the trials, for validation."
    )
    test_share: Share = Field(0.1, description="Of the trials, for the test.")
    split_seed: Seed = Field(1002, description="Of the split.")
    train_share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Of the trials for training that are used: learning curves."
    )
    invalid_lags: Natural | None = Field(
        None,
        description="Bins after an invalid one that are left out, too; none is the "
        "model's memory.",
    )
    segment_bins: Count = Field(
        48, description="Rates that a segment of training gives."
    )
    mask: str | None = Field(
        None, description="Name of behaviour that is 0 where bins are left out."
    )
    recording_gamma: Share = Field(
        1.0,
        description="A recording's weight is its number of valid bins to this power.",
    )
    recording_group: str | None = Field(
        None,
        description="Key of the recordings' metadata, as `subject`: groups are "
        "weighted, then recordings within one.",
    )
    units: tuple[int, ...] = Field(
        (), description="Ids of the neurons that are kept; empty keeps all."
    )
    held_out_neurons: Share = Field(
        0.0,
        description="Share of the neurons that training does not see, for transfer.",
    )


class TrainingParams(Params):
    """How it is trained."""

    epochs: Natural = Field(10, description="Epochs.")
    steps_per_epoch: Natural = Field(
        0, description="Updates of an epoch; 0 is one pass through the data."
    )
    batch_size: Count = Field(
        16, description="Segments of an update, of all recordings."
    )
    optimizer: Literal["adamw", "adam", "sgd"] = Field(
        "adamw", description="Of core and read-outs."
    )
    learning_rate: Positive = Field(3e-3, description="Of the read-outs.")
    core_lr_scale: Weight = Field(
        1.0, description="Rate of what recordings share, in learning_rate; 0 is frozen."
    )
    weight_decay: Weight = Field(
        1e-4, description="Of kernels, not of places or biases; adam has none."
    )
    schedule: Literal["constant", "cosine"] = Field(
        "cosine", description="Of the rates."
    )
    warmup_steps: Natural = Field(50, description="Updates in which they rise.")
    final_rate: Share = Field(0.01, description="Share that a decay ends with.")
    grad_clip_norm: Weight = Field(1.0, description="Longest gradient; 0 is any.")
    accumulate: Count = Field(1, description="Batches of an update.")
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Weights that are judged are a running mean; 0 is none."
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="Of the core; rates and losses are float32."
    )
    patience: Natural = Field(
        0, description="Epochs without a better one that end it; 0 is any number."
    )
    max_minutes: Weight = Field(0.0, description="Longest training; 0 is any.")
    init_readouts: bool = Field(
        True, description="Read-outs begin where spikes follow the stimulus (STE)."
    )
    seed: Seed = Field(1, description="Of weights, batches and noise.")


class ReadoutConfig(Params):
    """A run of the read-out models."""

    model: ModelParams = ModelParams()
    loss: LossParams = LossParams()
    regularization: Regularization = Regularization()
    data: DataParams = DataParams()
    training: TrainingParams = TrainingParams()

    @property
    def free_options(self):
        """Options that may change when a run is resumed."""
        return frozenset({"max_minutes"})

    @model_validator(mode="after")
    def _fits_together(self):
        if self.model.modulator.type != "none" and not self.data.behavior:
            raise ValueError(
                f"data.behavior must name what modulator {self.model.modulator.type} "
                "reads, got nothing"
            )
        if self.data.validation_share + self.data.test_share >= 1:
            raise ValueError(
                "data.test_share must leave trials for training, got "
                f"{self.data.test_share} beside validation_share "
                f"{self.data.validation_share}"
            )
        return self
