"""Configuration of a run: frozen dataclasses, nothing else.

The names and defaults are those of the published trainer (Chen et al. 2022) wherever
it has the option; DECISIONS.md lists the few that differ.
"""

import dataclasses

from v1model.distribution_config import DistributionConfig
from v1model.monitoring_config import MONITORING_OPTIONS, MonitoringConfig
from v1model.options import option, require, require_positive
from v1model.task_config import ALL_TASKS, CHUNK_MS, TASKS, TaskConfig

DECAYS = ("constant", "cosine", "exponential")
ENGINES = ("auto", "compiled", "portable", "stepwise")
# A build that fires within the published bands also at 5,000 neurons; DECISIONS.md.
DEFAULT_BUILD_SEED = 2
FINAL_SHARE = 0.01  # of the learning rate, where it decays


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """Which part of which column is simulated, and which control is applied."""

    data_dir: str = option("", "GLIF_network folder; empty builds a small column.")
    neurons: int = option(0, "Neurons kept; 0 keeps the whole network of the folder.")
    core_only: bool = option(False, "Draw the neurons from the core, r < 400 um.")
    connected_selection: bool = option(
        True, "Keep the neurons nearest to the column's axis, not random ones."
    )
    seed: int = option(3000, "Seed of selection, trials, noise and target rates.")
    build_seed: int = option(
        DEFAULT_BUILD_SEED, "Seed of the column that is built without --data_dir."
    )
    caching: bool = option(True, "Keep a copy of the parsed network for the next run.")
    neurons_per_output: int = option(30, "L5 excitatory neurons per readout pool.")
    localized_readout: bool = option(True, "Pools are patches of L5, not scattered.")
    use_uniform_neuron_type: bool = option(
        False, "Control: one excitatory and one inhibitory cell type."
    )
    use_only_one_type: bool = option(
        False, "Control: one cell type; needs --use_uniform_neuron_type."
    )
    use_rand_ini_w: bool = option(False, "Control: random initial recurrent weights.")
    use_rand_connectivity: bool = option(
        False, "Control: same number of recurrent synapses, drawn at random."
    )
    scale_w_e: float = option(-1.0, "Factor on excitatory weights; negative is off.")

    def __post_init__(self):
        for name in ("neurons", "seed", "build_seed"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        require_positive(self, "neurons_per_output")
        require(
            self.use_uniform_neuron_type or not self.use_only_one_type,
            "use_only_one_type",
            "needs --use_uniform_neuron_type",
            self.use_only_one_type,
        )


@dataclasses.dataclass(frozen=True)
class ColumnConfig:
    """The cell model, its gradient, its inputs and how it is simulated."""

    neuron_model: str = option("GLIF3", "Neuron model.", choices=("GLIF3",))
    engine: str = option("auto", "How the time loop is run.", choices=ENGINES)
    dampening_factor: float = option(0.5, "Height of the surrogate derivative.")
    gauss_std: float = option(0.28, "Width of the surrogate derivative, in V_th - E_L.")
    gradient_tolerance: float = option(
        0.0, "Surrogate derivatives below it count as zero; 0 is the exact gradient."
    )
    max_delay: int = option(5, "Longest synaptic delay, ms; longer ones are clipped.")
    input_weight_scale: float = option(1.0, "Factor on the weights from the LGN.")
    train_recurrent: bool = option(True, "Train the recurrent weights.")
    train_input: bool = option(True, "Train the weights from the LGN.")
    use_dale_law: bool = option(True, "Keep the sign of every weight during training.")
    current_input: bool = option(
        True, "LGN rates enter as a deterministic current, not as spikes."
    )
    use_decoded_noise: bool = option(
        True,
        "Noise from additive_noise.mat if the folder has it; without that file, or "
        "with --nouse_decoded_noise, the Poisson background of the column.",
    )
    background: str = option(
        "independent",
        "Poisson background: a source per neuron, or one shared by all.",
        choices=("independent", "shared"),
    )
    scale: tuple[float, ...] = option(
        (2.0, 2.0), "Factors on the decoded noise: each ms, each trial."
    )
    neuron_output: bool = option(
        True, "Read pools of neurons; --noneuron_output trains a linear readout."
    )
    linear_from: tuple[str, ...] = option(
        ("all",),
        "Linear readout: populations that it reads, such as L4e,L5i; all; pools, the "
        "neurons of the pools; -NAME leaves them out.",
    )
    readout_scale: float = option(
        100.0, "Initial factor from pool activity (spikes/ms) to logits."
    )
    train_readout_scale: bool = option(True, "Train that factor.")
    recurrent_weight_regularization: float = option(
        0.0, "Weight of the squared distance from the initial recurrent weights."
    )
    l2_regularization: float = option(0.0, "Weight of the squared recurrent weights.")
    mixed_precision: bool = option(False, "Half precision where sums do not need more.")

    def __post_init__(self):
        for name in ("dampening_factor", "gauss_std", "max_delay", "readout_scale"):
            require_positive(self, name)
        require(len(self.scale) == 2, "scale", "needs two numbers", self.scale)
        require(
            bool(self.linear_from), "linear_from", "names no neurons", self.linear_from
        )
        is_read = not self.neuron_output or self.linear_from == ("all",)
        require(is_read, "linear_from", "needs --noneuron_output", self.linear_from)
        for name in (
            "gradient_tolerance",
            "recurrent_weight_regularization",
            "l2_regularization",
        ):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)


