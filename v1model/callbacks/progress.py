"""The line of progress."""

import shutil
import sys
import time

import keras

from v1model.callbacks.timing import Tally

PROGRESS = {
    "loss": "loss {:.4g}",
    "accuracy": "accuracy {:.3f}",
    "rate_hz": "rate {:.2f} Hz",
    "seconds_per_step": "{:.3g} s/step",
}


class ProgressLine(keras.callbacks.Callback):
    """One line of progress, rewritten on a terminal, repeated in a log file.

        epoch 2/10  step 37/781  loss 0.69  accuracy 0.71 (chance 0.50)  ...

    Use it with `fit(verbose=0)`.

    Args:
        steps_per_epoch: Steps of an epoch as it is shown, a multiple of those of
            Keras' epochs; None for the same.
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
        steps_per_epoch=None,
        shown=None,
        seconds_left=None,
        every_seconds=30.0,
        stream=None,
        clock=time.monotonic,
    ):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
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
        self._step = batch + 1
        if self._timing is None:
            self._timing = Tally()
        else:
            self._timing.add(now - self._started, batch - self._first_batch + 1)
        is_due = self._written is None or now - self._written >= self.every_seconds
        if not self._is_terminal() and not is_due:
            return
        self._written = now
        parts = [self._position(), *self._numbers(logs or {})]
        remaining = self._remaining()
        if remaining is not None:
            parts.append(f"ETA {_duration(remaining)}")
        self._write("  ".join(parts), is_final=not self._is_terminal())

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        parts = [self._position(is_end=True), *self._numbers(logs)]
        held_out = {k[4:]: v for k, v in logs.items() if k.startswith("val_")}
        if held_out:
            parts += ["| validation:", *self._numbers(held_out)]
        self._write("  ".join(parts), is_final=True)

    def _position(self, is_end=False):
        interval = self.params["steps"]
        per_epoch = self.steps_per_epoch or interval
        done = self._epoch * interval + self._step
        before = (done - 1) // per_epoch
        n_epochs = self.params["epochs"] * interval // per_epoch
        text = f"epoch {before + 1}/{n_epochs}"
        step = done - before * per_epoch
        is_whole = is_end and step == per_epoch
        return text if is_whole else f"{text}  step {step}/{per_epoch}"

    def _numbers(self, logs):
        for name, template in self.shown.items():
            if name not in logs:
                continue
            text = template.format(float(logs[name]))
            if name == "accuracy" and "chance" in logs:
                text += f" (chance {float(logs['chance']):.3f})"
            yield text

    def _remaining(self):
        """Seconds of training ahead, without validation; None if nobody can know."""
        known = [] if self.seconds_left is None else [self.seconds_left()]
        if self._timing.mean is not None:
            n_left = (self.params["epochs"] - self._epoch) * self.params["steps"]
            known.append((n_left - self._step) * self._timing.mean)
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


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
