"""Where everything meets: from a configuration to a trained column."""

import dataclasses
import gc
import logging
import pathlib
import resource
import sys

import keras
import numpy as np

from v1model.atomic import atomic_path, remove_partial
from v1model.backup import (
    BEST,
    LATEST,
    Backup,
    EpochTable,
    backup_bytes,
    bytes_to_write,
    restore_backup,
)
from v1model.callbacks import (
    EarlyStop,
    ProgressLine,
    RateLog,
    StepCount,
    StepTimer,
    StopAtNaN,
    StopTogether,
    TensorBoardScalars,
    TimeBudget,
)
from v1model.config import CHUNK_MS
from v1model.disk import require_space, reserve
from v1model.distribution import alone
from v1model.lgn import LGN
from v1model.metrics import wilson_interval
from v1model.models import ColumnTrainer, Objective, Questions, column_model
from v1model.models.stored_arrays import file_bytes
from v1model.network import load_network, readout_pools
from v1model.network.decoded_noise import read_decoded_noise
from v1model.network.target_rates import (
    draw_target_rates,
    read_target_rates,
    resample_target_rates,
)
from v1model.schedules import LearningRate
from v1model.stimuli import make_task, task_dataset, view_of

TARGET_RATES_FILE = "garrett_firing_rates.pkl"
NOISE_FILE = "additive_noise.mat"
COLUMN = "column.keras"
ADAM_EPSILON = 1e-11  # Chen et al. 2022

logger = logging.getLogger(__name__)


