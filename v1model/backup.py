"""Backups from which a killed training goes on exactly where it was.

A backup is one weight file with the model, the optimizer and its step count, replaced
atomically at the end of each epoch. Because the step count is inside, there is no
second file that could disagree with it, and a kill at any moment leaves the last
complete backup. (Keras' BackupAndRestore writes weights and epoch one after the other.)
"""

import pathlib

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
