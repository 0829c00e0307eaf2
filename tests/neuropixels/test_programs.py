import importlib.util
import logging

import h5py
import numpy as np
import pytest

from tests.neuropixels.allen_files import SESSION_ID, SESSION_TYPE, write_session
from tests.programs import load_script
from v1model.flags import config_from
from v1model.recordings import open_recording


def config_of(script, *arguments):
    (kind,) = (
        k for n, k in vars(script).items() if n in ("FetchConfig", "ImportConfig")
    )
    return config_from(["program", *map(str, arguments)], kind)


@pytest.fixture
def fetch(server, tmp_path):
    """Fetches from the archive; the ids that failed."""
    script = load_script("fetch_neuropixels")

    def run(*arguments):
        place = ("--source", "dandi", "--url", server.archive, "--out", tmp_path)
        return script.fetch(config_of(script, *place, *arguments))

    return run


@pytest.fixture
def path(tmp_path):
    return tmp_path / f"session_{SESSION_ID}" / f"session_{SESSION_ID}.nwb"


def test_the_archive_goes_from_nothing_to_a_recording(server, fetch, path, capsys):
    assert fetch("--list") == []
    assert f"{SESSION_ID}  {SESSION_TYPE}" in capsys.readouterr().out
    assert fetch("--sessions", SESSION_ID, "--convert", "--areas", "VISp") == []
    with open_recording(path.with_suffix(".h5")) as recording:
        assert recording.neurons["area"].tolist() == ["VISp", "VISp"]
        assert recording.metadata["unit_filter"]["areas"] == ["VISp"]
    assert fetch("--sessions", "all") == []
    assert len(server.ranges) == 1


def test_sizes_and_units_are_listed_where_the_tables_are(
    warehouse, fetch, tmp_path, capsys
):
    for name in ("sessions", "probes", "channels", "units"):
        content = (warehouse / f"{name}.csv").read_bytes()
        (tmp_path / f"{name}.csv").write_bytes(content)
    fetch("--list")
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == [
        *(str(SESSION_ID), SESSION_TYPE, "4", "8", "0.00", "VISl", "VISp")
    ]


def test_another_file_in_the_place_of_a_session_is_set_aside(server, fetch, path):
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    assert fetch("--sessions", SESSION_ID) == []
    assert path.read_bytes() == server.content
    assert (path.parent / f"{path.name}.damaged").read_bytes() == b"half a file"


def test_another_session_in_the_place_of_one_is_set_aside(server, fetch, path, caplog):
    path.parent.mkdir()
    write_session(path)
    with h5py.File(path, "r+") as file:
        file["identifier"][()] = "5"
    assert fetch("--sessions", SESSION_ID) == []
    assert f"{path} is session 5" in caplog.text
    assert path.read_bytes() == server.content


def test_a_session_that_fails_is_told_and_does_not_stop_the_others(
    server, fetch, caplog
):
    server.checksum = "0" * 64
    with caplog.at_level(logging.ERROR):
        assert fetch("--sessions", SESSION_ID) == [SESSION_ID]
    assert "is published; run the same command again" in caplog.text


def test_what_comes_must_be_the_session(server, fetch, path, caplog):
    server.content = b"no session"
    assert fetch("--sessions", SESSION_ID) == [SESSION_ID]
    assert f"what came is not session {SESSION_ID}" in caplog.text


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "name --sessions"),
        (("--sessions", "5"), "session 5 is not among the 1 that match"),
        (
            ("--sessions", SESSION_ID, "--session_type", "functional_connectivity"),
            "not among the 0 that match .session_type functional_connectivity",
        ),
    ],
)
def test_a_session_that_does_not_match_is_refused(fetch, arguments, message):
    with pytest.raises(ValueError, match=message):
        fetch(*arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--sessions", "mouse"), "sessions must be numbers or 'all', got mouse"),
        (("--source", "dandi", "--scenes"), "source must be allensdk for this"),
        (("--source", "dandi", "--min_units", "3"), "source must be allensdk for this"),
        (("--min_units", "-1"), "min_units must not be negative"),
        (("--dt_ms", "0"), "dt_ms must be positive"),
        (("--isi_violations", "nan"), "isi_violations must be a number"),
    ],
)
def test_impossible_options_end_with_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        config_of(load_script("fetch_neuropixels"), *arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(
    importlib.util.find_spec("allensdk") is not None, reason="AllenSDK is installed"
)
def test_without_allensdk_one_line_says_how_to_install_it(tmp_path):
    script = load_script("fetch_neuropixels")
    with pytest.raises(SystemExit) as caught:
        script.main(config_of(script, "--list", "--out", tmp_path / "new"))
    assert "pip install 'v1model[allen]'" in caught.value.code
    assert "\n" not in caught.value.code
    assert not (tmp_path / "new").exists()


def test_importing_prints_what_is_in_a_session_and_writes_it(written, tmp_path, capsys):
    script = load_script("import_neuropixels")
    out = tmp_path / "a.h5"
    script.main(config_of(script, "--nwb", written[0], "--out", out, "--dt_ms", "5"))
    text = capsys.readouterr().out
    assert "VISp         2 units" in text
    assert "natural_scenes                28 of 0.2502 s" in text
    assert "2 of 0.2502 s  1 stimulus, 1 all_probes" in text
    assert "11.75 to 12.25 s: probeA" in text
    with open_recording(out) as recording:
        assert recording.dt_ms == 5 and recording.n_neurons == 4
        counts = recording.activity["spikes"].counts()
    assert f"4 units, {np.sum(counts):,} spikes" in text


def test_an_import_that_is_impossible_ends_with_one_line(tmp_path):
    script = load_script("import_neuropixels")
    (tmp_path / "a.nwb").write_text("no session")
    with pytest.raises(SystemExit, match="a.nwb: not a complete HDF5 file"):
        script.main(config_of(script, "--nwb", tmp_path / "a.nwb"))