class ColumnExperiment:
    """A training of the column: made from a configuration, then run.

    Everything that bad input can break happens while it is made, before any long work.

    Args:
        config: ColumnTrainConfig.
        run: Run; receives checkpoints, logs and metrics. If it has a backup, training
            goes on from there.
        replicas: Replicas that share the trials of a step; None for one. All their
            processes make the experiment and train it; the chief alone writes.

    Raises:
        OSError, ValueError: The configuration or a file that it names is wrong.
    """

    def __init__(self, config, run, replicas=None):
        keras.utils.set_random_seed(config.network.seed)
        self.config = config
        self.run = run
        self.replicas = replicas = alone() if replicas is None else replicas
        if replicas.is_chief:
            run.fix("replicas", replicas.n)
        whole = load_network(config.network, keep_signs=config.column.use_dale_law)
        # Most LGN units see no part of what a small column sees: they are left out.
        inputs = np.unique(whole.lgn.synapses.pre)
        self.network = dataclasses.replace(whole, lgn=whole.lgn.connected())
        self.task = task_for(self.network, inputs, config)
        self.questions = questions_of(self.task)
        with replicas.strategy.scope():
            self.trainer = trainer_for(self.network, self.task, config)
        if config.restore_from:
            load_weights(self.trainer, config.restore_from)
        remove_partial(run.checkpoints / COLUMN)
        self.first_step = restore_backup(self.trainer, run.checkpoints)
        self.steps = StepCount(config.interval, self.first_step)
        self.history = EpochTable(run.metrics_csv, self.steps, config.steps_per_epoch)
        best = self.history.best("val_accuracy")
        self.backup = Backup(run.checkpoints, self.steps, best=best)
        self.early_stop = EarlyStop(self.history, config.patience)
        self.timer = StepTimer()
        self.budget = None
        if config.max_time > 0 and replicas.is_chief:
            self.budget = TimeBudget(config.max_time, run.path / "time_used.json")
        if replicas.is_chief:
            needed = bytes_to_write(run.checkpoints, self._file_sizes())
            require_space("results_dir", run.path.parent, needed)
        replicas.require_same("the step of the backup", self.first_step)

    def train(self, callbacks=()):
        """Trains to the end, and saves the column as `column.keras`.

        Args:
            callbacks: More Keras callbacks.

        Returns:
            The metrics of result.json, a dict.
        """
        config, steps = self.config, self.steps
        validation = None
        if config.val_steps:
            validation = self._dataset("validation", 0, config.val_steps)
        if self._chief_says(self._is_unseen):
            scores = self._scores(validation)
            if self.replicas.is_chief:
                self.history.add_start(scores)
        if not self._chief_says(self.stopped):  # else killed after its last step
            first_step = steps.intervals * steps.interval
            self.trainer.fit(
                self._dataset("training", first_step, steps.interval),
                epochs=config.total_steps // steps.interval,
                initial_epoch=steps.intervals,
                steps_per_epoch=steps.interval,
                validation_data=validation,
                validation_steps=config.val_steps or None,
                shuffle=False,  # the stream is random already
                verbose=0,
                callbacks=self._callbacks(callbacks),
            )
        if self.replicas.is_chief:
            self._save_column()
        result = self._result(validation)
        self.replicas.wait()  # who leaves early is missed by the others
        # The endless stream runs in a thread of its own; it must not outlive Python.
        gc.collect()
        return result

    @property
    def stopped(self):
        """Which option has ended training, or None."""
        if self.steps.step >= self.config.total_steps:
            return "n_epochs"
        if self.early_stop.is_over:
            return "patience"
        if self.budget is not None and self.budget.is_over:
            return "max_time"
        return None

    @property
    def _is_unseen(self):
        """Whether a validation is due before the first step."""
        is_first = not self.steps.step and not self.history.start
        return self.config.validate_first and is_first

    def _chief_says(self, answer):
        """What the chief, whose files decide, says; the same in all processes."""
        is_yes = self.replicas.is_chief and bool(answer)
        return self.replicas.sum(int(is_yes)) > 0

    def _dataset(self, split, first_step, n_steps):
        n_inputs = self.network.lgn.n_inputs
        whole = self.config.batch_size * self.replicas.n

        def dataset_of(blocks):
            return task_dataset(
                self.task, split, whole, first_step, n_steps, n_inputs, blocks
            )

        return self.replicas.distribute(dataset_of, self.config.batch_size)

    def _file_sizes(self):
        """Bytes of each file that will lie in the folder of the checkpoints."""
        backup = backup_bytes(self.trainer)
        return {LATEST: backup, BEST: backup, COLUMN: file_bytes(self.trainer.column)}

    def _save_column(self):
        with atomic_path(self.run.checkpoints / COLUMN) as partial:
            reserve(partial.parent, self._file_sizes()[COLUMN])
            self.trainer.column.save(partial)

    def _callbacks(self, more):
        """All callbacks in their order; the chief alone writes and decides."""
        watch = [
            self.steps,
            self.timer,
            RateLog(),
            StopAtNaN(self.steps, self.questions.names, self.backup.last_good),
        ]
        is_one_of_several = self.replicas.n_workers > 1
        together = [StopTogether(self.replicas)] if is_one_of_several else []
        if not self.replicas.is_chief:
            return [*watch, *more, *together]
        seconds_left = None if self.budget is None else self.budget.seconds_left
        return [
            *watch,
            ProgressLine(self.config.steps_per_epoch, seconds_left=seconds_left),
            TensorBoardScalars(self.run.logs, self.steps),
            *([] if self.budget is None else [self.budget]),
            *more,
            self.history,
            self.early_stop,
            self.backup,
            *together,
        ]

    def _scores(self, validation):
        steps = self.config.val_steps
        return self.trainer.evaluate(
            validation, steps=steps, verbose=0, return_dict=True
        )

    def _result(self, validation):
        scores = {} if validation is None else self._scores(validation)
        start = self.history.start or {}
        before = {name[4:]: v for name, v in start.items() if name[:4] == "val_"}
        names = self.questions.names
        return {
            "tasks": {name: _scores_of(scores, name) for name in names},
            "before": {name: _scores_of(before, name) for name in names},
            "steps": self.steps.step,
            "stopped": self.stopped,
            "seconds_per_step": self.timer.seconds_per_step,
            "peak_memory_gb": _peak_memory_gb(),
        }


def _scores_of(scores, name):
    """What a task scored, from the logs of `evaluate`; None without validation."""
    suffix = f"/{name}" if f"accuracy/{name}" in scores else ""
    if f"accuracy{suffix}" not in scores:
        return None
    keys = ("accuracy", "balanced_accuracy", "chance", "responses", "response_loss")
    found = {key: float(scores[key + suffix]) for key in keys}
    n = round(found["responses"])
    right = round(found["accuracy"] * n)
    found["accuracy_interval"] = wilson_interval(right, n) if n else None
    return found


