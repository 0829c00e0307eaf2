import shutil
import tracemalloc

import h5py
import numpy as np
import pytest

from tests.neuropixels.allen_files import DROPPED, STARTS_S, STOPS_S, write_session
from v1model.neuropixels.conversion import session_to_recording
from v1model.neuropixels.session import load_session
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.presentations.binning import bin_spikes
from v1model.presentations.recording_bins import bin_recording
from v1model.recordings import open_recording


@pytest.fixture(scope="module")
def session(written):
    return load_session(written[0])


@pytest.fixture(scope="module", params=[200, 10**6], ids=["windows", "one window"])
def recording(request, session, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "a.h5"
    session_to_recording(session, path, window_spikes=request.param)
    with open_recording(path) as opened:
        yield opened


def test_a_recording_has_the_same_spikes_to_the_last_digit(session, recording):
    trains = recording.activity["spikes"].trains()
    for found, expected in zip(trains, session.spikes.read(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_recording_has_the_units_and_what_chose_them(session, recording):
    assert recording.neurons["id"].tolist() == session.units["id"].tolist()
    assert recording.neurons["area"].tolist() == session.units["area"].tolist()
    assert recording.metadata["unit_filter"] == session.unit_filter.described()
    assert recording.session_id == "715093703"


def test_validity_is_that_of_the_session_for_every_presentation(session, recording):
    """Presentation 6 ends 2e-15 s after the invalid time of 7 begins, or before it."""
    expected = session.valid_between(STARTS_S, STOPS_S)
    np.testing.assert_array_equal(recording.valid_between(STARTS_S, STOPS_S), expected)


def test_invalid_times_that_touch_within_rounding_mask_no_neighbour(nwb, tmp_path):
    """Exact comparisons follow, so the edges must agree to the last digit."""
    begin, end = STOPS_S[6], STARTS_S[9]
    for _ in range(3):
        begin, end = np.nextafter(begin, 0), np.nextafter(end, 99)
    with h5py.File(nwb, "r+") as file:
        file["intervals/invalid_times/start_time"][1] = begin
        file["intervals/invalid_times/stop_time"][1] = end
    session_to_recording(load_session(nwb), tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        valid = recording.valid_between(STARTS_S, STOPS_S)
        probe = recording.neurons["probe"].to_numpy()
    is_masked = ~valid[:, probe == "probeA"].any(axis=1)
    assert np.flatnonzero(is_masked).tolist() == [7, 8, 10]


def nearest_centroid(binned, labels):
    """Share of presentations whose picture has the nearest mean without them."""
    counts = binned.counts.sum(axis=1).astype(float)
    n_right = 0
    for row, label in enumerate(labels):
        rest = np.arange(len(labels)) != row
        classes = np.unique(labels[rest])
        means = [counts[rest & (labels == c)].mean(axis=0) for c in classes]
        distance = np.linalg.norm(np.array(means) - counts[row], axis=1)
        n_right += classes[distance.argmin()] == label
    return n_right / len(labels)


def test_pictures_are_read_from_the_recording_and_shuffled_ones_are_not(
    written, tmp_path
):
    """Each unit prefers one of five frames."""
    session = load_session(written[0], UnitFilter.keep_all())
    session_to_recording(session, tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        binned = bin_recording(recording, 1, stimulus="natural_scenes")
    rng = np.random.default_rng(0)
    shuffled = [
        nearest_centroid(binned, rng.permutation(binned.labels)) for _ in range(20)
    ]
    assert nearest_centroid(binned, binned.labels) > 0.6
    assert np.mean(shuffled) < 0.3


@pytest.mark.parametrize("n_bins", [1, 5, 10])
def test_binned_presentations_are_those_of_the_session(
    written, session, recording, n_bins
):
    binned = bin_recording(recording, n_bins, stimulus="natural_scenes")
    kept = np.setdiff1d(np.arange(30), DROPPED)
    start, stop = STARTS_S[kept], STOPS_S[kept]
    expected = bin_spikes(session.spikes.read(), start, stop, n_bins)
    valid = session.valid_between(start, stop)
    np.testing.assert_array_equal(binned.labels, written[1][kept])
    np.testing.assert_array_equal(binned.valid, valid)
    np.testing.assert_array_equal(binned.counts, expected * valid[:, None, :])


def test_running_speed_is_the_sample_in_which_a_step_begins(session, recording):
    table = session.running_speed()
    found = recording.behavior["running_speed"].read()
    for step in (0, 1, 19, 20, 21, 33_333, 69_900):
        is_now = table["start_s"] <= step / 1000
        expected = table["speed"][np.flatnonzero(is_now)[-1]]
        assert found[step] == np.float32(expected)


def test_no_running_speed_is_made_up_between_samples(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        ends = file["processing/running/running_speed_end_times/timestamps"]
        ends[10] = 0.205  # of the sample from 0.20 to 0.22 s
        ends[-1000:] = 0.0
    session_to_recording(load_session(nwb), tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        is_known = np.isfinite(recording.behavior["running_speed"].read())
    assert is_known[:205].all() and not is_known[205:220].any() and is_known[220]
    assert is_known[:50_000].sum() == 50_000 - 15 and not is_known[50_000:].any()


def test_without_running_there_is_no_behaviour(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        del file["processing/running"]
    session_to_recording(load_session(nwb), tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.behavior == {}


def write_scenes(folder, n, shape=(6, 8)):
    from skimage.io import imsave

    folder.mkdir()
    pictures = np.random.default_rng(0).integers(0, 256, (n, *shape), np.uint8)
    for number, picture in enumerate(pictures):
        path = folder / f"natural_scene_{number}.tiff"
        imsave(path, picture, check_contrast=False)
    return pictures


def test_pictures_become_the_stimulus_of_the_valid_presentations(
    written, session, tmp_path
):
    pictures = write_scenes(tmp_path / "scenes", 5)
    path = tmp_path / "a.h5"
    session_to_recording(session, path, templates=tmp_path / "scenes", dt_ms=10.0)
    with open_recording(path) as recording:
        stimulus = recording.stimulus["natural_scenes"]
        np.testing.assert_array_equal(stimulus.frames, pictures)
        index, times_s = stimulus.index(), recording.times_s()
    expected = np.full(len(times_s), -1)
    for row in np.setdiff1d(np.arange(30), DROPPED):
        is_on = (times_s >= STARTS_S[row]) & (times_s < STOPS_S[row])
        expected[is_on] = written[1][row]
    np.testing.assert_array_equal(index, expected)


def test_a_picture_that_is_missing_or_of_another_size_is_refused(session, tmp_path):
    write_scenes(tmp_path / "scenes", 4)
    path = tmp_path / "a.h5"
    (tmp_path / "scenes" / "natural_scene_2.tiff").unlink()
    with pytest.raises(
        ValueError, match="natural_scene_2.tiff is missing; scenes 0 to 3"
    ):
        session_to_recording(session, path, templates=tmp_path / "scenes")
    other = write_scenes(tmp_path / "other", 3, (5, 5))
    assert other.shape == (3, 5, 5)
    shutil.copy(tmp_path / "other" / "natural_scene_2.tiff", tmp_path / "scenes")
    with pytest.raises(ValueError, match=r"scene_2.tiff: must be a grey picture of"):
        session_to_recording(session, path, templates=tmp_path / "scenes")
    assert not path.exists()


def test_an_impossible_spike_time_leaves_no_recording(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        file["units/spike_times"][3] = np.nan
    with pytest.raises(ValueError, match="unit 950900000 holds nan"):
        session_to_recording(load_session(nwb), tmp_path / "a.h5")
    assert list(tmp_path.glob("*.h5")) == []


def test_units_that_were_sorted_are_named_in_the_recording(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        times = file["units/spike_times"]
        times[0], times[5] = times[5], times[0]
    session_to_recording(load_session(nwb), tmp_path / "a.h5", window_spikes=300)
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.metadata["sorted_units"] == [950900000]
        assert (np.diff(recording.activity["spikes"].spike_times()[0]) >= 0).all()


def test_a_silent_unit_stays_in_the_recording(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        file["units/spike_times_index"][0] = 0
    # What was unit 0's is unit 1's now, and no longer sorted.
    session = load_session(nwb)
    session_to_recording(session, tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        counts = recording.activity["spikes"].counts()
    np.testing.assert_array_equal(counts, session.spikes.counts)
    assert counts[0] == 0


def test_a_suspect_session_says_so_in_its_recording(tmp_path):
    (suspect,) = SUSPECT_SESSIONS
    write_session(tmp_path / "a.nwb")
    with h5py.File(tmp_path / "a.nwb", "r+") as file:
        file["identifier"][()] = str(suspect)
    session_to_recording(load_session(tmp_path / "a.nwb"), tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.metadata["suspect"] == SUSPECT_SESSIONS[suspect]


def test_memory_does_not_grow_with_the_session(nwb, tmp_path):
    rng, peaks = np.random.default_rng(0), []
    for seconds in (100, 800):
        trains = np.sort(rng.uniform(0, seconds, (8, 100 * seconds)), axis=1)
        with h5py.File(nwb, "r+") as file:
            del file["units/spike_times"], file["units/spike_times_index"]
            file["units/spike_times"] = trains.ravel()
            file["units/spike_times_index"] = np.arange(1, 9) * trains.shape[1]
        session = load_session(nwb, UnitFilter.keep_all())
        tracemalloc.start()
        session_to_recording(session, tmp_path / "a.h5", window_spikes=20_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
