import h5py
import numpy as np
import pytest

from tests.neuropixels.allen_files import (
    DROPPED,
    GOOD_UNITS,
    MASKED,
    PROBE_IDS,
    RELAXED_UNITS,
    SESSION_ID,
    SESSION_TYPE,
    STARTS_S,
    STOPS_S,
    UNIT_IDS,
    write_session,
)
from v1model.neuropixels.presentations import INVALID
from v1model.neuropixels.session import load_session
from v1model.neuropixels.unit_filter import UnitFilter

RELAXED = UnitFilter(np.inf, -np.inf, np.inf)


@pytest.fixture(scope="module")
def session(written):
    return load_session(written[0])


@pytest.mark.parametrize(
    "unit_filter, expected",
    [
        (UnitFilter(), GOOD_UNITS),
        (RELAXED, RELAXED_UNITS),
        (UnitFilter.keep_all(), UNIT_IDS),
        (UnitFilter(areas=("VISl",)), (950900001, 950900011)),
    ],
)
def test_units_are_those_that_pass_the_filter(written, unit_filter, expected):
    session = load_session(written[0], unit_filter)
    assert tuple(session.units["id"]) == expected
    assert tuple(session.spikes.unit_ids) == expected


def test_a_unit_has_the_area_and_the_probe_of_its_peak_channel(written):
    units = load_session(written[0], UnitFilter.keep_all()).units
    assert units["area"].tolist() == 2 * ["VISp", "VISl", "CA1", ""]
    assert units["probe"].tolist() == 4 * ["probeA"] + 4 * ["probeB"]
    np.testing.assert_array_equal(units["x"], 8000 + 10 * np.tile(np.arange(4), 2))


def test_electrodes_in_any_order_give_the_same_units(written, nwb):
    with h5py.File(nwb, "r+") as file:
        table = file["general/extracellular_ephys/electrodes"]
        for name in ("id", "location", "group_name", "x", "y", "z"):
            table[name][()] = table[name][()][::-1]
    expected = load_session(written[0]).units
    assert load_session(nwb).units.equals(expected)


def test_counts_of_areas_are_those_of_allensdk(written):
    areas = load_session(written[0], RELAXED).units["area"]
    assert areas.value_counts().to_dict() == {"VISp": 2, "VISl": 2, "CA1": 2}


def test_spike_times_are_those_of_the_file(written, session):
    with h5py.File(written[0]) as file:
        ends = file["units/spike_times_index"][()].astype(int)
        trains = np.split(file["units/spike_times"][()], ends[:-1])
    for unit_id, times in zip(GOOD_UNITS, session.spikes.read(), strict=True):
        np.testing.assert_array_equal(times, trains[UNIT_IDS.index(unit_id)])


def test_the_session_says_what_it_is(session):
    assert session.session_id == SESSION_ID
    assert session.session_type == SESSION_TYPE
    assert session.subject["sex"] == "M"
    assert session.subject["age_in_days"] == 118.0
    assert session.stimuli == ["spontaneous", "natural_scenes"]


def test_presentations_with_an_invalid_screen_or_without_any_probe_are_dropped(
    written, session
):
    scenes = session.presentations_of("natural_scenes")
    kept = np.setdiff1d(np.arange(30), DROPPED)
    np.testing.assert_array_equal(scenes["start_s"], STARTS_S[kept])
    np.testing.assert_array_equal(scenes["stop_s"], STOPS_S[kept])
    np.testing.assert_array_equal(scenes["frame"], written[1][kept])
    dropped = session.presentations[session.presentations["stimulus"] == INVALID]
    assert dropped["invalid"].tolist() == ["stimulus", "all_probes"]
    assert set(dropped["shown"]) == {"natural_scenes"}


def test_units_of_an_invalid_probe_are_masked_in_its_presentations_alone(session):
    """Though the neighbours' edges differ from those of the interval by rounding."""
    valid = session.valid_between(STARTS_S, STOPS_S)
    is_a = (session.units["probe"] == "probeA").to_numpy()
    expected = np.ones_like(valid)
    expected[np.ix_(MASKED, is_a)] = False
    expected[10] = False  # all probes
    np.testing.assert_array_equal(valid, expected)


def test_running_speed_has_its_samples(session):
    running = session.running_speed()
    assert len(running) == 3500
    np.testing.assert_allclose(running["stop_s"] - running["start_s"], 0.02)


