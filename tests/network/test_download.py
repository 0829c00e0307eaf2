import contextlib
import pathlib
import shutil

import pytest

from tests.network.conftest import CONTENT
from v1model.network import download as module
from v1model.network.download import IncompleteDownloadError, download


def fetch(server, path, **options):
    download(server.url, path, **{"attempts": 1, "pause": 0, **options})


def test_a_file_arrives_with_the_same_bytes(server, tmp_path):
    seen = []
    fetch(server, tmp_path / "a", progress=lambda *args: seen.append(args))
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_broken_connection_is_continued_by_the_next_call(server, tmp_path):
    server.break_at = [100_000]
    with pytest.raises(IncompleteDownloadError, match=r"100000 of 300000.*continue"):
        fetch(server, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "a.part").read_bytes() == CONTENT[:100_000]
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_broken_connection_is_continued_within_one_call(server, tmp_path):
    server.break_at = [50_000, 120_000]
    fetch(server, tmp_path / "a", attempts=3)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=50000-", "bytes=120000-"]


def test_a_server_without_tags_is_continued_too(server, tmp_path):
    server.tag, server.break_at = None, [50_000]
    fetch(server, tmp_path / "a", attempts=2)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.ranges[1] == "bytes=50000-"


def test_a_server_that_ignores_ranges_starts_again(server, tmp_path):
    server.knows_ranges, server.break_at = False, [100_000]
    fetch(server, tmp_path / "a", attempts=2)
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [90_000, 200_000, 300_000])
@pytest.mark.parametrize("tag", ['"two"', None])
def test_a_file_that_changed_meanwhile_is_not_mixed(server, tmp_path, size, tag):
    server.break_at, server.tag = [100_000], tag and '"one"'
    with contextlib.suppress(IncompleteDownloadError):
        fetch(server, tmp_path / "a")
    server.content, server.tag = bytes(size - 1), tag
    fetch(server, tmp_path / "a", attempts=2)
    assert (tmp_path / "a").read_bytes() == bytes(size - 1)


def test_a_partial_file_that_is_complete_is_not_fetched_again(server, tmp_path):
    server.break_at = [len(CONTENT) - 1]
    with contextlib.suppress(IncompleteDownloadError):
        fetch(server, tmp_path / "a")
    with (tmp_path / "a.part").open("ab") as file:
        file.write(CONTENT[-1:])
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(server.ranges) == 1


def test_a_part_of_another_address_is_not_used(server, tmp_path):
    server.break_at = [100_000]
    with contextlib.suppress(IncompleteDownloadError):
        fetch(server, tmp_path / "a")
    server.url = server.url.replace("a.tar.gz", "b.tar.gz")
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_file_of_unknown_length_arrives(server, tmp_path):
    server.tells_length = False
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_full_disk_is_an_error_before_anything_is_written(
    server, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)._replace(free=len(CONTENT) + 10)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="GB are free"):
        fetch(server, tmp_path / "a", reserve=1_000)
    assert list(tmp_path.iterdir()) == []
    fetch(server, tmp_path / "a")


def test_a_file_that_is_not_there_is_an_error_at_once(server, tmp_path):
    server.error = 404
    with pytest.raises(OSError, match=r"a\.tar\.gz: the server answered.*404"):
        fetch(server, tmp_path / "a", attempts=3)
    assert len(server.ranges) == 1


def test_a_server_in_trouble_is_asked_again(server, tmp_path):
    server.error = 503
    with pytest.raises(IncompleteDownloadError, match="503"):
        fetch(server, tmp_path / "a", attempts=3)
    assert len(server.ranges) == 3


@pytest.mark.parametrize(
    "url", ["http://example.org/a.tar.gz", "ftp://example.org/a", "file:///etc/passwd"]
)
def test_an_address_that_is_not_encrypted_is_refused(url, tmp_path):
    with pytest.raises(ValueError, match="only https"):
        download(url, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_redirection_to_an_open_address_is_refused(server, tmp_path):
    server.redirect = "http://example.org/a.tar.gz"
    with pytest.raises(ValueError, match=r"http://example\.org.*only https"):
        fetch(server, tmp_path / "a")


def test_a_complete_file_is_left_alone(server, tmp_path):
    (tmp_path / "a").write_text("here")
    fetch(server, pathlib.Path(tmp_path / "a"))
    assert (tmp_path / "a").read_text() == "here"
    assert server.ranges == []
