"""Activity between observations, beside a loop over neurons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.latent.acquisition import observed
from v1model.latent.interpolation import (
    INTERPOLATED,
    interpolate_causal,
    interpolate_linear,
)

N = 5
UNKNOWN = np.arange(100.0, 100 + N)
CASES = st.fixed_dictionaries(
    {
        "n_steps": st.integers(1, 40),
        "time_units": st.integers(1, 7),
        "origin": st.integers(0, 6),
        "seed": st.integers(0, 99),
        "has_gaps": st.booleans(),
    }
)


def make(n_steps, time_units, origin, seed, has_gaps):
    """(activity, phases, time_units, origin, valid), and who was observed."""
    rng = np.random.default_rng(seed)
    activity = rng.standard_normal((n_steps, N)).astype(np.float32)
    phases = rng.integers(0, time_units, N)
    origin %= time_units
    valid = rng.random((n_steps, N)) < 0.6 if has_gaps else None
    seen = observed(phases, time_units, origin + np.arange(n_steps))
    seen = seen & (True if valid is None else valid)
    return (activity, phases, time_units, origin, valid), seen


def loop_linear(activity, seen):
    out = np.tile(UNKNOWN, (len(activity), 1))
    for n in range(activity.shape[1]):
        rows = np.flatnonzero(seen[:, n])
        if len(rows):
            out[:, n] = np.interp(np.arange(len(out)), rows, activity[rows, n])
    return out


def loop_causal(activity, seen):
    out = np.zeros(activity.shape)
    for n in range(activity.shape[1]):
        held = UNKNOWN[n]
        for t in range(len(out)):
            held = activity[t, n] if seen[t, n] else held
            out[t, n] = held
    return out


LOOPS = {"linear": loop_linear, "causal": loop_causal}
both = pytest.mark.parametrize("kind", INTERPOLATED)


@both
@settings(deadline=None, max_examples=200)
@given(case=CASES)
def test_gaps_are_filled_as_by_a_loop_over_neurons(kind, case):
    arguments, seen = make(**case)
    found = INTERPOLATED[kind](*arguments, UNKNOWN)
    assert found.dtype == np.float32 and found.flags.c_contiguous
    expected = LOOPS[kind](arguments[0], seen)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@both
@settings(deadline=None)
@given(case=CASES)
def test_what_was_observed_stays_exactly_as_it_was(kind, case):
    arguments, seen = make(**case)
    found = INTERPOLATED[kind](*arguments)
    np.testing.assert_array_equal(found[seen], arguments[0][seen])


@both
@settings(deadline=None)
@given(case=CASES)
def test_what_was_not_observed_does_not_matter(kind, case):
    """Published code clamped to the first and last row there, observed or not."""
    (activity, *others), seen = make(**case)
    other = np.where(seen, activity, np.float32(1000) - activity)
    a, b = (INTERPOLATED[kind](one, *others) for one in (activity, other))
    np.testing.assert_array_equal(a, b)


@settings(deadline=None)
@given(case=CASES, part=st.floats(0, 1))
def test_the_causal_form_never_looks_ahead(case, part):
    (activity, *others), _ = make(**case)
    now = int(part * (len(activity) - 1))
    other = activity.copy()
    other[now + 1 :] += 1000
    a, b = (interpolate_causal(one, *others) for one in (activity, other))
    np.testing.assert_array_equal(a[: now + 1], b[: now + 1])


@settings(deadline=None)
@given(case=CASES, part=st.floats(0, 1))
def test_the_linear_form_looks_no_further_than_the_next_observation(case, part):
    (activity, phases, time_units, origin, _), _ = make(**{**case, "has_gaps": False})
    now = int(part * (len(activity) - 1))
    other = activity.copy()
    other[now + time_units :] += 1000
    arguments = (phases, time_units, origin)
    a, b = (interpolate_linear(one, *arguments) for one in (activity, other))
    first = min(time_units - 1, len(activity))  # before it, some see nothing
    np.testing.assert_array_equal(a[first : now + 1], b[first : now + 1])


def test_the_published_formula_holds_away_from_the_borders():
    (activity, phases, tu, _, _), _ = make(40, 6, 0, 0, False)
    found = interpolate_linear(activity, phases, tu)
    for t in range(tu, 40 - tu):
        low = phases + (t - phases) // tu * tu
        share = np.clip((t - low) / tu, 0, 1)
        ends = activity[low, np.arange(N)], activity[low + tu, np.arange(N)]
        expected = (1 - share) * ends[0] + share * ends[1]
        np.testing.assert_allclose(found[t], expected, rtol=1e-5, atol=1e-6)