@dataclasses.dataclass(frozen=True)
class ColumnTrainConfig:
    """Training of the spiking column."""

    network: NetworkConfig = NetworkConfig()
    column: ColumnConfig = ColumnConfig()
    trials: TaskConfig = TaskConfig()
    distribution: DistributionConfig = DistributionConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    results_dir: str = option("results", "Folder that receives the run folder.")
    run_name: str = option("", "Run folder's name; an existing run is resumed.")
    restore_from: str = option("", "Weights to start from (.weights.h5 or .keras).")
    comment: str = option("", "A note, kept in config.json.")
    learning_rate: float = option(0.001, "Step size of Adam.")
    learning_rate_schedule: str = option(
        "constant", "What becomes of it after the warm-up.", choices=DECAYS
    )
    warmup_steps: int = option(0, "Steps in which the learning rate rises from 0.")
    decay_steps: int = option(
        0, "Steps from the warm-up to the final learning rate; 0 to the last step."
    )
    final_learning_rate: float = option(
        FINAL_SHARE, "cosine, exponential: share of the learning rate that is left."
    )
    rate_cost: float = option(0.1, "Weight of the rate-distribution loss.")
    voltage_cost: float = option(1e-5, "Weight of the voltage loss.")
    voltage_penalty: str = option(
        "threshold",
        "threshold: (v-1)^2 as the published trainer; range: only outside [-1, 1].",
        choices=("threshold", "range"),
    )
    batch_size: int = option(2, "Trials per step and replica.")
    accumulate: int = option(
        1, "Parts of a batch that are simulated one after the other, to save memory."
    )
    clip_norm: float = option(
        0.0, "Longest gradient; longer ones are scaled down. 0 clips none."
    )
    segment_ms: int = option(
        0,
        f"Stretch of a trial, a multiple of {CHUNK_MS} ms, whose activity is kept for "
        "the gradient; the rest is computed again. 0 keeps the whole trial.",
    )
    truncate: bool = option(
        False, "The gradient stops at the borders of segments; needs --segment_ms."
    )
    steps_per_execution: int = option(
        1, "Steps that run between two looks at callbacks and progress."
    )
    n_epochs: int = option(1000, "Epochs at most.")
    steps_per_epoch: int = option(781, "Training steps per epoch.")
    val_steps: int = option(156, "Steps of each validation.")
    validate_first: bool = option(
        False, "Validate before the first step too; result.json then says before."
    )
    validate_every: int = option(
        0, "Steps between two validations and backups; 0 is an epoch of them."
    )
    patience: int = option(
        0, "Stop after so many validations in a row without a new best; 0 never."
    )
    max_time: float = option(-1.0, "Time budget, hours; negative is unlimited.")
    log_activity_every: int = option(
        100,
        "Steps between two held-out trials that are drawn into the run's folder "
        "activity and shown in TensorBoard; 0 draws none.",
    )
    debug_prints: bool = option(
        False, "Print input, spikes and voltage of neuron 0 in the trials drawn."
    )

    @property
    def interval(self):
        """Steps between two validations, backups and rows of the table."""
        return self.validate_every or self.steps_per_epoch

    @property
    def total_steps(self):
        """Training steps of the whole run."""
        return self.n_epochs * self.steps_per_epoch

    @property
    def free_options(self):
        """Names of the options that a resumed run may change.

        They say where it lies, where it is trained and how long it goes on; none of
        them changes what a step computes. (`Run.fix` keeps the number of replicas.)
        """
        names = {"results_dir", "run_name", "comment", "max_time", "patience"}
        names |= {"strategy", "replicas", "worker_timeout"}
        names |= {"log_activity_every", "debug_prints"} | MONITORING_OPTIONS
        is_steady = self.learning_rate_schedule == "constant" or self.decay_steps
        return names | {"n_epochs"} if is_steady else names

    def __post_init__(self):
        for name in (
            "batch_size",
            "accumulate",
            "steps_per_execution",
            "n_epochs",
            "steps_per_epoch",
            "learning_rate",
        ):
            require_positive(self, name)
        require(
            self.batch_size % self.accumulate == 0,
            "accumulate",
            f"must divide batch_size {self.batch_size}",
            self.accumulate,
        )
        segment = self.segment_ms
        is_whole = segment % CHUNK_MS == 0
        require(is_whole, "segment_ms", f"must be a multiple of {CHUNK_MS}", segment)
        is_cut = segment > 0 or not self.truncate
        require(is_cut, "truncate", "needs --segment_ms", self.truncate)
        for name in (
            "rate_cost",
            "voltage_cost",
            "val_steps",
            "clip_norm",
            "segment_ms",
            "warmup_steps",
            "decay_steps",
            "validate_every",
            "patience",
            "log_activity_every",
        ):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        task, weights = self.trials.task, self.trials.task_weights
        is_mixed = task == ALL_TASKS or weights == (1,) * len(TASKS)
        require(is_mixed, "task_weights", f"needs --task={ALL_TASKS}", weights)
        is_drawn = self.log_activity_every > 0 or not self.debug_prints
        require(is_drawn, "debug_prints", "needs --log_activity_every", True)
        has_time = self.max_time != 0
        require(has_time, "max_time", "must not be 0; negative is unlimited", 0)
        self._check_schedule()
        self._check_intervals()

    def _check_schedule(self):
        if self.learning_rate_schedule == "constant":
            decays = {"decay_steps": 0, "final_learning_rate": FINAL_SHARE}
            for name, default in decays.items():
                value = getattr(self, name)
                rule = "needs --learning_rate_schedule=cosine or exponential"
                require(value == default, name, rule, value)
            return
        final, warmup = self.final_learning_rate, self.warmup_steps
        can_be_zero = self.learning_rate_schedule == "cosine"
        is_share = 0 < final <= 1 or (final == 0 and can_be_zero)
        rule = "must lie in [0, 1]" if can_be_zero else "must lie in (0, 1]"
        require(is_share, "final_learning_rate", rule, final)
        leaves_steps = self.decay_steps > 0 or warmup < self.total_steps
        rule = f"must be less than the {self.total_steps} steps of the run"
        require(leaves_steps, "warmup_steps", rule, warmup)

    def _check_intervals(self):
        every, steps = self.validate_every, self.steps_per_epoch
        divides = every == 0 or steps % every == 0
        rule = f"must divide steps_per_epoch {steps}"
        require(divides, "validate_every", rule, every)
        at_once = self.steps_per_execution
        rule = f"must divide the {self.interval} steps between two validations"
        require(self.interval % at_once == 0, "steps_per_execution", rule, at_once)
        for name in ("patience", "validate_first"):
            value = getattr(self, name)
            is_possible = not value or self.val_steps > 0
            require(is_possible, name, "needs val_steps above 0", value)
