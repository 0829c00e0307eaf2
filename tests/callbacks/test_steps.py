"""Where a run stands, over all its starts."""

import keras
import pytest

from tests.callbacks.training import N_STEPS, train
from v1model.callbacks import StepCount


class Spy(keras.callbacks.Callback):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(str(self.steps))


def test_every_step_is_counted_once():
    steps = StepCount(N_STEPS)
    spy = Spy(steps)
    train(steps, spy, epochs=2)
    assert spy.seen == [f"step {k}" for k in range(1, 2 * N_STEPS + 1)]
    assert (steps.step, steps.intervals) == (2 * N_STEPS, 2)


def test_a_resumed_run_counts_on():
    steps = StepCount(N_STEPS, done=3 * N_STEPS)
    assert (steps.step, steps.intervals) == (3 * N_STEPS, 3)
    train(steps, initial_epoch=3, epochs=4)
    assert steps.step == 4 * N_STEPS


def test_the_steps_of_one_execution_are_a_range():
    steps = StepCount(N_STEPS)
    spy = Spy(steps)
    train(steps, spy, steps_per_execution=3)
    assert spy.seen == ["steps 1 to 3", "steps 4 to 6"]


@pytest.mark.parametrize(("done", "intervals"), [(0, 0), (1, 1), (6, 1), (7, 2)])
def test_an_interval_that_was_cut_short_counts(done, intervals):
    assert StepCount(N_STEPS, done).intervals == intervals
