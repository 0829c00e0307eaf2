"""The clock of a training: starts before count, and the limit ends it."""

import time

import pytest

from v1model.fitting.clock import Clock


@pytest.fixture
def now(monkeypatch):
    found = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: found[0])
    return found


def test_the_time_of_starts_before_counts(now):
    clock = Clock(max_minutes=1, seconds=50.0)
    assert clock.seconds == 50 and not clock.is_over
    now[0] += 9.5
    assert clock.seconds == 59.5 and not clock.is_over
    now[0] += 0.5
    assert clock.is_over


def test_without_a_limit_it_is_never_over(now):
    clock = Clock(max_minutes=0.0)
    now[0] += 1e9
    assert not clock.is_over
    assert clock.seconds_left(7.0) == 7.0


@pytest.mark.parametrize("passed, left", [(0, 10), (55, 5), (90, 0)])
def test_what_is_left_is_the_work_or_what_the_limit_leaves(now, passed, left):
    clock = Clock(max_minutes=1)
    now[0] += passed
    assert clock.seconds_left(10.0) == left
