"""Callbacks in real training of a tiny model."""

import io
import json
import os
import pty
import re

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator

from v1model.callbacks import ProgressLine, StepTimer, TensorBoardScalars, TimeBudget

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


def train(*callbacks, epochs=1, validation=False, **compile_options):
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2 * N_STEPS, 3)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["accuracy"], **compile_options)
    held_out = (x, y) if validation else None
    return model.fit(
        x,
        y,
        batch_size=2,
        epochs=epochs,
        validation_data=held_out,
        callbacks=list(callbacks),
        verbose=0,
    )


def test_time_budget_stops_at_the_end_of_the_step_in_which_it_is_used_up():
    clock = Clock()
    wait = Wait(clock, seconds=1)  # 10 s for the first step, then 1 s
    train(wait, TimeBudget(12.5 / 3600, clock=clock), epochs=3)
    assert wait.n_steps == 4


def test_time_before_the_first_step_does_not_count():
    clock = Clock()
    budget = TimeBudget(1 / 3600, clock=clock)
    clock.now += 1000
    assert budget.seconds_left() == 1
    train(budget)
    assert budget.used_seconds == 0


def test_time_used_is_carried_across_resumes(tmp_path):
    path = tmp_path / "time.json"
    clock = Clock()
    first = Wait(clock, seconds=1)
    train(first, TimeBudget(20 / 3600, path, clock), epochs=1)
    assert first.n_steps == N_STEPS
    assert json.loads(path.read_text()) == {"used_seconds": 15.0}
    second = Wait(clock, seconds=0.5)
    train(second, TimeBudget(20 / 3600, path, clock), epochs=10)
    assert second.n_steps == 1


def test_a_killed_run_loses_at_most_a_few_seconds(tmp_path):
    path = tmp_path / "time.json"
    clock = Clock()

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 4:
                raise KeyboardInterrupt

    budget = TimeBudget(1, path, clock)
    with pytest.raises(KeyboardInterrupt):
        train(Wait(clock, seconds=2), budget, Kill())
    assert 0 <= budget.used_seconds - TimeBudget(1, path).used_seconds <= 5


@pytest.mark.parametrize("hours", [0, -1.0, float("nan")])
def test_time_budget_must_be_positive(hours):
    with pytest.raises(ValueError, match=f"hours must be positive, got {hours}"):
        TimeBudget(hours)


def test_a_damaged_account_of_time_is_named(tmp_path):
    path = tmp_path / "time.json"
    path.write_text('{"used": 3}')
    with pytest.raises(ValueError, match="time.json holds no used_seconds"):
        TimeBudget(1, path)


def test_step_timer_leaves_out_the_first_step():
    clock = Clock()
    timer = StepTimer(clock)
    # The timer looks at the clock after `wait` only if `wait` comes first.
    history = train(Wait(clock, seconds=3), timer, epochs=2).history
    assert timer.seconds_per_step == pytest.approx(3)
    assert history["seconds_per_step"] == pytest.approx([3, 3])


def test_step_timer_shows_every_later_step_to_the_callbacks_after_it():
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs.get("seconds_per_step"))

    train(StepTimer(Clock(tick=0.25)), Spy())
    assert seen == [None] + [0.25] * (N_STEPS - 1)


def test_step_timer_divides_by_the_steps_of_one_execution():
    clock = Clock()
    timer = StepTimer(clock)
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs.get("seconds_per_step"))

    train(Wait(clock, seconds=3), timer, Spy(), steps_per_execution=3)
    assert timer.seconds_per_step == pytest.approx(1)
    assert seen == [None, pytest.approx(1)]


def test_step_timer_knows_nothing_after_one_step():
    assert StepTimer().seconds_per_step is None


class Chance(keras.callbacks.Callback):
    """Reports the chance level, as the column's metrics do."""

    def on_train_batch_end(self, batch, logs=None):
        logs["chance"] = 0.5

    def on_epoch_end(self, epoch, logs=None):
        logs["chance"] = logs["val_chance"] = 0.5


def test_progress_in_a_file_is_one_line_every_n_seconds():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressLine(every_seconds=3.5, stream=stream, clock=clock)
    train(Wait(clock, seconds=1), StepTimer(), Chance(), progress)
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[1] for line in lines[:-1]] == ["step 1/6", "step 5/6"]
    for line in lines:
        assert re.search(r"epoch 1/1  .*loss \S+  accuracy \S+ \(chance 0.500\)", line)
    assert "\r" not in stream.getvalue()


def test_progress_ends_an_epoch_with_the_validation():
    stream = io.StringIO()
    train(Chance(), ProgressLine(stream=stream), epochs=2, validation=True)
    ends = [line for line in stream.getvalue().splitlines() if "validation" in line]
    assert len(ends) == 2
    assert re.search(
        r"\| validation:  loss \S+  accuracy \S+ \(chance 0.500\)", ends[1]
    )


def test_progress_announces_the_time_of_the_steps_that_are_left():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressLine(every_seconds=0, stream=stream, clock=clock)
    train(Wait(clock, seconds=10), progress, epochs=2)
    lines = [line for line in stream.getvalue().splitlines() if "step" in line]
    assert "ETA" not in lines[0]
    assert lines[1].endswith("ETA 0:01:40")  # 10 steps of 10 s
    assert lines[-1].endswith("ETA 0:00:00")


def test_progress_announces_no_more_than_the_time_budget():
    stream = io.StringIO()
    progress = ProgressLine(seconds_left=lambda: 3661.0, every_seconds=0, stream=stream)
    train(progress, epochs=1)
    assert stream.getvalue().splitlines()[0].endswith("ETA 1:01:01")


def test_progress_on_a_terminal_rewrites_one_line_and_keeps_it_short(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as stream:
        train(ProgressLine(stream=stream), epochs=2)
        text = os.read(reader, 100_000).decode()
    os.close(reader)
    assert text.count("\n") == 2  # one final line per epoch
    rewritten = [part for part in text.split("\r") if "step" in part]
    assert len(rewritten) == 2 * N_STEPS
    assert all(len(part) < 40 for part in rewritten)


def scalars(folder):
    accumulator = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.TENSORS: 0}
    )
    accumulator.Reload()
    return {
        tag: [event.step for event in accumulator.Tensors(tag)]
        for tag in accumulator.Tags()["tensors"]
    }


def test_every_log_entry_reaches_tensorboard_by_training_step(tmp_path):
    board = TensorBoardScalars(tmp_path, every_n_steps=2)
    train(StepTimer(), board, epochs=2, validation=True)
    written = scalars(tmp_path / "train")
    assert written["loss"] == [2, 4, 6, 8, 10, 12]
    assert written["accuracy"] == written["seconds_per_step"] == written["loss"]
    assert written["epoch_loss"] == written["epoch_seconds_per_step"] == [6, 12]
    held_out = scalars(tmp_path / "validation")
    assert held_out == {"epoch_loss": [6, 12], "epoch_accuracy": [6, 12]}


def test_tensorboard_steps_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="every_n_steps must be positive, got 0"):
        TensorBoardScalars(tmp_path, every_n_steps=0)
