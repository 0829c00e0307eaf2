"""What is wrong with a session file is said with the file, the field and the value."""

import logging
import pathlib

import h5py
import numpy as np
import pytest

from tests.neuropixels.allen_files import SESSION_ID, STARTS_S, UNIT_IDS
from v1model.neuropixels.session import load_session
from v1model.neuropixels.unit_filter import UnitFilter

SCENES = "intervals/natural_scenes_presentations"
ELECTRODES = "general/extracellular_ephys/electrodes"


def spoiled(path, place, value, at=0):
    with h5py.File(path, "r+") as file:
        file[place][at] = value
    return path


def without(path, *places):
    with h5py.File(path, "r+") as file:
        for place in places:
            del file[place]
    return path


def replaced(path, place, values):
    with h5py.File(path, "r+") as file:
        del file[place]
        file[place] = values
    return path


@pytest.mark.parametrize(
    "place, message",
    [
        ("units", "group /units is missing"),
        ("intervals", "group /intervals is missing"),
        (ELECTRODES, "group /general/extracellular_ephys/electrodes is missing"),
        ("identifier", "the text /identifier is missing"),
        ("units/peak_channel_id", "/units lacks the column 'peak_channel_id'"),
        ("units/spike_times", "/units lacks the column 'spike_times'"),
        ("units/spike_times_index", "/units lacks the column 'spike_times_index'"),
        ("units/quality", "units have no 'quality'"),
        ("units/presence_ratio", "units have no 'presence_ratio'"),
        (f"{ELECTRODES}/location", "lacks the column 'location'"),
        (f"{SCENES}/stop_time", "natural_scenes_presentations lacks the column"),
        ("intervals/invalid_times/tags", "invalid_times lacks the column 'tags'"),
    ],
)
def test_what_is_missing_is_named(nwb, place, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_session(without(nwb, place))
    assert str(nwb) in str(caught.value)


@pytest.mark.parametrize(
    "place, value, message",
    [
        (
            "units/peak_channel_id",
            7,
            "peak_channel_id 7 of unit 950900000 is not among",
        ),
        ("units/id", UNIT_IDS[1], "/units/id 950900001 repeats"),
        (f"{ELECTRODES}/id", 2001, "electrodes/id 2001 repeats"),
        ("units/spike_times_index", 2**40, "must not decrease"),
        (f"{SCENES}/stop_time", 3.0, "row 0 must stop after it starts.* 10.0 to.* 3.0"),
        (f"{SCENES}/stop_time", STARTS_S[0], "row 0 must stop after it starts"),
        (f"{SCENES}/start_time", np.nan, "row 0 must stop after it starts.*nan"),
        (f"{SCENES}/stop_time", 10.4, "rows 0 and 1 overlap by 0.1498 s"),
        ("intervals/invalid_times/stop_time", 1.0, "row 0 goes from 10.8.* to 1.0 s"),
        ("intervals/invalid_times/tags", b"x", None),
    ],
)
def test_an_impossible_value_is_named(nwb, place, value, message):
    spoiled(nwb, place, value)
    if message is None:  # one of three tags, not the label
        load_session(nwb)
        return
    with pytest.raises(ValueError, match=message) as caught:
        load_session(nwb)
    assert str(nwb) in str(caught.value)


def test_tags_that_name_nothing_known_are_refused(nwb):
    spoiled(nwb, "intervals/invalid_times/tags", b"probeZ", at=5)
    message = r"tags \['EcephysProbe', '1000', 'probeZ'\] of row 1 must hold one of"
    with pytest.raises(ValueError, match=message):
        load_session(nwb)


def test_an_index_that_ends_early_is_refused(nwb):
    with h5py.File(nwb, "r+") as file:
        file["units/spike_times_index"][-1] -= 1
    with pytest.raises(ValueError, match="spike_times_index ends at .* values"):
        load_session(nwb)


def test_columns_of_different_lengths_are_refused(nwb):
    replaced(nwb, "units/snr", np.zeros(7))
    with pytest.raises(ValueError, match="/units/snr has 7 rows, but 'id' has 8"):
        load_session(nwb)


def test_a_column_of_several_numbers_per_row_is_refused_where_one_is_needed(nwb):
    replaced(nwb, f"{SCENES}/start_time", np.zeros((30, 2)))
    with pytest.raises(ValueError, match="must hold one number or text per row"):
        load_session(nwb)


def test_a_session_needs_a_number_in_one_of_two_places(nwb):
    with h5py.File(nwb, "r+") as file:
        file["identifier"][()] = "mouse"
    assert load_session(nwb).session_id == SESSION_ID
    with h5py.File(nwb, "r+") as file:
        file["general/session_id"][()] = "rat"
    with pytest.raises(ValueError, match="must be the number.* 'mouse' and 'rat'"):
        load_session(nwb)


def test_a_file_without_presentations_says_what_it_has(nwb):
    without(nwb, SCENES, "intervals/spontaneous_presentations")
    with pytest.raises(ValueError, match="no table of presentations.*invalid_times"):
        load_session(nwb)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(nwb, kept):
    content = pathlib.Path(nwb).read_bytes()
    pathlib.Path(nwb).write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"copy\.nwb: not a complete HDF5 file"):
        load_session(nwb)


