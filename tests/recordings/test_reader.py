"""Recording: slices are those of the whole."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recordings.made_up import made_up, write
from v1model.recordings import open_recording


@pytest.fixture(scope="module")
def content():
    return made_up(n_steps=60, n_neurons=9)


@pytest.fixture(scope="module")
def recording(content, tmp_path_factory):
    path = write(content, tmp_path_factory.mktemp("reader") / "a.h5", cuts=[7, 31])
    with open_recording(path) as recording:
        yield recording


STEPS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
NEURONS = st.one_of(
    st.none(),
    st.lists(st.integers(0, 8), max_size=12),
    st.lists(st.booleans(), min_size=9, max_size=9).map(np.array),
    st.builds(slice, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, -1])),
)


def test_what_a_recording_says_of_itself(recording, content):
    assert recording.n_steps == 60 and recording.n_neurons == 9
    assert recording.dt_ms == 0.7 and recording.start_s == 2.5
    assert recording.duration_s == pytest.approx(0.042)
    assert recording.stop_s == pytest.approx(2.542)
    assert (recording.source, recording.session_id) == ("made up", "s1")
    assert recording.metadata == {"a": [1, "b"]}
    pd.testing.assert_frame_equal(recording.neurons, content.neurons)
    pd.testing.assert_frame_equal(recording.trials, content.trials)
    np.testing.assert_allclose(recording.times_s(3, 5), [2.5021, 2.5028])
    assert {n: (s.quantity, s.unit) for n, s in recording.activity.items()} == {
        "spikes": ("count", "spikes"),
        "exact": ("count", "spikes"),
        "voltages": ("voltage", "mV"),
        "rates": ("rate", "1/s"),
    }
    assert recording.activity["exact"].is_exact
    assert not recording.activity["spikes"].is_exact


@settings(deadline=None, max_examples=60)
@given(steps=STEPS, neurons=NEURONS)
def test_a_slice_of_activity_is_that_of_the_whole(recording, content, steps, neurons):
    part = slice(*steps)
    columns = slice(None) if neurons is None else neurons
    if isinstance(columns, list):
        columns = np.array(columns, int)
    found = recording.activity["spikes"].read(*steps, neurons)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, content.counts[part][:, columns])
    for name, dtype in (("voltages", np.float16), ("rates", np.float64)):
        found = recording.activity[name].read(*steps, neurons)
        assert found.dtype == np.float32
        expected = getattr(content, name).astype(dtype).astype(np.float32)
        np.testing.assert_array_equal(found, expected[part][:, columns])
    found = recording.activity["exact"].read(*steps, neurons)
    assert found.dtype == np.uint16
    expected = np.zeros((60, 9), np.uint16)
    borders = content.borders_s(np.arange(61))
    step = np.searchsorted(borders, content.time_s, side="right") - 1
    np.add.at(expected, (step, content.neuron), 1)
    np.testing.assert_array_equal(found, expected[part][:, columns])


@settings(deadline=None, max_examples=30)
@given(steps=STEPS)
def test_events_are_what_is_not_zero_and_add_up_to_the_counts(
    recording, content, steps
):
    signal = recording.activity["spikes"]
    step, neuron = signal.events(*steps)
    assert (step.dtype, neuron.dtype) == (np.int64, np.int32)
    counts = np.zeros_like(content.counts)
    np.add.at(counts, (step, neuron), 1)
    part = slice(*steps)
    np.testing.assert_array_equal(counts[part], content.counts[part])
    assert counts.sum() == content.counts[part].sum()
    np.testing.assert_array_equal(signal.counts(*steps), counts.sum(axis=0))
    assert (np.diff(step) >= 0).all()


@settings(deadline=None, max_examples=30)
@given(steps=STEPS)
def test_a_slice_of_a_series_is_that_of_the_whole(recording, content, steps):
    part = slice(*steps)
    movie = recording.stimulus["movie"]
    shown = np.where(
        content.index[:, None, None] >= 0, content.frames[content.index], 0
    )
    cases = (
        (recording.stimulus["gray"].read(*steps), content.gray),
        (recording.behavior["running"].read(*steps), content.running),
        (movie.index(*steps), content.index),
        (movie.read(*steps), shown),
        (recording.valid(*steps), content.valid),
    )
    for found, expected in cases:
        np.testing.assert_array_equal(found, expected[part])
        assert found.dtype == expected.dtype
    np.testing.assert_array_equal(movie.frames, content.frames)


TIMES = st.one_of(st.none(), st.floats(2.4, 2.6))


@settings(deadline=None, max_examples=60)
@given(start_s=TIMES, stop_s=TIMES)
def test_spike_times_are_exact_or_those_of_their_steps(
    recording, content, start_s, stop_s
):
    low = -np.inf if start_s is None else start_s
    high = np.inf if stop_s is None else stop_s
    time_s, neuron = recording.activity["exact"].spike_times(start_s, stop_s)
    kept = (content.time_s >= low) & (content.time_s < high)
    np.testing.assert_array_equal(time_s, content.time_s[kept])
    np.testing.assert_array_equal(neuron, content.neuron[kept])
    step, who = np.nonzero(content.counts)
    n = content.counts[step, who]
    begun, who = content.borders_s(np.repeat(step, n)), np.repeat(who, n)
    kept = (begun >= low) & (begun < high)
    time_s, neuron = recording.activity["spikes"].spike_times(start_s, stop_s)
    np.testing.assert_array_equal(time_s, begun[kept])
    np.testing.assert_array_equal(neuron, who[kept])
    for k, train in enumerate(recording.activity["spikes"].trains(start_s, stop_s)):
        np.testing.assert_array_equal(train, time_s[neuron == k])


@pytest.mark.parametrize(
    ("steps", "neurons", "message"),
    [
        ((0, 61), None, r"0\.\.60 .* got 0 to 61"),
        ((-1, 5), None, "got -1 to 5"),
        ((5, 4), None, "got 5 to 4"),
        ((0, 5), [9], r"0\.\.8, got 9 to 9"),
        ((0, 5), [-1], "got -1 to -1"),
        ((0, 5), [0.5], "must be indices"),
        ((0, 5), np.ones(8, bool), r"shape \(9,\), got \(8,\)"),
    ],
)
def test_what_is_not_in_the_recording_is_refused(recording, steps, neurons, message):
    for name in ("spikes", "voltages"):
        with pytest.raises(ValueError, match=message):
            recording.activity[name].read(*steps, neurons)


def test_h5py_alone_reads_a_recording(recording, content):
    """The layout that `v1model.recordings.schema` promises."""
    with h5py.File(recording.path) as file:
        assert file.attrs["format"] == "v1model recording"
        np.testing.assert_array_equal(
            file["activity/voltages"][()], content.voltages.astype(np.float16)
        )
        np.testing.assert_array_equal(file["activity/rates"][()], content.rates)
        np.testing.assert_array_equal(file["neurons/id"], content.neurons["id"])
        assert file["trials/stimulus"].asstr()[1] == "µ grating"
        spikes = file["activity/spikes"]
        first, neuron = spikes["first"][()], spikes["neuron"][()]
        for t in range(60):
            counts = np.bincount(neuron[first[t] : first[t + 1]], minlength=9)
            np.testing.assert_array_equal(counts, content.counts[t])
        times = file["activity/exact/time_s"][()]
        np.testing.assert_array_equal(times, content.time_s)
        movie = file["stimulus/movie"]
        np.testing.assert_array_equal(movie["frames"][()], content.frames)
        np.testing.assert_array_equal(movie["index"][()], content.index)


def test_only_what_is_asked_for_is_read(tmp_path, monkeypatch):
    """A slice of a long recording touches the chunks of the slice."""
    from v1model.recordings import chunks

    content = made_up(n_steps=30_000, n_neurons=40)
    path = write(content, tmp_path / "a.h5")
    read = []
    monkeypatch.setattr(
        chunks, "_decompress", lambda chunk, *rest: read.append(len(chunk[1]))
    )
    with open_recording(path) as recording:
        voltages = recording.activity["voltages"]
        voltages.read(20_000, 20_010)
        assert len(read) == 1
        read.clear()
        voltages.read()
        assert len(read) == -(-30_000 // voltages.rows.chunks[0]) > 1
