"""Keras callbacks of a training run: time, progress and TensorBoard scalars.

Backups, checkpoints and the stop at NaN are Keras' own BackupAndRestore,
ModelCheckpoint and TerminateOnNaN. Put StepTimer first: the others then see what
it adds to the logs.
"""

import json
import pathlib
import shutil
import sys
import time

import keras
import tensorflow as tf

from v1model import atomic

PROGRESS = {
    "loss": "loss {:.4g}",
    "accuracy": "accuracy {:.3f}",
    "rate_hz": "rate {:.2f} Hz",
    "seconds_per_step": "{:.3g} s/step",
}
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

    def seconds_left(self):
        """Time that is left."""
        return max(self.seconds - self.used_seconds, 0.0)

    def on_train_batch_begin(self, batch, logs=None):
        if self._started is None:
            self._started = self._clock()

    def on_train_batch_end(self, batch, logs=None):
        used = self.used_seconds
        if used >= self.seconds:
            self.model.stop_training = True
        if used - self._saved >= _SAVE_SECONDS:
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
        self._run = _Tally()
        self._epoch = _Tally()

    @property
    def seconds_per_step(self):
        """Mean over all steps but the first, or None before the second."""
        return self._run.mean

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = _Tally()

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


class _Tally:
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


class ProgressLine(keras.callbacks.Callback):
    """One line of progress, rewritten on a terminal, repeated in a log file.

        epoch 2/10  step 37/781  loss 0.69  accuracy 0.71 (chance 0.50)  ...

    Use it with `fit(verbose=0)`.

    Args:
        shown: Format by name of the log entries that are shown, in this order;
            entries that the logs lack are left out.
        seconds_left: Returns the seconds until training is stopped anyway, such as
            `TimeBudget.seconds_left`; bounds the time that is announced.
        every_seconds: Seconds between two lines when it is no terminal.
        stream: Text stream; standard output by default.
        clock: Returns seconds.
    """

    def __init__(
        self,
        shown=None,
        seconds_left=None,
        every_seconds=30.0,
        stream=None,
        clock=time.monotonic,
    ):
        super().__init__()
        self.shown = dict(PROGRESS if shown is None else shown)
        self.seconds_left = seconds_left
        self.every_seconds = every_seconds
        self.stream = sys.stdout if stream is None else stream
        self._clock = clock
        self._timing = None  # begins after the first step, which compiles
        self._written = None
        self._width = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        self._first_batch = batch
        self._started = self._clock()

    def on_train_batch_end(self, batch, logs=None):
        now = self._clock()
        if self._timing is None:
            self._timing = _Tally()
        else:
            self._timing.add(now - self._started, batch - self._first_batch + 1)
        is_due = self._written is None or now - self._written >= self.every_seconds
        if not self._is_terminal() and not is_due:
            return
        self._written = now
        parts = [self._position(batch + 1), *self._numbers(logs or {})]
        remaining = self._remaining(batch + 1)
        if remaining is not None:
            parts.append(f"ETA {_duration(remaining)}")
        self._write("  ".join(parts), is_final=not self._is_terminal())

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        parts = [self._position(None), *self._numbers(logs)]
        held_out = {k[4:]: v for k, v in logs.items() if k.startswith("val_")}
        if held_out:
            parts += ["| validation:", *self._numbers(held_out)]
        self._write("  ".join(parts), is_final=True)

    def _position(self, step):
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        text = f"epoch {self._epoch + 1}" + (f"/{epochs}" if epochs else "")
        if step is None:
            return text
        return f"{text}  step {step}" + (f"/{steps}" if steps else "")

    def _numbers(self, logs):
        for name, template in self.shown.items():
            if name not in logs:
                continue
            text = template.format(float(logs[name]))
            if name == "accuracy" and "chance" in logs:
                text += f" (chance {float(logs['chance']):.3f})"
            yield text

    def _remaining(self, step):
        """Seconds of training ahead, without validation; None if nobody can know."""
        known = [] if self.seconds_left is None else [self.seconds_left()]
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        if epochs and steps and self._timing.mean is not None:
            n_left = (epochs - self._epoch) * steps - step
            known.append(n_left * self._timing.mean)
        return min(known, default=None)

    def _is_terminal(self):
        return self.stream.isatty()

    def _write(self, line, is_final):
        if self._is_terminal():
            # One column stays free: a full line would wrap and no longer be rewritten.
            columns = shutil.get_terminal_size().columns - 1
            kept = line if is_final else line[:columns]
            line = "\r" + kept.ljust(self._width)
            self._width = 0 if is_final else len(kept)
        self.stream.write(line + ("\n" if is_final else ""))
        self.stream.flush()


class TensorBoardScalars(keras.callbacks.Callback):
    """Writes every entry of the logs as a TensorBoard scalar, by training step.

    Entries of a step go to train/ under their name. At the end of an epoch its
    entries go to train/ and validation/ as epoch_<name>, on the same axis, so that
    the two curves lie over each other.

    Args:
        log_dir: Folder of the event files.
        every_n_steps: Steps between two writes within an epoch.

    Raises:
        ValueError: `every_n_steps` is not positive.
    """

    def __init__(self, log_dir, every_n_steps=1):
        super().__init__()
        if every_n_steps <= 0:
            raise ValueError(f"every_n_steps must be positive, got {every_n_steps}.")
        self.log_dir = pathlib.Path(log_dir)
        self.every_n_steps = every_n_steps

    def on_train_begin(self, logs=None):
        self._writers = {
            name: tf.summary.create_file_writer(str(self.log_dir / name))
            for name in ("train", "validation")
        }

    def on_train_batch_end(self, batch, logs=None):
        step = self._step()
        if step % self.every_n_steps == 0:
            self._write("train", logs or {}, step)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        held_out = {f"epoch_{k[4:]}": v for k, v in logs.items() if k[:4] == "val_"}
        trained = {f"epoch_{k}": v for k, v in logs.items() if k[:4] != "val_"}
        self._write("train", trained, self._step())
        self._write("validation", held_out, self._step())
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()

    def _step(self):
        # The optimizer counts on when a run is resumed; the batch number does not.
        return int(self.model.optimizer.iterations)

    def _write(self, name, scalars, step):
        with self._writers[name].as_default():
            for tag, value in scalars.items():
                tf.summary.scalar(tag, float(value), step=step)


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
