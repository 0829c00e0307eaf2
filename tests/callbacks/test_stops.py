"""What ends training: too long without progress, or no numbers left."""

import logging
import math
import types

import keras
import pytest

from tests.callbacks.training import N_STEPS, Clock, Wait, train
from v1model.callbacks import EarlyStop, StepCount, StopAtNaN, StopTogether
from v1model.finite import NotFiniteError


def table(*accuracies):
    return types.SimpleNamespace(values={"val_accuracy": accuracies}.get)


@pytest.mark.parametrize(
    ("accuracies", "patience", "is_over"),
    [
        ((), 1, False),
        ((0.5,), 1, False),
        ((0.5, 0.5), 1, True),  # as good is not better
        ((0.5, 0.6), 1, False),
        ((0.5, 0.6, 0.4), 2, False),
        ((0.5, 0.6, 0.4, 0.6), 2, True),
        ((0.5, 0.6, 0.4, 0.5, 0.7), 3, False),
        ((0.5, 0.4, 0.3, 0.2), 0, False),
    ],
)
def test_patience_counts_validations_since_the_best(accuracies, patience, is_over):
    assert EarlyStop(table(*accuracies), patience).is_over == is_over


class Rows(keras.callbacks.Callback):
    """A table whose accuracies are given."""

    def __init__(self, accuracies, rows=()):
        super().__init__()
        self.accuracies = accuracies
        self.rows = list(rows)

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(self.accuracies[epoch])

    def values(self, name):
        return self.rows


def test_a_killed_run_stops_where_one_that_was_not_killed_does(caplog):
    accuracies = (0.2, 0.5, 0.4, 0.5, 0.3, 0.9)
    whole = Rows(accuracies)
    with caplog.at_level(logging.INFO):
        train(whole, EarlyStop(whole, 3), epochs=6)
    assert len(whole.rows) == 5
    assert "val_accuracy has not been better than 0.5 for 3 validations" in caplog.text
    for n_done in range(1, 5):
        resumed = Rows(accuracies, whole.rows[:n_done])
        train(resumed, EarlyStop(resumed, 3), initial_epoch=n_done, epochs=6)
        assert resumed.rows == whole.rows


class Break(keras.callbacks.Callback):
    """Puts NaN into the weights behind a step."""

    def __init__(self, steps, at):
        super().__init__()
        self.steps, self.at = steps, at

    def on_train_batch_end(self, batch, logs=None):
        if self.steps.step >= self.at:
            kernel = self.model.weights[0]
            kernel.assign(kernel * float("nan"))


def last_good():
    return "the last good backup is somewhere"


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"epochs": 2}, "at step 9,"),
        ({"epochs": 2, "steps_per_execution": 3}, "at steps 10 to 12,"),
    ],
)
def test_a_nan_stops_with_the_step_and_the_task(options, place):
    steps = StepCount(N_STEPS)
    callbacks = steps, StopAtNaN(steps, ["garrett"], last_good), Break(steps, at=8)
    with pytest.raises(NotFiniteError) as caught:
        train(*callbacks, **options)
    text = f"the loss is nan {place} task garrett; {last_good()}."
    assert str(caught.value) == text


def test_a_nan_in_the_validation_stops_too():
    steps = StepCount(N_STEPS)
    callbacks = steps, StopAtNaN(steps, ["garrett"], last_good), Break(steps, at=6)
    with pytest.raises(NotFiniteError, match="nan in the validation after step 6, "):
        train(*callbacks, validation=True)


@pytest.mark.parametrize(
    ("logs", "text"),
    [
        (
            {"loss": math.nan, "response_loss": 1.0, "rate_loss": math.nan},
            "the loss is nan at step 0, tasks a, b (rate_loss); ",
        ),
        (
            {"loss": math.inf, "response_loss": math.inf, "response_loss/b": math.inf}
            | {"response_loss/a": 1.0},
            "the loss is inf at step 0, task b (response_loss); ",
        ),
    ],
)
def test_the_part_of_the_loss_and_its_tasks_are_named(logs, text):
    with pytest.raises(NotFiniteError) as caught:
        StopAtNaN(StepCount(1), ["a", "b"], last_good).on_train_batch_end(0, logs)
    assert str(caught.value) == f"{text}{last_good()}."


def test_finite_numbers_pass():
    logs = {"loss": 1.0, "seconds_per_step": math.inf, "val_loss": 2.0}
    stop = StopAtNaN(StepCount(1), ["a"], last_good)
    stop.on_train_batch_end(0, logs)
    stop.on_epoch_end(0, logs)


@pytest.mark.parametrize(
    ("asked", "n_steps"), [((0, 0, 1), 3), ((0,) * (N_STEPS + 1), N_STEPS)]
)
def test_a_worker_stops_in_the_step_in_which_another_asks_for_it(asked, n_steps):
    """`asked`: how many of the other workers ask for the end, by step."""

    class Others:
        def __init__(self):
            self.asked = iter([*asked, 0, 0])

        def sum(self, own):
            return own + next(self.asked)

    waited = Wait(Clock(), 1.0)
    train(waited, StopTogether(Others()))
    assert waited.n_steps == n_steps