def test_a_session_without_scenes_says_which_stimuli_it_has(tmp_path):
    path = tmp_path / "a.nwb"
    write_session(path, session_type="functional_connectivity")
    with h5py.File(path, "r+") as file:
        del file["intervals/natural_scenes_presentations"]
    session = load_session(path)
    with pytest.raises(ValueError, match=r"functional_connectivity.*has spontaneous\."):
        session.presentations_of("natural_scenes")


def test_any_stimulus_table_is_read_with_its_own_columns(nwb):
    with h5py.File(nwb, "r+") as file:
        group = file.create_group("intervals/drifting_gratings_presentations")
        group["id"] = np.arange(3)
        group["start_time"] = 30 + np.arange(3.0)
        group["stop_time"] = 31 + np.arange(3.0)
        group["orientation"] = [0.0, 45.0, np.nan]
        group.create_dataset("phase", data=["0.5", "0.75", "null"], dtype=TEXT)
        group["tags"], group["tags_index"] = np.arange(5), [2, 4, 5]
    session = load_session(nwb)
    gratings = session.presentations_of("drifting_gratings")
    np.testing.assert_array_equal(gratings["orientation"], [0, 45, np.nan])
    np.testing.assert_array_equal(gratings["phase"], [0.5, 0.75, np.nan])
    assert "frame" not in gratings and "tags" not in gratings
    assert "orientation" not in session.presentations_of("natural_scenes")


TEXT = h5py.string_dtype()


def test_a_file_without_invalid_times_is_valid_throughout(nwb):
    with h5py.File(nwb, "r+") as file:
        del file["intervals/invalid_times"]
    session = load_session(nwb)
    assert len(session.presentations_of("natural_scenes")) == 30
    assert session.valid_between(STARTS_S, STOPS_S).all()


def test_an_invalid_time_may_be_of_a_probe_that_has_no_units(nwb):
    with h5py.File(nwb, "r+") as file:
        file.create_group("general/extracellular_ephys/probeF")
        file["intervals/invalid_times/tags"][5] = "probeF"
    session = load_session(nwb)
    valid = session.valid_between(STARTS_S, STOPS_S)
    assert valid[list(MASKED)].all() and not valid[10].any()


def test_metrics_that_are_missing_fail_a_limit_unless_it_is_off(nwb):
    with h5py.File(nwb, "r+") as file:
        file["units/presence_ratio"][0] = np.nan
    assert tuple(load_session(nwb).units["id"]) == GOOD_UNITS[1:]
    assert tuple(load_session(nwb, RELAXED).units["id"]) == RELAXED_UNITS


def test_limits_include_their_own_value(nwb):
    limits = {"amplitude_cutoff": 0.1, "presence_ratio": 0.95, "isi_violations": 0.5}
    with h5py.File(nwb, "r+") as file:
        for name, value in limits.items():
            file[f"units/{name}"][0] = value
    assert tuple(load_session(nwb).units["id"]) == GOOD_UNITS
    for name, value in limits.items():
        beyond = np.nextafter(value, 0 if name == "presence_ratio" else 1)
        with h5py.File(nwb, "r+") as file:
            file[f"units/{name}"][0] = beyond
        assert tuple(load_session(nwb).units["id"]) == GOOD_UNITS[1:]
        with h5py.File(nwb, "r+") as file:
            file[f"units/{name}"][0] = value


def test_invalid_channels_are_left_out_unless_they_are_wanted(nwb):
    with h5py.File(nwb, "r+") as file:
        file["general/extracellular_ephys/electrodes/valid_data"][0] = False
    assert tuple(load_session(nwb).units["id"]) == GOOD_UNITS[1:]
    wanted = UnitFilter(valid_channel=False)
    assert tuple(load_session(nwb, wanted).units["id"]) == GOOD_UNITS


def test_the_filter_is_described_in_json(session):
    described = RELAXED.described()
    assert described["presence_ratio"] is None and described["areas"] == []
    assert session.unit_filter.described()["isi_violations"] == 0.5


def test_probes_of_the_file_are_those_of_its_groups(written):
    with h5py.File(written[0]) as file:
        groups = file["general/extracellular_ephys"]
        ids = [groups[name].attrs["probe_id"] for name in ("probeA", "probeB")]
    assert tuple(ids) == PROBE_IDS
