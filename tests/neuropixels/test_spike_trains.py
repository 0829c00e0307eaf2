import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.neuropixels.spike_trains import SpikeTrains
from v1model.recordings import Clock

times = st.lists(st.integers(0, 200).map(lambda n: n / 8), max_size=30)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("trains") / "a.h5"


def stored(path, trains, **options):
    """SpikeTrains of these units; what is not theirs lies between them."""
    parts = [np.concatenate([[-1.0], train]) for train in trains]
    with h5py.File(path, "w") as file:
        file.create_dataset("units/spike_times", data=np.concatenate(parts), **options)
    last = np.cumsum([len(part) for part in parts])
    first = last - [len(train) for train in trains]
    return SpikeTrains(path, np.arange(len(trains)) + 100, first, last)


@given(st.lists(times, min_size=1, max_size=5), st.integers(1, 200), st.booleans())
@settings(max_examples=60, deadline=None)
def test_windows_hold_all_spikes_in_the_order_of_time_and_unit(path, trains, n, packed):
    """Also where units are unsorted or silent, and where the file is compressed."""
    options = {"chunks": True, "compression": "gzip"} if packed else {}
    spikes = stored(path, trains, **options)
    clock = Clock(250.0)
    windows = spikes.in_windows(clock, n)
    expected = sorted((t, u) for u, train in enumerate(trains) for t in train)
    pieces = list(windows)
    found = [pair for piece in pieces for pair in zip(*piece, strict=True)]
    assert found == expected
    assert windows.last_s == max((t for t, _ in expected), default=0)
    edges = [*clock.times(windows.first_steps), np.inf]
    for (time_s, _), begin, end in zip(pieces, edges[:-1], edges[1:], strict=True):
        assert ((begin <= time_s) & (time_s < end)).all()
    unsorted = [u for u, train in enumerate(trains) if train != sorted(train)]
    assert sorted(windows.repaired) == unsorted


def test_a_window_holds_about_as_many_spikes_as_asked(path):
    rng = np.random.default_rng(0)
    trains = [np.sort(rng.uniform(0, 1000, 5000)) for _ in range(20)]
    sizes = [len(t) for t, _ in stored(path, trains).in_windows(Clock(1.0), 10_000)]
    assert len(sizes) == 10
    assert max(sizes) < 11_000


def test_one_unit_that_goes_on_for_long_does_not_widen_the_windows(path):
    rng = np.random.default_rng(0)
    trains = [np.sort(rng.uniform(0, 100, 1000)) for _ in range(20)]
    trains[3] = np.append(trains[3], 1e6)
    sizes = [len(t) for t, _ in stored(path, trains).in_windows(Clock(1.0), 2000)]
    assert max(sizes) < 2500


def test_some_units_are_taken_in_their_order(path):
    spikes = stored(path, [[1.0], [], [0.5, 2.0]]).take([2, 0])
    assert spikes.unit_ids.tolist() == [102, 100]
    assert [train.tolist() for train in spikes.read()] == [[0.5, 2.0], [1.0]]
    assert spikes.counts.tolist() == [2, 1]


def test_a_spike_before_the_clock_begins_is_refused(path):
    spikes = stored(path, [[1.0, 2.0]])
    with pytest.raises(
        ValueError, match="unit 100 holds 1.0 s, before the start at 1.5"
    ):
        spikes.in_windows(Clock(1.0, 1.5))


def test_damaged_data_are_refused(path):
    spikes = stored(path, [np.arange(1000.0)], chunks=(100,), compression="gzip")
    with h5py.File(path) as file:
        place = file["units/spike_times"].id.get_chunk_info(4).byte_offset
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(20))
    with pytest.raises(ValueError, match=r"a\.h5: units/spike_times cannot be read"):
        spikes.read()
