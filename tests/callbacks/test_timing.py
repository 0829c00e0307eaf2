"""Time of a step, and time that is left."""

import json

import keras
import pytest

from tests.callbacks.training import N_STEPS, Clock, Wait, train
from v1model.callbacks import StepTimer, TimeBudget


def test_time_budget_stops_at_the_end_of_the_step_in_which_it_is_used_up():
    clock = Clock()
    wait = Wait(clock, seconds=1)  # 10 s for the first step, then 1 s
    budget = TimeBudget(12.5 / 3600, clock=clock)
    assert not budget.is_over
    train(wait, budget, epochs=3)
    assert wait.n_steps == 4
    assert budget.is_over


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
