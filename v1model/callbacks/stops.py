"""Callbacks that end training: too long without progress, or no numbers left."""

import logging
import math

import keras

from v1model.finite import NotFiniteError

logger = logging.getLogger(__name__)


class EarlyStop(keras.callbacks.Callback):
    """Stops training after some validations without a better result.

    It decides from the rows of the table, so that a resumed run stops where the
    uninterrupted one does. Put it behind the table.

    Args:
        table: EpochTable.
        patience: Validations in a row without a new best; 0 never stops.
        monitor: Column of the table whose maximum is best.
    """

    def __init__(self, table, patience, monitor="val_accuracy"):
        super().__init__()
        self.table = table
        self.patience = patience
        self.monitor = monitor

    @property
    def is_over(self):
        """Whether patience has run out."""
        values = self.table.values(self.monitor)
        if not self.patience or not values:
            return False
        n_since = len(values) - 1 - values.index(max(values))
        return n_since >= self.patience

    def on_epoch_end(self, epoch, logs=None):
        if self.is_over:
            logger.info(
                "stopped: %s has not been better than %.4g for %d validations",
                self.monitor,
                max(self.table.values(self.monitor)),
                self.patience,
            )
            self.model.stop_training = True


class StopTogether(keras.callbacks.Callback):
    """Ends training in all processes when it ends in one; put it last.

    Args:
        replicas: Replicas.
    """

    def __init__(self, replicas):
        super().__init__()
        self.replicas = replicas

    def on_train_batch_end(self, batch, logs=None):
        self._agree()

    def on_epoch_end(self, epoch, logs=None):
        self._agree()

    def _agree(self):
        if self.replicas.sum(int(self.model.stop_training)):
            self.model.stop_training = True


class StopAtNaN(keras.callbacks.Callback):
    """Ends training with one line when the loss is no longer finite.

    Put it before everything that writes, and behind StepCount.

    Args:
        steps: StepCount.
        tasks: Names of the tasks that are trained.
        last_good: Returns words for the last good backup.
    """

    def __init__(self, steps, tasks, last_good):
        super().__init__()
        self.steps = steps
        self.tasks = tuple(tasks)
        self.last_good = last_good

    def on_train_batch_end(self, batch, logs=None):
        self._check(logs, "", f"at {self.steps}")

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs, "val_", f"in the validation after step {self.steps.step}")

    def _check(self, logs, prefix, place):
        """Raises NotFiniteError if the loss with this prefix is not finite."""
        loss = (logs or {}).get(f"{prefix}loss")
        if loss is None or math.isfinite(loss):
            return
        broken = [
            name.removeprefix(prefix)
            for name, value in logs.items()
            if name.startswith(prefix)
            and name.removeprefix(prefix).partition("/")[0].endswith("_loss")
            and not math.isfinite(value)
        ]
        named = [part.partition("/")[2] for part in broken if "/" in part]
        tasks = named or self.tasks
        parts = [part for part in broken if "/" not in part]
        raise NotFiniteError(
            f"the loss is {float(loss):g} {place}, "
            f"{'task' if len(tasks) == 1 else 'tasks'} {', '.join(tasks)}"
            + (f" ({', '.join(parts)})" if parts else "")
            + f"; {self.last_good()}."
        )
