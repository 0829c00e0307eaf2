"""AllenSDK reads what the tests write, and our readers agree with it.

Left out where AllenSDK is missing; scripts/check_allen makes an environment with it.
"""

import io
import json
import shutil

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest

from tests.neuropixels.allen_files import (
    DROPPED,
    GOOD_UNITS,
    RELAXED_UNITS,
    SESSION_ID,
    SESSION_TYPE,
    STARTS_S,
    UNIT_IDS,
)
from tests.programs import load_script
from v1model.flags import config_from
from v1model.neuropixels.catalogue import read_catalogue
from v1model.neuropixels.session import load_session
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.neuropixels.warehouse import Warehouse
from v1model.presentations.binning import bin_spikes
from v1model.recordings import open_recording

pytestmark = [pytest.mark.allen, pytest.mark.filterwarnings("ignore")]
ecephys = pytest.importorskip("allensdk.brain_observatory.ecephys.ecephys_session")
project = pytest.importorskip(
    "allensdk.brain_observatory.ecephys.ecephys_project_cache"
)

NUMBERS_OFF = {
    "amplitude_cutoff_maximum": np.inf,
    "presence_ratio_minimum": -np.inf,
    "isi_violations_maximum": np.inf,
}
ALL_OFF = {
    **NUMBERS_OFF,
    "filter_by_validity": False,
    "filter_out_of_brain_units": False,
}
RELAXED = UnitFilter(np.inf, -np.inf, np.inf)
CHOICES = [
    ({}, UnitFilter(), GOOD_UNITS),
    (NUMBERS_OFF, RELAXED, RELAXED_UNITS),
    (ALL_OFF, UnitFilter.keep_all(), UNIT_IDS),
]


def opened(path, **choices):
    """The session as AllenSDK opens it, with the areas that only its cache adds."""
    ours = load_session(path, UnitFilter.keep_all()).units
    areas = pd.DataFrame(
        {"ecephys_structure_acronym": ours["area"].replace("", np.nan).to_numpy()},
        index=ours["peak_channel_id"].to_numpy(),
    )
    return ecephys.EcephysSession.from_nwb_path(
        str(path),
        api_kwargs={"external_channel_columns": lambda: areas, **choices},
    )


@pytest.mark.parametrize("choices, unit_filter, expected", CHOICES)
def test_units_and_spikes_are_those_of_allensdk(nwb, choices, unit_filter, expected):
    theirs, ours = opened(nwb, **choices), load_session(nwb, unit_filter)
    assert tuple(sorted(theirs.units.index)) == expected
    assert tuple(ours.units["id"]) == expected
    for unit_id, times in zip(expected, ours.spikes.read(), strict=True):
        np.testing.assert_array_equal(theirs.spike_times[unit_id], times)


def test_counts_of_units_by_area_are_those_of_allensdk(nwb):
    theirs = opened(nwb, **NUMBERS_OFF).structurewise_unit_counts.to_dict()
    ours = load_session(nwb, RELAXED).units["area"].value_counts().to_dict()
    assert theirs == ours == {"VISp": 2, "VISl": 2, "CA1": 2}


def test_presentations_are_those_of_allensdk_but_for_the_invalid_of_all_probes(
    written, nwb
):
    session = opened(nwb)
    theirs = session.get_stimulus_table("natural_scenes")
    assert theirs.shape == (29, 7)
    assert sorted(session.stimulus_names) == [
        "invalid_presentation",
        "natural_scenes",
        "spontaneous",
    ]
    theirs = theirs.drop(index=theirs.index[theirs["start_time"] == STARTS_S[10]])
    ours = load_session(nwb).presentations_of("natural_scenes")
    np.testing.assert_array_equal(ours["start_s"], theirs["start_time"])
    np.testing.assert_array_equal(ours["stop_s"], theirs["stop_time"])
    np.testing.assert_array_equal(ours["frame"], theirs["frame"].astype(float))
    kept = np.setdiff1d(np.arange(30), DROPPED)
    np.testing.assert_array_equal(ours["frame"], written[1][kept])


def test_the_rest_of_the_session_is_that_of_allensdk(nwb):
    theirs, ours = opened(nwb), load_session(nwb)
    assert theirs.ecephys_session_id == ours.session_id == SESSION_ID
    assert theirs.session_type == ours.session_type == SESSION_TYPE
    invalid = theirs.get_invalid_times()
    np.testing.assert_array_equal(ours.invalid_times["start_s"], invalid["start_time"])
    running = theirs.running_speed
    np.testing.assert_array_equal(
        ours.running_speed()["start_s"], running["start_time"]
    )
    np.testing.assert_array_equal(ours.running_speed()["speed"], running["velocity"])


def test_spike_counts_are_those_of_allensdk(nwb):
    theirs = opened(nwb)
    table = theirs.get_stimulus_table("natural_scenes")
    edges = np.linspace(0, 0.25, 6)
    found = theirs.presentationwise_spike_counts(
        edges, table.index.to_numpy(), list(GOOD_UNITS)
    )
    assert found.shape == (29, 5, 4)
    start = table["start_time"].to_numpy()
    ours = bin_spikes(load_session(nwb).spikes.read(), start, start + 0.25, 5)
    order = [GOOD_UNITS.index(unit) for unit in found["unit_id"].to_numpy()]
    np.testing.assert_array_equal(found.to_numpy(), ours[:, :, order])


