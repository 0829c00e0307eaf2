"""Real training of a tiny model, and clocks that tests set."""

import keras
import numpy as np
from tensorboard.backend.event_processing import event_accumulator

N_STEPS = 6


class Clock:
    """Advances by one second at every call, or by hand."""

    def __init__(self, tick=0.0):
        self.now = 100.0
        self.tick = tick

    def __call__(self):
        self.now += self.tick
        return self.now


class Wait(keras.callbacks.Callback):
    """Lets every step take the given time of a clock; the first one ten times."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.n_steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.clock.now += self.seconds * (10 if self.n_steps == 0 else 1)
        self.n_steps += 1


class Chance(keras.callbacks.Callback):
    """Reports the chance level, as the column's metrics do."""

    def on_train_batch_end(self, batch, logs=None):
        logs["chance"] = 0.5

    def on_epoch_end(self, epoch, logs=None):
        logs["chance"] = logs["val_chance"] = 0.5


def train(
    *callbacks,
    epochs=1,
    initial_epoch=0,
    validation=False,
    optimizer="sgd",
    **compile_options,
):
    """Fits a line; an epoch has N_STEPS steps."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2 * N_STEPS, 3)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["accuracy"], **compile_options)
    return model.fit(
        x,
        y,
        batch_size=2,
        epochs=epochs,
        initial_epoch=initial_epoch,
        validation_data=(x, y) if validation else None,
        callbacks=list(callbacks),
        verbose=0,
    )


def scalars(folder):
    """Steps of each scalar of an event folder, by name."""
    accumulator = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.TENSORS: 0}
    )
    accumulator.Reload()
    return {
        tag: [event.step for event in accumulator.Tensors(tag)]
        for tag in accumulator.Tags()["tensors"]
    }
