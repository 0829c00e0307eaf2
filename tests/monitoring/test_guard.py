"""The share of the time that monitors may take."""

import random

import pytest

from v1model.monitoring.guard import Guard


def test_the_first_time_is_allowed_and_repaid_before_the_next():
    guard = Guard(0.05)
    assert guard.reason_to_skip("weights", elapsed=0) is None
    guard.took("weights", 1.0)
    assert guard.reason_to_skip("weights", elapsed=20)  # 1 + 1 > 0.05 x 21
    assert guard.reason_to_skip("weights", elapsed=39) is None  # 2 = 0.05 x 40


def test_a_cheap_monitor_runs_where_a_dear_one_must_wait():
    guard = Guard(0.1)
    guard.took("cheap", 0.1)
    guard.took("dear", 5.0)
    assert guard.reason_to_skip("cheap", elapsed=60) is None
    assert guard.reason_to_skip("dear", elapsed=60)


def test_cheap_monitors_do_not_wait_for_what_others_had_to_compile():
    guard = Guard(0.05)
    guard.took("cheap", 0.1)
    guard.took("dear", 10.0)  # 200 s of training are owed
    assert guard.reason_to_skip("cheap", elapsed=10) is None  # of 0.05 x 10 / 4
    assert guard.reason_to_skip("cheap", elapsed=3)
    assert guard.reason_to_skip("dear", elapsed=100)
    guard.took("cheap", 0.1)
    assert guard.reason_to_skip("cheap", elapsed=14)  # it has taken its part
    assert guard.reason_to_skip("cheap", elapsed=17) is None


def test_a_share_of_0_allows_nothing_and_1_everything():
    assert Guard(0.0).reason_to_skip("weights", elapsed=1e9)
    guard = Guard(1.0)
    for elapsed in (1.0, 3.0, 7.0):
        assert guard.reason_to_skip("weights", elapsed) is None
        guard.took("weights", elapsed)  # all the time of training is theirs


def test_the_reason_names_seconds_and_share():
    guard = Guard(0.05)
    guard.took("weights", 2.0)
    reason = guard.reason_to_skip("weights", elapsed=50.0)
    assert reason == "it took 2 s last time, and 0.6 s are left of a share of 0.05"


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3])
def test_a_long_training_stays_within_the_share_whatever_monitors_take(share):
    draws, elapsed, guard = random.Random(3), 0.0, Guard(share)
    costs = {"a": 0.01, "b": 0.1, "c": 1.0}
    for _ in range(3000):
        elapsed += 1.0
        for name, cost in costs.items():
            if guard.reason_to_skip(name, elapsed) is None:
                seconds = cost * draws.uniform(0.5, 1.5)
                guard.took(name, seconds)
                elapsed += seconds
    assert guard.spent <= share * elapsed + 1.5
    assert guard.spent > 0.5 * min(share, 0.5) * elapsed  # and the share is used