@pytest.fixture
def cache_folder(warehouse, tmp_path):
    """A copy, because AllenSDK deletes what it fails to read."""
    return shutil.copytree(warehouse, tmp_path / "cache")


def test_a_folder_with_four_tables_is_a_cache_of_allensdk(cache_folder):
    cache = project.EcephysProjectCache.from_warehouse(
        manifest=str(cache_folder / "manifest.json")
    )
    theirs = cache.get_session_table()
    assert theirs.shape == (1, 10) and len(cache.get_units()) == 5
    ours = read_catalogue(cache_folder, UnitFilter(in_brain=False))
    assert ours["units"].tolist() == theirs["unit_count"].tolist() == [5]
    assert ours["probes"].tolist() == theirs["probe_count"].tolist()
    assert len(cache.get_session_data(SESSION_ID).units) == 4
    relaxed = cache.get_session_data(SESSION_ID, **NUMBERS_OFF)
    assert len(relaxed.units) == 6
    assert relaxed.structurewise_unit_counts.to_dict() == {
        "VISp": 2,
        "VISl": 2,
        "CA1": 2,
    }


def test_what_we_fetch_is_a_cache_of_allensdk(server, tmp_path):
    fetched = Warehouse(tmp_path, server.url)
    fetched.fetch_tables()
    fetched.fetch_session(SESSION_ID)
    assert fetched.session_path(SESSION_ID).read_bytes() == server.content
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["manifest"][0]["value"] == "0.3.0"
    cache = project.EcephysProjectCache.from_warehouse(
        manifest=str(tmp_path / "manifest.json")
    )
    assert len(cache.get_session_data(SESSION_ID).units) == 4


def test_a_download_of_the_warehouse_that_broke_off_goes_on(server, tmp_path):
    server.break_at = [100_000]
    fetched = Warehouse(tmp_path, server.url)
    fetched.fetch_session(SESSION_ID)
    assert server.ranges == [None, "bytes=100000-"]
    assert fetched.session_path(SESSION_ID).read_bytes() == server.content


def test_a_session_that_the_warehouse_does_not_have_is_refused(server, tmp_path):
    with pytest.raises(ValueError, match="exactly 1 nwb file for session 5"):
        Warehouse(tmp_path, server.url).fetch_session(5)


@pytest.fixture
def fetch():
    script = load_script("fetch_neuropixels")

    def run(*arguments):
        config = config_from(["fetch", *map(str, arguments)], script.FetchConfig)
        return script.fetch(config)

    return run


def test_the_program_goes_from_nothing_to_a_recording(server, fetch, tmp_path, capsys):
    out = tmp_path / "sessions"
    place = ("--out", out, "--url", server.url)
    assert fetch("--list", *place) == []
    assert f"{SESSION_ID}  {SESSION_TYPE}       4     8" in capsys.readouterr().out
    assert fetch("--sessions", SESSION_ID, "--convert", *place) == []
    folder = out / f"session_{SESSION_ID}"
    assert sorted(path.suffix for path in folder.iterdir()) == [".h5", ".nwb"]
    assert len(server.ranges) == 1
    assert fetch("--sessions", "all", *place) == []
    assert len(server.ranges) == 1  # it was there


def test_a_damaged_file_of_the_cache_is_kept_aside_and_fetched_again(
    server, fetch, cache_folder
):
    path = cache_folder / f"session_{SESSION_ID}" / f"session_{SESSION_ID}.nwb"
    path.write_bytes(server.content[:1000])
    assert fetch("--sessions", "all", "--out", cache_folder, "--url", server.url) == []
    assert path.read_bytes() == server.content
    assert path.with_name(f"{path.name}.damaged").stat().st_size == 1000


def test_pictures_come_along_and_into_the_recording(
    server, fetch, tmp_path, monkeypatch
):
    monkeypatch.setattr("v1model.neuropixels.warehouse.N_SCENES", 4)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 6, 8), np.uint8)
    for picture in pictures:
        stream = io.BytesIO()
        imageio.imwrite(stream, picture, extension=".tiff")
        server.scenes.append(stream.getvalue())
    place = ("--out", tmp_path, "--url", server.url, "--scenes", "--convert")
    assert fetch("--sessions", SESSION_ID, *place) == []
    folder = tmp_path / "natural_scene_templates"
    assert len(list(folder.glob("natural_scene_*.tiff"))) == 4
    (path,) = tmp_path.glob("session_*/*.h5")
    with open_recording(path) as recording:
        frames = recording.stimulus["natural_scenes"].frames
    np.testing.assert_array_equal(frames, pictures)


def test_too_many_wanted_units_leave_no_session(server, fetch, tmp_path):
    place = ("--out", tmp_path, "--url", server.url)
    with pytest.raises(ValueError, match="session 715093703 is not among the 0 that"):
        fetch("--sessions", SESSION_ID, "--min_units", 5, *place)
    relaxed = ("--isi_violations", "inf")
    assert fetch("--sessions", SESSION_ID, "--min_units", 5, *relaxed, *place) == []
