import io
import shutil
import tarfile

import pytest

from tests.networks import columns_equal
from training import fetch_network as fetch_network_program
from v1model.network import download as download_module
from v1model.network.archive import UnsafeArchiveError, unpack_network
from v1model.network.billeh import read_glif_network, write_glif_network


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    content = b"content" if kind == tarfile.REGTYPE else b""
    info.size = len(content)
    return info, io.BytesIO(content)


def pack(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            content.seek(0)
            tar.addfile(info, content)
    return path


GOOD = member("GLIF_network/network_dat.pkl")


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize("prefix", ["", "GLIF_network/", "./a/GLIF_network/"])
def test_the_network_becomes_the_folder(tmp_path, prefix):
    archive = pack(
        tmp_path / "a.tar.gz",
        member(f"{prefix}network_dat.pkl"),
        member(f"{prefix}network/v1_nodes.h5"),
    )
    unpack_network(archive, tmp_path / "out/mine")
    assert names(tmp_path / "out") == [
        *("mine", "mine/network", "mine/network/v1_nodes.h5", "mine/network_dat.pkl")
    ]
    assert (tmp_path / "out/mine/network_dat.pkl").read_bytes() == b"content"


def test_stimuli_beside_the_network_stay_beside_it(tmp_path):
    archive = pack(tmp_path / "a.tar.gz", GOOD, member("many_small_stimuli.pkl"))
    unpack_network(archive, tmp_path / "out/mine")
    assert (tmp_path / "out/many_small_stimuli.pkl").is_file()
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    "bad",
    [
        member("../escaped"),
        member("GLIF_network/../../escaped"),
        member("/tmp/escaped"),
        member("..\\escaped"),
        member("GLIF_network/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("GLIF_network/link", tarfile.SYMTYPE, "network_dat.pkl"),
        member("GLIF_network/link", tarfile.LNKTYPE, "../../escaped"),
        member("GLIF_network/pipe", tarfile.FIFOTYPE),
        member("GLIF_network/device", tarfile.CHRTYPE),
    ],
    ids=lambda bad: bad[0].name,
)
def test_an_archive_that_leaves_its_folder_leaves_nothing(tmp_path, bad):
    archive = pack(tmp_path / "a.tar.gz", GOOD, bad)
    with pytest.raises(UnsafeArchiveError, match=r"a\.tar\.gz: refused .*nothing"):
        unpack_network(archive, tmp_path / "out/mine")
    assert names(tmp_path) == ["a.tar.gz", "out"]


def test_a_truncated_archive_is_an_error_that_leaves_nothing(tmp_path):
    archive = pack(tmp_path / "a.tar.gz", GOOD, member("GLIF_network/input_dat.pkl"))
    whole = archive.read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 9):
        archive.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"a\.tar\.gz: the archive is truncated"):
            unpack_network(archive, tmp_path / "out/mine")
    changed = bytearray(whole)
    changed[-6] ^= 1  # in the checksum
    archive.write_bytes(changed)
    with pytest.raises(ValueError, match=r"a\.tar\.gz: the archive is truncated"):
        unpack_network(archive, tmp_path / "out/mine")
    assert names(tmp_path) == ["a.tar.gz", "out"]


def test_an_archive_without_a_network_is_an_error(tmp_path):
    archive = pack(tmp_path / "a.tar.gz", member("notes.txt"))
    with pytest.raises(
        ValueError, match=r"a\.tar\.gz: holds 0 files named network_dat"
    ):
        unpack_network(archive, tmp_path / "mine")


def test_nothing_is_overwritten(tmp_path):
    archive = pack(tmp_path / "a.tar.gz", GOOD, member("stimuli.pkl"))
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="mine"):
        unpack_network(archive, tmp_path / "mine")
    (tmp_path / "stimuli.pkl").write_text("mine")
    with pytest.raises(FileExistsError, match=r"stimuli\.pkl"):
        unpack_network(archive, tmp_path / "other")
    assert names(tmp_path) == ["a.tar.gz", "mine", "stimuli.pkl"]


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path, monkeypatch):
    archive = pack(tmp_path / "a.tar.gz", GOOD)
    usage = shutil.disk_usage(tmp_path)._replace(free=3)
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="GB are free"):
        unpack_network(archive, tmp_path / "mine")
    assert names(tmp_path) == ["a.tar.gz"]


@pytest.fixture
def fetch_network(monkeypatch):
    """The `main` of the script, without pauses."""
    monkeypatch.setattr(download_module.time, "sleep", lambda _: None)
    return fetch_network_program.main


def test_the_script_downloads_and_unpacks_a_network(
    network,
    server,
    tmp_path,
    fetch_network,
    capsys,
):
    write_glif_network(network, tmp_path / "GLIF_network")
    with tarfile.open(tmp_path / "served.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "GLIF_network", "GLIF_network")
    server.content = (tmp_path / "served.tar.gz").read_bytes()
    server.break_at = [1000]
    out = tmp_path / "fetched"
    assert fetch_network(["--url", server.url, "--out", str(out)]) == 0
    assert columns_equal(read_glif_network(out), network)
    assert not (tmp_path / "fetched.tar.gz").exists()
    assert server.ranges == [None, "bytes=1000-"]
    assert f"{len(server.content) / 1e6:.0f} MB" in capsys.readouterr().err


def test_the_script_says_what_went_wrong(server, tmp_path, fetch_network, capsys):
    server.error = 404
    out = tmp_path / "fetched"
    assert fetch_network(["--url", server.url, "--out", str(out)]) == 1
    assert "404" in capsys.readouterr().err
