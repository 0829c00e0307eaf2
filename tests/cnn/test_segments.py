import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cnn.recorded import write
from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.cnn.segments import SegmentStream, cut

sizes = st.integers(1, 40)


def uses(segments, n_bins):
    """How often each bin counts, (T,)."""
    n = np.zeros(n_bins, int)
    for begin, end in zip(segments.begin, segments.end, strict=True):
        n[begin:end] += 1
    return n


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(sizes, min_size=1, max_size=6),
    gap=st.integers(0, 3),
    memory=st.integers(0, 12),
    size=st.integers(1, 15),
    seed=st.integers(0, 1000),
)
def test_every_bin_that_can_be_predicted_counts_once(lengths, gap, memory, size, seed):
    start = np.cumsum([0, *lengths[:-1]]) + gap * np.arange(len(lengths))
    trials = pd.DataFrame({"start": start, "stop": start + lengths})
    segments = cut(trials, memory, size, np.random.default_rng(seed))
    expected = np.zeros(trials["stop"].max(), int)
    n = 0
    for begin, stop in zip(trials["start"], trials["stop"], strict=True):
        expected[begin + memory : stop] = 1
        n += -(-max(stop - begin - memory, 0) // size)
    np.testing.assert_array_equal(uses(segments, len(expected)), expected)
    assert len(segments.first) == n  # no more work than is needed
    for first, begin, end, stop in zip(*segments, strict=True):
        trial = trials[(trials["start"] <= begin) & (begin < trials["stop"])].iloc[0]
        assert trial["start"] + memory <= first <= begin < end <= first + size
        assert stop == trial["stop"] >= end
        is_long = stop - trial["start"] - memory >= size
        assert first + size <= stop or not is_long  # frames are real where they can be


def test_cuts_are_at_all_places():
    trials = pd.DataFrame({"start": [0], "stop": [24]})
    rng = np.random.default_rng(0)
    found = {tuple(cut(trials, 4, 8, rng).begin) for _ in range(200)}
    assert len(found) == 5  # 24 - 4 = 20 bins in three segments of 8 leave 4 to shift
    assert {begin[1] for begin in found} == {8, 9, 10, 11, 12}


def stream(path, seed=1, **options):
    write(path, n_trials=10, trial_bins=33)
    return SegmentStream(load_recording(path, DataParams(**options)), 5, 8, seed)


def test_a_stream_is_the_same_whatever_is_taken_at_a_time(tmp_path):
    segments = stream(tmp_path / "a.h5")
    n = 3 * segments.n_per_pass + 5
    whole = segments.take(0, n)
    for size in (1, 7, segments.n_per_pass + 3):
        parts = [segments.take(first, size) for first in range(0, n - size, size)]
        joined = [np.concatenate(field) for field in zip(*parts, strict=True)]
        for one, other in zip(joined, whole, strict=True):
            np.testing.assert_array_equal(one, other[: len(one)])
    later = stream(tmp_path / "a.h5").take(n - 6, 6)  # as after a restart
    for one, other in zip(later, whole, strict=True):
        np.testing.assert_array_equal(one, other[-6:])


def test_passes_and_seeds_differ_in_order_and_in_cuts(tmp_path):
    segments = stream(tmp_path / "a.h5")
    n = segments.n_per_pass
    first, second = segments.take(0, n), segments.take(n, n)
    other = stream(tmp_path / "a.h5", seed=2).take(0, n)
    for one in (second, other):
        assert (one.first != first.first).any()
        assert (np.sort(one.begin) != np.sort(first.begin)).any()


def test_segments_do_not_come_in_order_of_time(tmp_path):
    segments = stream(tmp_path / "a.h5")
    n = segments.n_per_pass
    for number in range(3):
        begin = segments.take(number * n, n).begin
        is_later = np.diff(begin) > 0
        assert 0.2 < is_later.mean() < 0.8


def test_each_pass_uses_each_bin_for_training_once(tmp_path):
    segments = stream(tmp_path / "a.h5")
    recording = load_recording(tmp_path / "a.h5", DataParams())
    expected = np.zeros(recording.n_bins, int)
    for row in recording.trials_of("train").itertuples():
        expected[row.start + 5 : row.stop] = 1
    for number in range(3):
        part = segments.take(number * segments.n_per_pass, segments.n_per_pass)
        np.testing.assert_array_equal(uses(part, recording.n_bins), expected)


def test_a_memory_longer_than_all_trials_is_refused(tmp_path):
    write(tmp_path / "a.h5", trial_bins=20)
    recording = load_recording(tmp_path / "a.h5", DataParams())
    with pytest.raises(ValueError, match="a.h5: .*more than the 20 bins .* at most 20"):
        SegmentStream(recording, 20, 8, 0)
