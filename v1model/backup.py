"""Backups from which a killed training goes on exactly where it was.

A backup is one weight file with the model, the optimizer and its step count, replaced
atomically at the end of each epoch. Because the step count is inside, there is no
second file that could disagree with it, and a kill at any moment leaves the last
complete backup. (Keras' BackupAndRestore writes weights and epoch one after the other.)
"""

import csv
import pathlib
import time

import keras

from v1model.atomic import atomic_path

LATEST = "latest.weights.h5"
BEST = "best.weights.h5"


class Backup(keras.callbacks.Callback):
    """Writes `latest.weights.h5` after each epoch, and `best.weights.h5`.

    Args:
        folder: Receives the files.
        monitor: Entry of the logs whose maximum is best.
        best: Value to beat, from before a resume.
    """

    def __init__(self, folder, monitor="val_accuracy", best=float("-inf")):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.monitor = monitor
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        if value is not None and float(value) > self.best:
            self.best = float(value)
            self._save(BEST)
        self._save(LATEST)

    def _save(self, name):
        with atomic_path(self.folder / name) as partial:
            self.model.save_weights(partial)


def restore_backup(model, folder):
    """Loads the latest backup, if there is one.

    Args:
        model: Compiled, with built optimizer.
        folder: Where `Backup` wrote.

    Returns:
        Number of training steps that the backup has done; 0 without a backup.
    """
    path = pathlib.Path(folder) / LATEST
    if not path.exists():
        return 0
    model.load_weights(path)
    return int(model.optimizer.iterations)


class EpochTable(keras.callbacks.Callback):
    """metrics.csv: one row per epoch, kept true to the backup by a resume.

    Besides the logs of Keras a row has `epoch`, from 1, and `seconds`, the time of
    training and validation so far, over all starts of the run.

    Args:
        path: The table; replaced atomically after each epoch.
        n_epochs: Epochs that the backup has done; later rows are done again.
    """

    def __init__(self, path, n_epochs=0):
        super().__init__()
        self.path = pathlib.Path(path)
        self.rows = []
        if n_epochs and self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self.rows = [row for row in rows if int(row["epoch"]) <= n_epochs]
        self._seconds_before = float(self.rows[-1]["seconds"]) if self.rows else 0.0

    def best(self, name):
        """Largest value of a column so far, -inf without any."""
        values = [float(row[name]) for row in self.rows if row.get(name)]
        return max(values, default=float("-inf"))

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = self._seconds_before + time.monotonic() - self._started
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        self.rows.append({"epoch": epoch + 1, "seconds": round(seconds, 1), **numbers})
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with (
            atomic_path(self.path) as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows(self.rows)
