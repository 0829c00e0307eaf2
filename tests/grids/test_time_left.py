"""How long a grid will still take."""

import pytest

from v1model.grids.time_left import Going, seconds_left, words_of


def test_nothing_is_known_before_the_first_epoch():
    assert seconds_left([], [Going(10.0, 0.0)], 3, 1) is None


def test_runs_that_wait_take_as_long_as_those_that_are_finished():
    assert seconds_left([10.0, 30.0], [], 4, 1) == pytest.approx(80)
    assert seconds_left([10.0, 30.0], [], 4, 2) == pytest.approx(40)


def test_a_run_under_way_tells_by_its_epochs():
    # 10 s for a quarter: 30 s are left, and 40 for each of the others.
    assert seconds_left([], [Going(10.0, 0.25)], 2, 1) == pytest.approx(110)


def test_the_last_run_cannot_be_shared():
    left = seconds_left([100.0], [Going(1.0, 0.01), Going(99.0, 0.99)], 0, 2)
    assert left == pytest.approx(99)


def test_a_run_without_epochs_takes_the_usual_time_and_no_less_than_nothing():
    assert seconds_left([60.0], [Going(20.0, 0.0)], 0, 1) == pytest.approx(40)
    assert seconds_left([60.0], [Going(90.0, 0.0)], 0, 1) == 0


def test_durations_are_told_in_the_unit_that_suits_them():
    assert [words_of(s) for s in (40, 700, 7200)] == ["40 s", "12 min", "2.0 h"]
