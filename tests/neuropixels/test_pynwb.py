"""The layout is NWB: pynwb opens what the tests write, and we what pynwb writes."""

import datetime
import warnings

import numpy as np
import pytest

from tests.neuropixels.allen_files import (
    GOOD_UNITS,
    INVALID_TIMES,
    SESSION_ID,
    STARTS_S,
    STOPS_S,
    UNIT_IDS,
)
from v1model.neuropixels.conversion import session_to_recording
from v1model.neuropixels.session import load_session
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.recordings import open_recording

pynwb = pytest.importorskip("pynwb")


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_pynwb_reads_the_session_of_the_tests_as_we_do(written):
    ours = load_session(written[0], UnitFilter.keep_all())
    with pynwb.NWBHDF5IO(written[0], "r", load_namespaces=True) as io:
        file = io.read()
        units = file.units.to_dataframe()
        scenes = file.intervals["natural_scenes_presentations"].to_dataframe()
        invalid = file.invalid_times.to_dataframe()
        electrodes = file.electrodes.to_dataframe()
        assert file.identifier == str(SESSION_ID)
        assert file.subject.age_in_days == ours.subject["age_in_days"]
    assert tuple(units.index) == UNIT_IDS
    area = electrodes["location"].loc[units["peak_channel_id"]].replace("None", "")
    assert ours.units["area"].tolist() == area.tolist()
    for found, expected in zip(ours.spikes.read(), units["spike_times"], strict=True):
        np.testing.assert_array_equal(found, expected)
    shown = ours.presentations[ours.presentations["shown"] == "natural_scenes"]
    np.testing.assert_array_equal(shown["start_s"], scenes["start_time"])
    np.testing.assert_array_equal(shown["frame"], scenes["frame"])
    assert ours.invalid_times["label"].tolist() == [t[-1] for t in invalid["tags"]]


def pynwb_session(path):
    """A session of the same layout, written by the installed pynwb."""
    start = datetime.datetime(2019, 1, 19, tzinfo=datetime.timezone.utc)
    file = pynwb.NWBFile(
        "session", str(SESSION_ID), start, stimulus_notes="brain_observatory_1.1"
    )
    for name, kind in (("probe_id", "id"), ("valid_data", "valid")):
        file.add_electrode_column(name, kind)
    device = file.create_device("probeA")
    group = file.create_electrode_group("probeA", "probe", "cortex", device)
    for channel, area in enumerate(("VISp", "VISl", "None")):
        file.add_electrode(
            **{"x": 1.0, "y": 2.0, "z": 3.0, "imp": np.nan, "filtering": "none"},
            **{"location": area, "group": group, "id": 2000 + channel},
            **{"probe_id": 1000, "valid_data": True},
        )
    names = ("peak_channel_id", "quality", "isi_violations", "presence_ratio")
    for name in (*names, "amplitude_cutoff"):
        file.add_unit_column(name, name)
    rng = np.random.default_rng(0)
    trains = [np.sort(rng.uniform(0, 30, n)) for n in (40, 0, 300)]
    for unit, train in enumerate(trains):
        file.add_unit(
            **{"spike_times": train, "id": UNIT_IDS[unit], "quality": "good"},
            **{"peak_channel_id": 2000 + unit, "isi_violations": 0.1},
            **{"presence_ratio": 0.99, "amplitude_cutoff": 0.01},
        )
    scenes = pynwb.epoch.TimeIntervals("natural_scenes_presentations")
    for name in ("stimulus_name", "stimulus_block", "frame"):
        scenes.add_column(name, name)
    for frame, (begin, end) in enumerate(zip(STARTS_S, STOPS_S, strict=True)):
        scenes.add_interval(
            start_time=begin,
            stop_time=end,
            stimulus_name="natural_scenes",
            stimulus_block=8.0,
            frame=float(frame % 5 - 1),
            tags=["stimulus_time_interval"],
        )
    file.add_time_intervals(scenes)
    begin, end, *tags = INVALID_TIMES[0]
    file.add_invalid_time_interval(
        start_time=begin, stop_time=end, tags=list(map(str, tags))
    )
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return trains


def test_a_session_that_pynwb_wrote_becomes_a_recording(tmp_path):
    path = tmp_path / "a.nwb"
    trains = pynwb_session(path)
    session = load_session(path, UnitFilter(in_brain=False))
    assert tuple(session.units["id"]) == UNIT_IDS[:3]
    assert session.session_type == "brain_observatory_1.1"
    assert len(session.presentations_of("natural_scenes")) == 29
    for found, expected in zip(session.spikes.read(), trains, strict=True):
        np.testing.assert_array_equal(found, expected)
    session_to_recording(session, tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.activity["spikes"].counts().tolist() == [40, 0, 300]
    assert tuple(load_session(path).units["id"]) == GOOD_UNITS[:2]
