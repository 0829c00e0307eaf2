"""Observed steps and starts of rollouts, beside loops that follow the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.latent.acquisition import draw_starts, observed, phases_of
from v1model.latent.config import Acquisition

MODES = ("all_time_points", "time_aligned", "staggered_random")
CHUNKS = st.fixed_dictionaries(
    {
        "n_rows": st.integers(1, 80),
        "time_units": st.integers(1, 9),
        "multiples": st.integers(1, 4),
        "mode": st.sampled_from(MODES),
        "origin": st.integers(0, 8),
        "seed": st.integers(0, 20),
    }
)


def possible(n_rows, time_units, multiples, mode, origin):
    """The rows at which the published code may begin, one by one."""
    total = time_units * multiples
    if mode != "time_aligned":
        return list(range(n_rows - total))
    first = next(row for row in range(time_units) if (origin + row) % time_units == 0)
    n_valid = max(n_rows - first - total, 0) // time_units
    return [first + time_units * k for k in range(n_valid)]


def test_phases_are_those_of_the_mode():
    assert phases_of(Acquisition(mode="all_time_points"), 20, 4) is None
    aligned = phases_of(Acquisition(mode="time_aligned"), 20, 4)
    np.testing.assert_array_equal(aligned, np.zeros(4))
    staggered = Acquisition(mode="staggered_random", seed=653)
    phases = phases_of(staggered, 20, 4000)
    assert phases.dtype == np.int32
    counts = np.bincount(phases, minlength=20)
    assert len(counts) == 20 and counts.min() > 140 and counts.max() < 260
    np.testing.assert_array_equal(phases, phases_of(staggered, 20, 4000))
    other = Acquisition(mode="staggered_random", seed=654)
    assert (phases != phases_of(other, 20, 4000)).any()


@given(time_units=st.integers(1, 7), start=st.integers(0, 30), seed=st.integers(0, 9))
def test_every_neuron_is_observed_once_in_time_units_steps(time_units, start, seed):
    acquisition = Acquisition(mode="staggered_random", seed=seed)
    phases = phases_of(acquisition, time_units, 6)
    found = observed(phases, time_units, np.arange(start, start + 3 * time_units))
    for n in range(6):
        for t in range(3 * time_units):
            # The published loop counts from the phase on.
            expected = start + t in range(phases[n], start + t + 1, time_units)
            assert found[t, n] == expected
    assert (found.sum(axis=0) == 3).all()


def test_without_phases_all_are_observed_always():
    assert observed(None, 5, np.arange(12)).all()
    assert observed(None, 5, np.zeros((2, 3))).shape == (2, 3, 1)


@settings(deadline=None)
@given(chunk=CHUNKS, n_steps=st.integers(1, 5), batch_size=st.integers(1, 9))
def test_starts_are_those_of_the_published_formula(chunk, n_steps, batch_size):
    chunk = {**chunk, "origin": chunk["origin"] % chunk["time_units"]}
    rng = np.random.default_rng(chunk.pop("seed"))
    expected = possible(**chunk)
    arguments = [chunk[name] for name in ("n_rows", "time_units", "multiples")]
    size = (n_steps, batch_size, chunk["mode"], chunk["origin"])
    if not expected:
        with pytest.raises(ValueError, match="too short"):
            draw_starts(rng, *arguments, *size)
        return
    starts = draw_starts(rng, *arguments, *size)
    assert starts.shape == (n_steps, batch_size) and starts.dtype == np.int32
    assert set(starts.ravel()) <= set(expected)
    times = [np.count_nonzero(starts == row) for row in expected]
    assert max(times) - min(times) <= 1
    end = starts + chunk["time_units"] * chunk["multiples"]
    assert end.max() < chunk["n_rows"]
    if chunk["mode"] == "time_aligned":
        assert not ((chunk["origin"] + starts) % chunk["time_units"]).any()


def test_staggered_starts_need_no_neuron_of_phase_0():
    """Published code shifted the stimulus where the smallest phase was another."""
    rng = np.random.default_rng(0)
    starts = draw_starts(rng, 30, 5, 2, 4, 5, "staggered_random")
    np.testing.assert_array_equal(np.sort(starts.ravel()), np.arange(20))


def test_a_chunk_that_is_too_short_is_refused_with_what_it_needs():
    with pytest.raises(ValueError, match="10 rows .* 5 x time_units 2 .* least 11"):
        draw_starts(np.random.default_rng(0), 10, 2, 5, 1, 1, "all_time_points")


def test_the_same_generator_draws_the_same_starts_and_another_one_others():
    drawn = [
        draw_starts(np.random.default_rng(seed), 900, 2, 2, 3, 8, "all_time_points")
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