def test_a_file_that_is_not_there_or_no_hdf5_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.nwb does not exist"):
        load_session(tmp_path / "a.nwb")
    (tmp_path / "a.nwb").write_text("no session")
    with pytest.raises(ValueError, match="not a complete HDF5 file"):
        load_session(tmp_path / "a.nwb")


def test_a_filter_that_no_unit_passes_is_refused(nwb):
    with pytest.raises(ValueError, match="none of 8 units passes UnitFilter"):
        load_session(nwb, UnitFilter(presence_ratio=1.5))


def test_an_area_that_is_not_there_is_refused_with_those_that_are(nwb):
    with pytest.raises(ValueError, match="no unit is in VISx; areas are CA1, VISl, VI"):
        load_session(nwb, UnitFilter(areas=("VISx",)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5])
@pytest.mark.parametrize("at", [0, 5])
def test_an_impossible_spike_time_is_refused_with_its_unit(nwb, value, at):
    session = load_session(spoiled(nwb, "units/spike_times", value, at))
    message = f"units/spike_times of unit 950900000 holds {value} at position {at}"
    with pytest.raises(ValueError, match=message):
        session.spikes.read()


def test_unsorted_spike_times_are_sorted_and_said(written, nwb, caplog):
    with h5py.File(nwb, "r+") as file:
        times = file["units/spike_times"]
        times[0], times[5] = times[5], times[0]
    with caplog.at_level(logging.WARNING):
        found = load_session(nwb).spikes.read()
    expected = load_session(written[0]).spikes.read()
    for times, sorted_times in zip(found, expected, strict=True):
        np.testing.assert_array_equal(times, sorted_times)
    assert [record.getMessage() for record in caplog.records] == [
        f"{nwb}: spike times of unit 950900000 did not increase; they were sorted"
    ]


def test_an_invalid_time_of_no_length_masks_nothing_and_says_so(nwb, caplog):
    spoiled(nwb, "intervals/invalid_times/stop_time", STARTS_S[3] + 0.05)
    with caplog.at_level(logging.WARNING):
        session = load_session(nwb)
    assert len(session.presentations_of("natural_scenes")) == 29
    assert "row 0 lasts no time" in caplog.text


def test_a_session_without_running_says_so(nwb):
    session = load_session(without(nwb, "processing/running/running_speed"))
    assert not session.has_running
    with pytest.raises(ValueError, match="running_speed is missing"):
        session.running_speed()


def test_running_speed_with_unequal_parts_is_refused(nwb):
    replaced(nwb, "processing/running/running_speed/data", np.zeros(3))
    with pytest.raises(ValueError, match="/processing/running has .*'speed': 3"):
        load_session(nwb).running_speed()


@pytest.mark.filterwarnings("ignore")  # of values that are wild now
def test_any_damage_is_an_error_of_one_line_that_names_the_file(nwb):
    """Or it changes nothing that is read: HDF5 has no checksums of its own."""
    original, rng, messages = (
        pathlib.Path(nwb).read_bytes(),
        np.random.default_rng(0),
        [],
    )
    for at in rng.integers(0, len(original), 150):
        damaged = bytearray(original)
        damaged[at : at + 16] = rng.bytes(len(damaged[at : at + 16]))
        pathlib.Path(nwb).write_bytes(damaged)
        try:
            session = load_session(nwb, UnitFilter.keep_all())
            session.spikes.read()
            if session.has_running:
                session.running_speed()
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert [m for m in messages if str(nwb) not in m or "\n" in m] == []
