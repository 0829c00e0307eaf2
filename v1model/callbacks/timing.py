"""Callbacks that measure time: of a step, and what is left of a budget."""

import json
import pathlib
import time

import keras

from v1model import atomic

_SAVE_SECONDS = 5.0  # time that a killed run may lose from its account


class TimeBudget(keras.callbacks.Callback):
    """Stops training at the end of the step in which its time is used up.

    The clock starts with the first step and includes validation. Time used is kept
    in a file, so that a resumed run has what the killed one left over.

    Args:
        hours: Wall-clock time.
        path: JSON file that carries the time used across resumes, or None.
        clock: Returns seconds.

    Raises:
        ValueError: `hours` is not positive, or `path` holds something else.
    """

    def __init__(self, hours, path=None, clock=time.monotonic):
        super().__init__()
        if not hours > 0:
            raise ValueError(f"hours must be positive, got {hours}.")
        self.seconds = hours * 3600
        self.path = None if path is None else pathlib.Path(path)
        self._clock = clock
        self._used_before = self._saved_seconds()
        self._started = None
        self._saved = 0.0

    @property
    def used_seconds(self):
        """Time used by this run so far, over all its starts."""
        if self._started is None:
            return self._used_before
        return self._used_before + self._clock() - self._started

    @property
    def is_over(self):
        """Whether all time is used up."""
        return self.used_seconds >= self.seconds

    def seconds_left(self):
        """Time that is left."""
        return max(self.seconds - self.used_seconds, 0.0)

    def on_train_batch_begin(self, batch, logs=None):
        if self._started is None:
            self._started = self._clock()

    def on_train_batch_end(self, batch, logs=None):
        if self.is_over:
            self.model.stop_training = True
        if self.used_seconds - self._saved >= _SAVE_SECONDS:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        self._save()

    def on_train_end(self, logs=None):
        self._save()

    def _save(self):
        self._saved = self.used_seconds
        if self.path is not None:
            text = json.dumps({"used_seconds": round(self._saved, 3)})
            atomic.write_text(self.path, text + "\n")

    def _saved_seconds(self):
        if self.path is None or not self.path.exists():
            return 0.0
        text = self.path.read_text(encoding="utf-8")
        try:
            return float(json.loads(text)["used_seconds"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path} holds no used_seconds, got {text!r}."
            ) from error


class StepTimer(keras.callbacks.Callback):
    """Adds seconds_per_step to the logs: of the step, and the mean of the epoch.

    The first step is left out, because TensorFlow traces and compiles in it.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock=time.perf_counter):
        super().__init__()
        self._clock = clock
        self._is_first = True
        self._run = Tally()
        self._epoch = Tally()

    @property
    def seconds_per_step(self):
        """Mean over all steps but the first, or None before the second."""
        return self._run.mean

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = Tally()

    def on_train_batch_begin(self, batch, logs=None):
        self._first_batch = batch
        self._started = self._clock()

    def on_train_batch_end(self, batch, logs=None):
        seconds = self._clock() - self._started
        if self._is_first:
            self._is_first = False
            return
        # With steps_per_execution, one call of this function ends several steps.
        n_steps = batch - self._first_batch + 1
        self._run.add(seconds, n_steps)
        self._epoch.add(seconds, n_steps)
        if logs is not None:
            logs["seconds_per_step"] = seconds / n_steps

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and self._epoch.mean is not None:
            logs["seconds_per_step"] = self._epoch.mean


class Tally:
    """A running mean."""

    def __init__(self):
        self.total = 0.0
        self.count = 0

    @property
    def mean(self):
        return self.total / self.count if self.count else None

    def add(self, total, count):
        self.total += total
        self.count += count
