"""Where a run stands."""

import keras


class StepCount(keras.callbacks.Callback):
    """Counts the steps of a run, over all its starts.

    The optimizer is no such counter: one that searches its loss scale skips steps.

    Args:
        interval: Steps of what Keras calls an epoch: from one validation, backup and
            table row to the next.
        done: Steps that were done before this start.

    Attributes:
        step: Steps done so far.
        first: The first step, counted from 1, of the latest call of the training
            function; it differs from `step` with steps_per_execution.
    """

    def __init__(self, interval, done=0):
        super().__init__()
        self.interval = interval
        self.step = self.first = done

    @property
    def intervals(self):
        """Intervals begun; one that the end of the time cut short counts as done."""
        return -(-self.step // self.interval)

    def on_epoch_begin(self, epoch, logs=None):
        self._before = epoch * self.interval

    def on_train_batch_begin(self, batch, logs=None):
        self.first = self._before + batch + 1

    def on_train_batch_end(self, batch, logs=None):
        self.step = self._before + batch + 1

    def __str__(self):
        """The steps of the latest call: "step 7" or "steps 5 to 8"."""
        if self.first >= self.step:
            return f"step {self.step}"
        return f"steps {self.first} to {self.step}"