def task_for(network, inputs, config):
    """The Task or Mixture of a configuration, for a network with these LGN units.

    Args:
        network: Network that keeps only some of its LGN units.
        inputs: Numbers of those among all units of the folder, (I,).
        config: ColumnTrainConfig.
    """
    if network.lgn.units is None:
        raise ValueError(
            f"{config.network.data_dir} has no lgn_full_col_cells_3.csv: without the "
            "table of the LGN units no movie can be shown to this network."
        )
    return make_task(
        config.trials,
        LGN(network.lgn.units),
        view_of(network.lgn),
        seed=config.network.seed,
        current_input=config.column.current_input,
        data_dir=config.network.data_dir,
        inputs=inputs,
    )


def trainer_for(network, task, config):
    """The compiled ColumnTrainer of a network for a task."""
    pools = readout_pools(
        network,
        config.network.neurons_per_output,
        localized=config.network.localized_readout,
        seed=config.network.seed,
    )
    members = task.members
    questions = questions_of(task)
    column = column_model(
        network,
        config.column,
        pools[[pool for member in members for pool in member.pools]],
        chunk=CHUNK_MS,
        has_threshold=[m.has_threshold for m in members for _ in m.pools],
        noise_pool=_noise_pool(config),
        questions=questions,
    )
    if any(questions.carries_state):
        column.carry_state(config.batch_size)
    objective = Objective(
        target_rates=target_rates(network, config),
        rate_cost=config.rate_cost,
        voltage_cost=config.voltage_cost,
        voltage_penalty=config.voltage_penalty,
    )
    trainer = ColumnTrainer(
        column,
        network,
        objective,
        accumulate=config.accumulate,
        clip_norm=config.clip_norm,
        segment=config.segment_ms,
        truncate=config.truncate,
    )
    trainer.compile(
        optimizer=keras.optimizers.Adam(learning_rate(config), epsilon=ADAM_EPSILON),
        steps_per_execution=config.steps_per_execution,
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def questions_of(task):
    """The Questions of the members of a Task or Mixture."""
    members = task.members
    return Questions(
        tuple(member.name for member in members),
        tuple(member.n_classes for member in members),
        tuple(member.carries_state for member in members),
    )


def learning_rate(config):
    """The learning rate of a configuration at each step, a LearningRate."""
    to_the_end = config.total_steps - config.warmup_steps
    return LearningRate(
        config.learning_rate,
        config.learning_rate_schedule,
        config.warmup_steps,
        config.decay_steps or max(to_the_end, 1),
        config.final_learning_rate,
    )


def target_rates(network, config):
    """Sorted target rates, (N,) float32, spikes/ms.

    From the network's folder if it has them, otherwise drawn from the published
    distributions.
    """
    seed = config.network.seed
    path = pathlib.Path(config.network.data_dir) / TARGET_RATES_FILE
    if config.network.data_dir and path.exists():
        rates = read_target_rates(path)
        rates = resample_target_rates(rates, network.n_neurons, seed)
    else:
        rates = draw_target_rates(network, seed)
    return np.sort(rates).astype(np.float32)


def load_weights(trainer, path):
    """Starts from the weights of another run, with a fresh optimizer.

    Args:
        trainer: ColumnTrainer.
        path: A `.keras` file of a column, or `.weights.h5` of a trainer.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The weights belong to another network, or the suffix is unknown.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"restore_from {path} does not exist.")
    if path.name.endswith(".weights.h5"):
        variables = trainer.optimizer.variables
        fresh = [variable.numpy() for variable in variables]
        trainer.load_weights(path)  # of the optimizer too
        for variable, value in zip(variables, fresh, strict=True):
            variable.assign(value)
    elif path.suffix == ".keras":
        trainer.column.load_weights(path)
    else:
        raise ValueError(
            f"restore_from must be a .keras or .weights.h5 file, got {path}."
        )


def _noise_pool(config):
    """Values of the decoded noise, or None for the Poisson background."""
    folder = config.network.data_dir
    path = pathlib.Path(folder) / NOISE_FILE
    if not (config.column.use_decoded_noise and folder and path.exists()):
        logger.info("noise: the Poisson background of the column")
        return None
    logger.info("noise: %s", path)
    return read_decoded_noise(path)


def _peak_memory_gb():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)
