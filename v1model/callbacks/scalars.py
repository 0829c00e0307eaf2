"""Callbacks that put numbers into the logs and the logs into TensorBoard."""

import pathlib

import keras
import tensorflow as tf
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.scalar.summary_v2 import scalar_pb

from v1model.event_files import naming_events


class RateLog(keras.callbacks.Callback):
    """Adds learning_rate to the logs: the rate that the step has used.

    With steps_per_execution it is the rate of the first step of the call.
    """

    def on_train_batch_begin(self, batch, logs=None):
        self._rate = float(tf.convert_to_tensor(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch, logs=None):
        if logs is not None:
            logs["learning_rate"] = self._rate

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = self._rate


class TensorBoardScalars(keras.callbacks.Callback):
    """Writes every entry of the logs as a TensorBoard scalar, by training step.

    Entries of a step go to train/ under their name. At the end of an epoch its
    entries go to train/ and validation/ as epoch_<name>, on the same axis, so that
    the two curves lie over each other.

    Args:
        log_dir: Folder of the event files.
        steps: StepCount.
        every_n_steps: Steps between two writes within an epoch.

    Raises:
        ValueError: `every_n_steps` is not positive.
        WriteError: While training, the files cannot be written.
    """

    def __init__(self, log_dir, steps, every_n_steps=1):
        super().__init__()
        if every_n_steps <= 0:
            raise ValueError(f"every_n_steps must be positive, got {every_n_steps}.")
        self.log_dir = pathlib.Path(log_dir)
        self.steps = steps
        self.every_n_steps = every_n_steps

    def on_train_begin(self, logs=None):
        with naming_events(self.log_dir):
            self._writers = {
                name: tf.summary.create_file_writer(str(self.log_dir / name))
                for name in ("train", "validation")
            }

    def on_train_batch_end(self, batch, logs=None):
        if self.steps.step % self.every_n_steps == 0:
            self._write("train", logs or {})

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        held_out = {f"epoch_{k[4:]}": v for k, v in logs.items() if k[:4] == "val_"}
        trained = {f"epoch_{k}": v for k, v in logs.items() if k[:4] != "val_"}
        self._write("train", trained)
        self._write("validation", held_out)
        with naming_events(self.log_dir):
            for writer in self._writers.values():
                writer.flush()

    def on_train_end(self, logs=None):
        with naming_events(self.log_dir):
            for writer in self._writers.values():
                writer.close()

    def _write(self, name, scalars):
        # One event for all: tf.summary.scalar takes a millisecond for each.
        event = summary_pb2.Summary()
        for tag, value in scalars.items():
            event.MergeFrom(scalar_pb(tag, float(value)))
        with naming_events(self.log_dir), self._writers[name].as_default():
            tf.summary.experimental.write_raw_pb(
                event.SerializeToString(), step=self.steps.step
            )
