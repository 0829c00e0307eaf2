"""ModelParams: everything that a run of the latent evolver is made of.

Keys and short names are those of the published LatentEvolution, whose YAML files are
read as they are where they were valid; DECISIONS.md lists what differs.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from v1model.latent.network_params import (
    LIKELIHOODS,
    Activation,
    CoderParams,
    EvolverParams,
    StimulusEncoderParams,
)
from v1model.params import Count, Params, Positive, Seed, Weight

ACQUISITIONS = ("all_time_points", "time_aligned", "staggered_random")
INTERPOLATIONS = ("linear", "causal")
STIMULUS_FREQUENCIES = (
    "ALL",
    "NONE",
    "TIME_UNITS_CONSTANT",
    "TIME_UNITS_INTERPOLATE",
)
NORMALIZATIONS = ("none", "global", "neuron")
LOSSES = ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")
OPTIMIZERS = ("Adam", "AdamW", "SGD")
SCHEDULES = ("constant", "cosine", "exponential")

Step = Annotated[int, Field(ge=0)]


class Acquisition(Params):
    """Which neurons are observed when."""

    mode: Literal[ACQUISITIONS] = Field(
        "all_time_points", description="Who is observed when."
    )
    seed: Seed = Field(42, description="staggered_random: seed of the phases.")
    interpolation: Literal[INTERPOLATIONS] = Field(
        "linear",
        description="staggered_random: what fills the gaps, between two observations, "
        "or after the last one (never looks ahead).",
    )


class DataSplit(Params):
    """Steps [start, end) of the recording for training and for validation."""

    train_start: Step = Field(description="First step of training.")
    train_end: Step = Field(description="Step after the last one.")
    validation_start: Step = Field(description="First step of validation.")
    validation_end: Step = Field(description="Step after the last one.")

    @model_validator(mode="after")
    def _ends_follow_starts(self):
        for part in ("train", "validation"):
            start, end = getattr(self, f"{part}_start"), getattr(self, f"{part}_end")
            if end <= start:
                raise ValueError(f"{part}_end must be above {start}, got {end}")
        is_apart = (
            self.validation_start >= self.train_end
            or self.validation_end <= self.train_start
        )
        if not is_apart:
            raise ValueError(
                f"validation_start must leave out the steps {self.train_start} to "
                f"{self.train_end} of training, got {self.validation_start}"
            )
        return self


class CrossValidation(Params):
    """Another recording on which the trained model is judged."""

    name: str | None = Field(
        None, description="Its name in tags and folders; none is simulation_config."
    )
    path: str | None = Field(None, description="The recording.")
    simulation_config: str | None = Field(
        None, description="Or the folder of that name below graphs_data/fly."
    )
    start: Step = Field(0, description="First step.")
    end: Step | None = Field(None, description="Step after the last one; none is all.")
    data_split: DataSplit | None = Field(
        None, description="Or the steps of its validation part."
    )

    @model_validator(mode="after")
    def _says_where(self):
        if bool(self.path) == bool(self.simulation_config):
            raise ValueError(
                "path or simulation_config must say where it is, one of them, got "
                f"{self.path} and {self.simulation_config}"
            )
        if self.path and not self.name:
            raise ValueError(f"name must be given with path {self.path}")
        label = self.name or self.simulation_config
        if label in (".", "..") or "/" in label or "\\" in label:
            raise ValueError(f"name must be a plain folder name, got {label!r}")
        if self.data_split and (self.start or self.end is not None):
            raise ValueError("start and end must be left out with data_split")
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end must be above start {self.start}, got {self.end}")
        return self

    @property
    def label(self):
        """Its name in tags and folders."""
        return self.name or self.simulation_config

    @property
    def steps(self):
        """First step, and the step after the last one or None."""
        if self.data_split:
            return self.data_split.validation_start, self.data_split.validation_end
        return self.start, self.end


class StimulusAutoencoder(Params):
    """Pretraining of the stimulus encoder."""

    epochs: Count = Field(10, description="Epochs.")
    batch_size: Count = Field(256, description="Frames per step.")
    learning_rate: Positive = Field(1e-4, description="Step size.")
    optimizer: Literal[OPTIMIZERS] = Field("Adam", description="Optimizer.")


class UnconnectedToZero(Params):
    """AUG: neurons without a connection to the chosen ones do not matter to them."""

    num_neurons: Step = Field(0, description="Neurons chosen per step; 0 is off.")
    loss_coeff: Weight = Field(1.0, description="Weight of the loss.")


class TrainingConfig(Params):
    """How it is trained, and on what."""

    time_units: Count = Field(1, description="Steps between two observations.")
    acquisition_mode: Acquisition = Acquisition()
    stimulus_frequency: Literal[STIMULUS_FREQUENCIES] = Field(
        "ALL", description="Which frames of the stimulus the evolver is given."
    )
    evolve_multiple_steps: Count = Field(
        1, description="Rollout of a training step, in time_units."
    )
    epochs: Step = Field(10, description="Epochs of joint training.")
    batch_size: Count = Field(32, description="Starts per step and replica.")
    learning_rate: Positive = Field(1e-3, description="Step size.")
    learning_rate_schedule: Literal[SCHEDULES] = Field(
        "constant", description="What becomes of it. Not published."
    )
    warmup_steps: Step = Field(
        0, description="Steps in which it rises from 0. Not published."
    )
    coder_rate: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0,
        description="Step size of encoder and decoder in joint training, in that of "
        "the others; 0 keeps them. Not published.",
    )
    optimizer: Literal[OPTIMIZERS] = Field("Adam", description="Optimizer.")
    grad_clip_max_norm: Weight = Field(0.0, description="Longest gradient; 0 is any.")
    loss_function: Literal[LOSSES] = Field("mse_loss", description="Of the activity.")
    recon_loss_wt: Weight = Field(1.0, description="Weight of RECON.")
    seed: Seed = Field(42, description="Seed of weights, batches and noise.")
    training_data_path: str | None = Field(
        None,
        description="Recording (.h5), or folder of the published zarr layout; none "
        "simulates a small eye.",
    )
    simulation_config: str | None = Field(
        None, description="Or the folder of that name below graphs_data/fly."
    )
    column_to_model: str = Field(
        "VOLTAGE",
        description="VOLTAGE, CALCIUM, RATE or COUNT, or the name of a signal of the "
        "recording.",
    )
    stimulus: str | None = Field(
        None,
        description="Name of the recording's stimulus; none takes the only one.",
    )
    smoothing_ms: Weight = Field(
        0.0, description="Counts become rates, by a causal exponential. Not published."
    )
    normalization: Literal[NORMALIZATIONS] = Field(
        "none",
        description="What the model sees: raw values, centred with one scale for all, "
        "or a scale for each neuron. Not published.",
    )
    pca_init: bool = Field(
        False,
        description="Encoder and decoder begin as principal components of what is "
        "observed. Not published.",
    )
    data_split: DataSplit | None = Field(
        None, description="None takes the first 80 % and the last 20 %."
    )
    data_passes_per_epoch: Count = Field(1, description="Passes through the data.")
    steps_per_epoch: Step = Field(
        0, description="Steps of an epoch instead; 0 counts passes. Not published."
    )
    max_minutes: Weight = Field(
        0.0, description="Time for training; 0 is any. Not published."
    )
    reconstruction_warmup_epochs: Step = Field(
        0, description="Epochs of encoder and decoder alone, before the others."
    )
    pretrain_stimulus_ae: bool = Field(
        False, description="Train the stimulus encoder first, then keep it."
    )
    stimulus_ae: StimulusAutoencoder = StimulusAutoencoder()
    unconnected_to_zero: UnconnectedToZero = UnconnectedToZero()
    encoder_consistency_loss: Weight = Field(
        0.0,
        description="Weight of the squared distance between evolved and encoded states "
        "of the same moment, in the spread of the encoded ones.",
    )
    rollout_curriculum_epochs: Step = Field(
        0,
        description="Epochs in which the rollout grows to its length. Not published.",
    )
    latent_noise: Weight = Field(
        0.0, description="Noise on z in every step, in its scale. Not published."
    )
    neuron_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="Share of the neurons that are hidden from the encoder, others in "
        "each rollout: for recordings in which neurons are missing. Not published.",
    )
    diagnostics_freq_epochs: Step = Field(
        0, description="Epochs between two diagnoses; 0 is one at the end."
    )
    rollout_starts: Count = Field(20, description="Rollouts of a diagnosis.")
    rollout_steps: Count = Field(2000, description="Steps of these rollouts.")
    save_checkpoint_every_n_epochs: Step = Field(
        10, description="Epochs between two kept checkpoints; 0 keeps none."
    )
    save_best_checkpoint: bool = Field(True, description="Keep the best one.")
    early_stop_intervening_mse: bool = Field(
        False, description="Stop when the error between observations stays."
    )
    early_stop_patience_epochs: Count = Field(
        10, description="Epochs without a better one."
    )
    early_stop_min_divergence: Step = Field(
        1000, description="First divergence that a run may stop at."
    )

    @field_validator("acquisition_mode", mode="before")
    @classmethod
    def _mode_alone(cls, value):
        return {"mode": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self):
        if self.time_units == 1 and self.stimulus_frequency != "ALL":
            raise ValueError(
                f"stimulus_frequency must be ALL with time_units 1, got "
                f"{self.stimulus_frequency}"
            )
        if self.training_data_path and self.simulation_config:
            raise ValueError(
                "simulation_config must be none with training_data_path, got "
                f"{self.simulation_config}"
            )
        if self.optimizer == "SGD" and 0 < self.coder_rate < 1:
            raise ValueError(
                f"coder_rate must be 0 or 1 with optimizer SGD, got {self.coder_rate}"
            )
        if self.rollout_curriculum_epochs > self.epochs:
            raise ValueError(
                f"rollout_curriculum_epochs must be at most epochs {self.epochs}, got "
                f"{self.rollout_curriculum_epochs}"
            )
        if self.early_stop_intervening_mse and self.time_units == 1:
            raise ValueError(
                "early_stop_intervening_mse needs time_units above 1: there is no step "
                "between two observations"
            )
        if (
            self.early_stop_intervening_mse
            and self.early_stop_min_divergence > self.rollout_steps
        ):
            raise ValueError(
                "early_stop_min_divergence must be at most rollout_steps "
                f"{self.rollout_steps}, got {self.early_stop_min_divergence}"
            )
        if self.early_stop_intervening_mse and not self.diagnostics_freq_epochs:
            raise ValueError(
                "early_stop_intervening_mse needs diagnostics_freq_epochs of at least "
                "1: without a diagnosis the error is not known"
            )
        return self


class ModelParams(Params):
    """A run of the latent evolver."""

    latent_dims: Count = Field(256, description="L, numbers per latent state.")
    num_neurons: Count | None = Field(
        None, description="N; none takes that of the recording."
    )
    use_batch_norm: bool = Field(
        False, description="Batch normalization; only without input skips."
    )
    activation: Activation = Field("ReLU", description="Of encoders and decoder.")
    likelihood: Literal[LIKELIHOODS] = Field(
        "gaussian", description="Of the activity given the decoder's output."
    )
    encoder_params: CoderParams = CoderParams()
    decoder_params: CoderParams = CoderParams()
    evolver_params: EvolverParams = EvolverParams()
    stimulus_encoder_params: StimulusEncoderParams = StimulusEncoderParams()
    training: TrainingConfig = TrainingConfig()
    cross_validation_configs: tuple[CrossValidation, ...] = Field(
        (), description="Other recordings on which it is judged."
    )

    @property
    def free_options(self):
        """Options that may change when a run is resumed."""
        return frozenset({"max_minutes"})

    @model_validator(mode="after")
    def _fits_together(self):
        for name in ("num_hidden_units", "num_hidden_layers", "use_input_skips"):
            first, second = (
                getattr(part, name)
                for part in (self.encoder_params, self.decoder_params)
            )
            if first != second:
                raise ValueError(
                    f"decoder_params.{name} must be that of encoder_params, {first}, "
                    f"got {second}"
                )
        if self.use_batch_norm and self.encoder_params.use_input_skips:
            raise ValueError(
                "use_batch_norm needs encoder_params.use_input_skips and "
                "decoder_params.use_input_skips false: layers with skips have none"
            )
        chosen = self.training.unconnected_to_zero.num_neurons
        if self.num_neurons is not None and chosen > self.num_neurons:
            raise ValueError(
                "training.unconnected_to_zero.num_neurons must be at most num_neurons "
                f"{self.num_neurons}, got {chosen}"
            )
        if self.training.pca_init and self.likelihood != "gaussian":
            raise ValueError(
                "training.pca_init must be off with likelihood "
                f"{self.likelihood}, whose decoder does not answer with activity"
            )
        coder = self.encoder_params
        if self.training.pca_init and not (
            coder.use_input_skips and coder.num_hidden_layers
        ):
            raise ValueError(
                "training.pca_init needs encoder_params with use_input_skips and "
                "hidden layers"
            )
        labels = [recording.label for recording in self.cross_validation_configs]
        if len(set(labels)) < len(labels):
            raise ValueError(
                f"cross_validation_configs must have other names: {labels}"
            )
        return self
