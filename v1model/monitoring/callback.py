"""WatchCallback: tells a Watch of the epochs of `fit`."""

import keras


class WatchCallback(keras.callbacks.Callback):
    """Calls `watch.epoch` at the end of each of Keras' epochs, with its logs.

    Put it behind what adds to the logs and before the backup.

    Args:
        watch: Watch; who made it closes it.
        steps: StepCount, ahead of it in the list.
    """

    def __init__(self, watch, steps):
        super().__init__()
        self.watch, self.steps = watch, steps

    def on_epoch_end(self, epoch, logs=None):
        is_last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        self.watch.epoch(epoch + 1, self.steps.step, logs or {}, is_last)
