import pytest

from tests.neuropixels.allen_files import SESSION_ID
from tests.neuropixels.data_server import SPECIMEN
from v1model.neuropixels.dandi import Asset, download_asset, list_assets
from v1model.neuropixels.web import read_json


def test_all_pages_are_listed_and_field_potentials_are_left_out(server):
    found = list_assets(server.archive)
    assert found == [Asset(SESSION_ID, SPECIMEN, len(server.content), "one")]


def test_a_download_that_broke_off_goes_on_and_is_compared(server, tmp_path):
    (asset,), path = list_assets(server.archive), tmp_path / "a.nwb"
    server.break_at, seen = [50_000], []
    download_asset(
        asset,
        path,
        progress=lambda *step: seen.append(step),
        archive=server.archive,
    )
    assert path.read_bytes() == server.content
    assert server.ranges == [None, "bytes=50000-"]
    assert seen[-1] == (len(server.content), len(server.content))


def test_another_checksum_is_an_error_and_the_file_is_set_aside(server, tmp_path):
    (asset,), path = list_assets(server.archive), tmp_path / "a.nwb"
    server.checksum = "0" * 64
    with pytest.raises(
        OSError, match=f"a.nwb.damaged: its SHA-256 is .* {'0' * 64} is"
    ):
        download_asset(asset, path, archive=server.archive)
    assert [p.name for p in tmp_path.iterdir()] == ["a.nwb.damaged"]


def test_a_server_that_does_not_answer_is_named(server):
    with pytest.raises(OSError, match=r"127\.0\.0\.1.*/nothing does not answer.*404"):
        read_json(f"{server.url}/nothing")
    with pytest.raises(ValueError, match="only https is allowed"):
        read_json("http://example.org/a")


def test_an_answer_that_is_no_json_is_named(server, monkeypatch):
    monkeypatch.setattr("json.dumps", lambda answer: "<html>")
    with pytest.raises(OSError, match="did not answer in JSON"):
        list_assets(server.archive)
