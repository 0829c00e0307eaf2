"""Validity of stretches of time, beside a count over all intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.recordings import RecordingWriter, Signal, open_recording

N, T, DT_S = 4, 20, 0.5
TIMES = st.integers(-4, 24).map(lambda half: half / 2 - 0.25)
INTERVALS = st.lists(
    st.tuples(TIMES, TIMES, st.lists(st.booleans(), min_size=N, max_size=N)).map(
        lambda i: (*sorted(i[:2]), i[2])
    ),
    max_size=5,
)


def write(path, intervals, cuts, steps=None):
    frame = pd.DataFrame(
        {"start_s": [i[0] for i in intervals], "stop_s": [i[1] for i in intervals]}
    )
    who = np.array([i[2] for i in intervals], bool).reshape(-1, N)
    with RecordingWriter(
        path,
        neurons=pd.DataFrame({"id": range(N)}),
        dt_ms=DT_S * 1000,
        signals={"r": Signal("rate")},
        invalid=frame,
        invalid_neurons=who,
    ) as writer:
        borders = [0, *sorted(cuts), T]
        for start, stop in zip(borders[:-1], borders[1:], strict=True):
            valid = None if steps is None else steps[start:stop]
            writer.append({"r": np.zeros((stop - start, N))}, valid=valid)
    return path


@settings(deadline=None, max_examples=80)
@given(
    intervals=INTERVALS,
    cuts=st.lists(st.integers(0, T), max_size=3),
    asked=st.lists(st.tuples(TIMES, TIMES).map(sorted), min_size=1, max_size=6),
    seed=st.integers(0, 100),
)
def test_what_overlaps_an_invalid_stretch_is_invalid(
    tmp_path_factory, intervals, cuts, asked, seed
):
    steps = np.random.default_rng(seed).random((T, N)) < 0.8
    steps = np.repeat(steps[::4], 4, axis=0)
    path = write(tmp_path_factory.mktemp("v") / "a.h5", intervals, cuts, steps)
    stretches = [(i[0], i[1], np.array(i[2], bool)) for i in intervals]
    stretches += [(t * DT_S, (t + 1) * DT_S, ~steps[t]) for t in range(T)]
    # What is said of the last step holds until something else is said.
    stretches += [(T * DT_S, np.inf, ~steps[-1])]

    def expected(start_s, stop_s):
        valid = np.ones(N, bool)
        for begin, end, who in stretches:
            if begin < end and start_s < end and stop_s > begin:
                valid &= ~who
        return valid

    with open_recording(path) as recording:
        starts, stops = np.transpose(asked)
        longer = stops > starts
        found = recording.valid_between(starts, stops)
        for row, start_s, stop_s in zip(
            found[longer], starts[longer], stops[longer], strict=True
        ):
            np.testing.assert_array_equal(row, expected(start_s, stop_s))
        by_step = [expected(t * DT_S, (t + 1) * DT_S) for t in range(T)]
        np.testing.assert_array_equal(recording.valid(), by_step)


def test_a_mask_of_all_neurons_and_one_for_all_steps(tmp_path):
    some = np.array([True, False, True, True])
    path = write(tmp_path / "a.h5", [], [], np.tile(some, (T, 1)))
    with open_recording(path) as recording:
        np.testing.assert_array_equal(recording.valid(3, 5), [some, some])
        table = recording.invalid_intervals()
    assert table.to_dict("list") == {
        "start_s": [0.0],
        "stop_s": [np.inf],
        "n_neurons": [1],
    }


def test_what_is_not_finite_must_lie_in_an_invalid_stretch(tmp_path):
    """An interval counts like the mask of steps, whatever part of a step it covers."""
    values = np.zeros((T, N))
    values[3:5, 1] = np.nan
    options = {
        "neurons": pd.DataFrame({"id": range(N)}),
        "dt_ms": DT_S * 1000,
        "signals": {"r": Signal("rate")},
        "invalid_neurons": np.array([[False, True, False, False]]),
    }
    for interval, fits in (((1.9, 2.1), True), ((2.0, 2.1), False), ((0, 2), False)):
        invalid = pd.DataFrame({"start_s": interval[:1], "stop_s": interval[1:]})
        with RecordingWriter(tmp_path / "a.h5", invalid=invalid, **options) as writer:
            writer.append({"r": values[:2]})
            if fits:
                writer.append({"r": values[2:]})
                continue
            with pytest.raises(ValueError, match="got nan of neuron 1 in step [34]"):
                writer.append({"r": values[2:]})


def test_where_all_is_valid_nothing_is_stored(tmp_path):
    path = write(tmp_path / "a.h5", [], [], np.ones((T, N), bool))
    with open_recording(path) as recording:
        assert recording.valid().all() and not len(recording.invalid_intervals())
        assert recording.valid_between([-5, 3], [100, 4]).shape == (2, N)
        assert recording.valid_between([], []).shape == (0, N)


def test_an_interval_must_not_end_before_it_begins(tmp_path):
    with pytest.raises(ValueError, match="interval 1 must not end .* 3.0 to 2.0 s"):
        write(tmp_path / "a.h5", [(0, 1, [1] * N), (3, 2, [1] * N)], [])
    assert list(tmp_path.iterdir()) == []
