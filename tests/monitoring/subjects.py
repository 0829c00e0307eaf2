"""A run, a subject and sinks that only remember, for tests of what watches."""

import keras

from v1model.monitoring.subject import Subject
from v1model.monitoring_config import MonitoringConfig
from v1model.runs import Run


def new_run(folder, name="watched", room="decoder"):
    return Run.create(folder, name, MonitoringConfig(), ["train"], room)


def subject_of(run, model=None, room="decoder"):
    if model is None:
        return Subject(room, run, model)
    return Subject(room, run, model, model.optimizer, model.trainable_variables)


def small_network(seed=3):
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, name="last"),
        ],
        name="network",
    )
    network.compile(keras.optimizers.Adam(0.01), "mse")
    network.optimizer.build(network.trainable_variables)
    return network


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Remembering:
    """A sink that keeps what it is given; some calls of it may fail."""

    fatal = ()

    def __init__(self, failures=()):
        self.got, self.closed = [], 0
        self._failures = list(failures)

    def epoch(self, number, step, values):
        self._keep(("epoch", number, step, values))

    def reading(self, step, monitor, reading):
        self._keep(("reading", step, monitor, reading))

    def close(self):
        self.closed += 1

    def _keep(self, what):
        if self._failures:
            error = self._failures.pop(0)
            if error is not None:
                raise error
        self.got.append(what)
