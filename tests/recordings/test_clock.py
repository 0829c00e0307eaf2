"""Clock: steps and times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v1model.recordings import Clock

CLOCKS = st.builds(
    Clock,
    st.floats(0.01, 1000, allow_nan=False),
    st.floats(-1e4, 1e4, allow_nan=False),
)
STEPS = st.lists(st.integers(0, 10**7), min_size=1, max_size=20)


@given(CLOCKS, STEPS)
def test_the_time_at_which_a_step_begins_lies_in_that_step(clock, steps):
    np.testing.assert_array_equal(clock.steps(clock.times(steps)), steps)


@given(CLOCKS, STEPS)
def test_the_time_before_a_step_begins_lies_in_the_step_before(clock, steps):
    before = np.nextafter(clock.times(steps), -np.inf)
    np.testing.assert_array_equal(clock.steps(before), np.subtract(steps, 1))


@given(CLOCKS, STEPS, st.integers(-3, 3))
def test_a_time_that_misses_a_step_by_rounding_is_snapped_to_it(clock, steps, n):
    begins = clock.times(np.mod(steps, 10**5))  # a day of the longest steps
    missed = begins + n * np.spacing(np.abs(begins))
    np.testing.assert_array_equal(clock.snapped(missed), begins)
    inside = begins + clock.dt_ms / 3000
    np.testing.assert_array_equal(clock.snapped(inside), inside)


@given(CLOCKS, CLOCKS, STEPS, st.floats(0, 1), st.integers(0, 10**6))
def test_a_moved_time_stays_in_its_step(clock, other, steps, part, first):
    clock = Clock(other.dt_ms, clock.start_s)
    begin, end = other.times(steps), other.times(np.add(steps, 1))
    times = np.minimum(begin + part * (end - begin), np.nextafter(end, -np.inf))
    moved = clock.moved(times, other, first)
    np.testing.assert_array_equal(clock.steps(moved), np.add(steps, first))
    on_border = clock.moved(begin, other, first)
    np.testing.assert_array_equal(on_border, clock.times(np.add(steps, first)))


def test_a_time_just_before_the_end_of_a_step_is_not_rounded_into_the_next():
    other, clock, first = Clock(1.0), Clock(1.0, 1e4), 10**6
    last = np.nextafter(other.times(1), 0)
    assert clock.steps(clock.moved(last, other, first)) == first


@pytest.mark.parametrize("dt_ms", [0, -1, np.nan, np.inf])
def test_a_step_must_have_a_length(dt_ms):
    with pytest.raises(ValueError, match=f"dt_ms must be .*got {float(dt_ms)}"):
        Clock(dt_ms)
