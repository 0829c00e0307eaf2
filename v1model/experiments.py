"""Where everything meets: from a configuration to a trained column."""

import gc
import logging

import keras

from v1model.assembly import (
    load_weights,
    network_for,
    questions_of,
    task_for,
    trainer_for,
)
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
from v1model.disk import require_space, reserve
from v1model.distribution import alone
from v1model.fitting.memory import peak_memory_gb
from v1model.metrics import wilson_interval
from v1model.models.stored_arrays import file_bytes
from v1model.stimuli import task_dataset

COLUMN = "column.keras"

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
        self.network, inputs = network_for(config)
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
        validation = self.validation_batches() if config.val_steps else None
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
        is_cut = self.steps.intervals * self.steps.interval >= self.config.total_steps
        return "max_time" if is_cut else None  # in the last interval, by another start

    @property
    def _is_unseen(self):
        """Whether a validation is due before the first step."""
        is_first = not self.steps.step and not self.history.start
        return self.config.validate_first and is_first

    def _chief_says(self, answer):
        """What the chief, whose files decide, says; the same in all processes."""
        is_yes = self.replicas.is_chief and bool(answer)
        return self.replicas.sum(int(is_yes)) > 0

    @property
    def trials_of_step(self):
        """Trials of a step, over all replicas."""
        return self.config.batch_size * self.replicas.n

    def validation_batches(self):
        """The batches of a validation: the same each time, shared by all replicas."""
        return self._dataset("validation", 0, self.config.val_steps)

    def _dataset(self, split, first_step, n_steps):
        n_inputs = self.network.lgn.n_inputs
        whole = self.trials_of_step

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
            "minutes": self.history.seconds / 60,
            "seconds_per_step": self.timer.seconds_per_step,
            "peak_memory_gb": peak_memory_gb(),
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
