"""Backups from which a killed training goes on exactly where it was.

A backup is one weight file with the model, the optimizer and the number of steps that
were done, replaced atomically at the end of each interval. Because the number is
inside, there is no second file that could disagree with it, and a kill at any moment
leaves the last complete backup. (Keras' BackupAndRestore writes weights and epoch one
after the other.)
"""

import csv
import math
import pathlib
import time

import h5py
import keras
import tensorflow as tf

from v1model.atomic import atomic_path, remove_partial, write_rows
from v1model.disk import reserve
from v1model.finite import NotFiniteError, first_not_finite

LATEST = "latest.weights.h5"
BEST = "best.weights.h5"
_STEP = "v1model_step"  # attribute of the file
_OVERHEAD = 1 << 20  # bytes of names and tables in a weight file, more than enough
_LOGS = 1 << 24  # bytes for the table and the first TensorBoard files


class Backup(keras.callbacks.Callback):
    """Writes `latest.weights.h5` after each interval, and `best.weights.h5`.

    Args:
        folder: Receives the files.
        steps: StepCount, at the step of the backup in the folder if there is one.
        monitor: Entry of the logs whose maximum is best.
        best: Value to beat, from before a resume.

    Raises:
        NotFiniteError: While training, a weight or a variable of the optimizer is not
            finite; the files keep what they had.
        WriteError: While training, a file cannot be written; it keeps what it had.
    """

    def __init__(self, folder, steps, monitor="val_accuracy", best=float("-inf")):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.steps = steps
        self.monitor = monitor
        self.best = best
        self.saved_step = steps.step

    def last_good(self):
        """Words for the backup to go on from."""
        if not self.saved_step:
            return "there is no backup yet"
        path = self.folder / LATEST
        return f"the last good backup is {path}, of step {self.saved_step}"

    def on_epoch_end(self, epoch, logs=None):
        self._require_finite()
        value = (logs or {}).get(self.monitor)
        if value is not None and float(value) > self.best:
            self.best = float(value)
            self._save(BEST)
        self._save(LATEST)
        self.saved_step = self.steps.step

    def _require_finite(self):
        arrays = (
            (variable.path, keras.ops.convert_to_numpy(variable))
            for variable in saved_variables(self.model)
        )
        name = first_not_finite(arrays)
        if name is not None:
            raise NotFiniteError(
                f"{name} is not finite after step {self.steps.step} and is not backed "
                f"up; {self.last_good()}."
            )

    def _save(self, name):
        with atomic_path(self.folder / name) as partial:
            reserve(self.folder, backup_bytes(self.model))
            self.model.save_weights(partial)
            with h5py.File(partial, "r+") as file:
                file.attrs[_STEP] = self.steps.step


def saved_variables(model):
    """What a backup of a compiled model holds: its weights and its optimizer's."""
    return [*model.weights, *model.optimizer.variables]


def backup_bytes(model):
    """Size of a backup, bytes."""
    return _OVERHEAD + sum(bytes_of(variable) for variable in saved_variables(model))


def bytes_of(variable):
    """Size of a Keras variable, bytes."""
    return math.prod(variable.shape) * tf.as_dtype(variable.dtype).size


def bytes_to_write(folder, sizes):
    """Bytes of disk that a run still needs for its files and one that replaces another.

    Args:
        folder: Where the files lie.
        sizes: Bytes by name of the file; those that exist take no more room.
    """
    paths = (pathlib.Path(folder) / name for name in sizes)
    present = sum(path.stat().st_size for path in paths if path.exists())
    return sum(sizes.values()) + max(sizes.values()) - present + _LOGS


def restore_backup(model, folder):
    """Loads the latest backup, if there is one.

    Args:
        model: Compiled, with built optimizer.
        folder: Where `Backup` wrote; what a killed writer left there is removed.

    Returns:
        Number of training steps that the backup has done; 0 without a backup.

    Raises:
        ValueError: The file is no complete backup, or of another network.
    """
    folder = pathlib.Path(folder)
    for name in (LATEST, BEST):
        remove_partial(folder / name)
    path = folder / LATEST
    if not path.exists():
        return 0
    try:
        with h5py.File(path) as file:
            step = int(file.attrs[_STEP])
    except (OSError, KeyError) as error:
        raise ValueError(
            f"{path} is damaged: {error}. Begin a new run from {BEST} beside it with "
            "--restore_from."
        ) from error
    model.load_weights(path)
    return step


class EpochTable(keras.callbacks.Callback):
    """metrics.csv: one row per interval, kept true to the backup by a resume.

    Besides the logs of Keras a row has `epoch`, from 1; `step`, the steps done so far;
    and `seconds`, the time of training and validation so far, over all starts. A
    validation before training has a row of epoch 0.

    Args:
        path: The table; replaced atomically after each interval.
        steps: StepCount, at the step of the backup; later rows are done again.
        steps_per_epoch: Steps of the epochs that are counted in the table; None for
            one epoch per interval.
    """

    def __init__(self, path, steps, steps_per_epoch=None):
        super().__init__()
        self.path = pathlib.Path(path)
        self.steps = steps
        self.steps_per_epoch = steps_per_epoch or steps.interval
        self.rows = []
        remove_partial(self.path)
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self.rows = [row for row in rows if int(row["step"]) <= steps.step]
        self._seconds_before = self.seconds

    @property
    def seconds(self):
        """Time of training and validation so far, over all starts."""
        return float(self.rows[-1]["seconds"]) if self.rows else 0.0

    def values(self, name):
        """A column since training began, without empty cells."""
        trained = (row for row in self.rows if int(row["step"]) > 0)
        return [float(row[name]) for row in trained if row.get(name, "") != ""]

    def best(self, name):
        """Largest value of a column since training began, -inf without any."""
        return max(self.values(name), default=float("-inf"))

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = self._seconds_before + time.monotonic() - self._started
        self._add(-(-self.steps.step // self.steps_per_epoch), seconds, logs or {})

    @property
    def start(self):
        """The row of epoch 0, or None."""
        return self.rows[0] if self.rows and int(self.rows[0]["step"]) == 0 else None

    def add_start(self, scores):
        """Adds the scores of a validation before training, by name of the metric."""
        self._add(0, 0.0, {f"val_{name}": value for name, value in scores.items()})

    def _add(self, epoch, seconds, logs):
        row = {"epoch": epoch, "step": self.steps.step, "seconds": round(seconds, 1)}
        row |= {name: float(value) for name, value in logs.items()}
        self.rows.append(row)
        write_rows(self.path, self.rows)
