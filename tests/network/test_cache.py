import json
import os
import pathlib

import numpy as np
import pytest

from tests.networks import columns_equal, small_network
from v1model.network import cache
from v1model.network.storage import open_network, save_network


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("V1MODEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Builds a network and counts how often."""

    def __init__(self, seed=0):
        self.calls = 0
        self.seed = seed

    def __call__(self):
        self.calls += 1
        return small_network(seed=self.seed)


def dtypes(record):
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        if hasattr(value, "__dataclass_fields__"):
            yield from dtypes(value)
        elif hasattr(value, "dtype"):
            yield name, value.dtype


def test_a_saved_network_opens_with_the_same_values_and_dtypes(network, tmp_path):
    save_network(network, tmp_path / "saved")
    opened = open_network(tmp_path / "saved")
    assert columns_equal(network, opened)
    assert list(dtypes(network)) == list(dtypes(opened))


def test_a_network_without_synapses_or_units_can_be_saved(network, tmp_path):
    lonely = network.take([0]).take([0])
    save_network(lonely, tmp_path / "saved")
    assert columns_equal(open_network(tmp_path / "saved"), lonely)
    assert open_network(tmp_path / "saved").background.units is None


def test_an_opened_network_is_mapped_and_read_only(network, tmp_path):
    save_network(network, tmp_path / "saved")
    weight = open_network(tmp_path / "saved").recurrent.weight
    assert isinstance(weight.base, np.memmap)
    assert not weight.flags.writeable


def test_the_second_load_does_not_build():
    build = Builder()
    first = cache.cached_network(["column", 60], build)
    second = cache.cached_network(["column", 60], build)
    assert build.calls == 1
    assert columns_equal(first, second)


@pytest.mark.parametrize(
    "other", [["column", 61], ["column", "60"], [["column", 60]], [{"column": 60}]]
)
def test_other_options_have_another_key(other):
    assert cache.cache_key(["column", 60]) != cache.cache_key(other)


def test_the_key_follows_the_content_of_a_file_not_its_name(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("one")
    second.write_text("one")
    assert cache.cache_key([first]) == cache.cache_key([second])
    second.write_text("two")
    assert cache.cache_key([first]) != cache.cache_key([second])
    assert cache.cache_key([str(first)]) != cache.cache_key([first])


def test_the_key_follows_the_network_files_of_a_folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "network").mkdir(parents=True)
        (tmp_path / name / "network/v1_nodes.h5").write_text("nodes")
    (tmp_path / "a" / "notes.txt").write_text("no part of the network")
    first, second = (cache.cache_key([tmp_path / name]) for name in "ab")
    assert first == second
    (tmp_path / "b/network/v1_nodes.h5").write_text("other nodes")
    assert cache.cache_key([tmp_path / "b"]) != second


def damage_shorten(entry):
    path = entry / "recurrent.weight.npy"
    path.write_bytes(path.read_bytes()[:-5])


def damage_bit(entry):
    path = entry / "recurrent.post.npy"
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)


def damage_missing(entry):
    (entry / "types.C_m.npy").unlink()


def damage_contents(entry):
    (entry / "contents.json").write_text("{")


def damage_format(entry):
    contents = json.loads((entry / "contents.json").read_text())
    (entry / "contents.json").write_text(json.dumps({**contents, "format": 0}))


@pytest.mark.parametrize(
    "damage",
    [damage_shorten, damage_bit, damage_missing, damage_contents, damage_format],
)
def test_a_damaged_entry_is_built_again(damage):
    build = Builder()
    cache.cached_network(["x"], build)
    entry = cache.cache_folder() / cache.cache_key(["x"])
    damage(entry)
    with pytest.raises((ValueError, FileNotFoundError), match=entry.name):
        open_network(entry)
    assert columns_equal(cache.cached_network(["x"], build), small_network())
    assert build.calls == 2
    cache.cached_network(["x"], build)
    assert build.calls == 2


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("V1MODEL_CACHE", str(tmp_path / "file"))
    build = Builder()
    assert columns_equal(cache.cached_network(["x"], build), small_network())
    assert "could not be cached" in caplog.text


def test_a_build_that_fails_leaves_no_entry(folder):
    def build():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.cached_network(["x"], build)
    assert not folder.exists() or not list(folder.iterdir())


def test_clearing_removes_all_entries(folder):
    cache.cached_network(["x"], Builder())
    cache.cached_network(["y"], Builder())
    assert len(list(folder.iterdir())) == 2
    cache.clear()
    assert list(folder.iterdir()) == []


def test_the_least_recently_used_entries_go_first(folder, monkeypatch):
    for name in "abc":
        cache.cached_network([name], Builder())
    cache.cached_network(["a"], Builder())
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 3
    monkeypatch.setenv("V1MODEL_CACHE_GB", str(2.5 * size / 1e9))
    cache.cached_network(["d"], Builder())
    left = {entry.name for entry in folder.iterdir()}
    assert left == {cache.cache_key([name]) for name in "ad"}


def test_the_cache_lies_in_the_users_folder(monkeypatch):
    monkeypatch.delenv("V1MODEL_CACHE")
    assert pathlib.Path.home() in cache.cache_folder().parents or (
        "XDG_CACHE_HOME" in os.environ
    )
