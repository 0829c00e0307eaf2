"""The front door finds the network, keeps a copy, selects, and applies controls."""

import subprocess
import sys

import pytest

from tests.networks import columns_equal, small_network
from v1model.config import NetworkConfig
from v1model.network import loading
from v1model.network.billeh import write_glif_network
from v1model.network.builder import build_column
from v1model.network.controls import (
    random_connectivity,
    random_weights,
    scale_excitatory,
    uniform_types,
)
from v1model.network.loading import load_billeh, load_network
from v1model.network.selection import select
from v1model.network.sonata import write_sonata


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("V1MODEL_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def column():
    return small_network(n=150)


@pytest.fixture(scope="module")
def glif_folder(column, tmp_path_factory):
    folder = tmp_path_factory.mktemp("glif") / "GLIF_network"
    write_glif_network(column, folder)
    return folder


def config(folder, **options):
    return NetworkConfig(data_dir=str(folder), **options)


def test_a_missing_folder_is_answered_with_the_commands_that_make_one(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        load_network(config(tmp_path / "GLIF_network"))
    message = str(error.value)
    assert "data_dir" in message and str(tmp_path / "GLIF_network") in message
    assert "python scripts/build_network.py --neurons 5000 --out" in message
    assert "python scripts/fetch_network.py --out" in message


def test_a_folder_without_a_network_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no network.*network_dat.pkl"):
        load_network(config(tmp_path))


def test_half_a_glif_network_folder_names_the_missing_file(column, tmp_path):
    write_glif_network(column, tmp_path)
    (tmp_path / "network_dat.pkl").unlink()
    with pytest.raises(FileNotFoundError, match=r"network_dat.pkl does not exist"):
        load_network(config(tmp_path))


def test_a_file_is_no_folder(glif_folder):
    with pytest.raises(NotADirectoryError, match="network_dat.pkl is a file"):
        load_network(config(glif_folder / "network_dat.pkl"))


def test_a_glif_network_folder_is_read_as_it_is(column, glif_folder):
    loaded = load_network(config(glif_folder))
    assert columns_equal(loaded.recurrent, column.recurrent)
    assert columns_equal(loaded.lgn, column.lgn)
    assert loaded.pop_name.tolist() == column.pop_name.tolist()


def test_a_sonata_folder_is_recognised(column, tmp_path):
    write_sonata(column, tmp_path / "sonata")
    loaded = load_network(config(tmp_path / "sonata"))
    assert loaded.n_neurons == column.n_neurons
    assert len(loaded.recurrent) == len(column.recurrent)


def test_the_second_load_does_not_read_the_folder(glif_folder, monkeypatch):
    first = load_network(config(glif_folder))

    def read_glif_network(folder):
        raise AssertionError(f"{folder} was read again")

    monkeypatch.setattr(loading, "read_glif_network", read_glif_network)
    assert columns_equal(load_network(config(glif_folder)), first)
    with pytest.raises(AssertionError, match="read again"):
        load_network(config(glif_folder, caching=False))


def test_a_folder_that_changed_is_read_again(column, tmp_path):
    folder = tmp_path / "GLIF_network"
    write_glif_network(column, folder)
    load_network(config(folder))
    write_glif_network(scale_excitatory(column, 3.0), folder)
    changed = load_network(config(folder)).recurrent.weight
    assert changed.max() == pytest.approx(3 * column.recurrent.weight.max(), rel=1e-6)


def test_without_caching_nothing_is_kept(glif_folder, cache):
    load_network(config(glif_folder, caching=False))
    assert not cache.exists()


def test_without_a_folder_the_default_column_is_built(monkeypatch, cache):
    monkeypatch.setattr(loading, "DEFAULT_NEURONS", 500)
    network = load_network(NetworkConfig(build_seed=5))
    assert columns_equal(network, build_column(500, seed=5))
    assert columns_equal(load_network(NetworkConfig(build_seed=5)), network)
    assert not columns_equal(load_network(NetworkConfig(build_seed=6)), network)


def test_neurons_are_selected_before_the_controls(glif_folder, column):
    everything = {
        "use_uniform_neuron_type": True,
        "use_rand_connectivity": True,
        "use_rand_ini_w": True,
        "scale_w_e": 2.0,
    }
    loaded = load_network(config(glif_folder, neurons=100, seed=4, **everything))
    expected = uniform_types(select(load_network(config(glif_folder)), neurons=100))
    expected = random_weights(random_connectivity(expected, 4), 4)
    assert columns_equal(loaded, scale_excitatory(expected, 2.0))


def test_a_negative_scale_means_no_scaling(glif_folder, column):
    loaded = load_network(config(glif_folder, scale_w_e=-1.0))
    assert columns_equal(loaded.recurrent, column.recurrent)


def test_random_weights_obey_dale_unless_told_otherwise(glif_folder):
    for keep_signs in (True, False):
        network = load_network(config(glif_folder, use_rand_ini_w=True), keep_signs)
        is_excitatory = network.is_excitatory[network.recurrent.pre]
        has_its_sign = (network.recurrent.weight >= 0) == is_excitatory
        assert has_its_sign.all() == keep_signs


def test_the_published_name_loads_the_same_network(glif_folder):
    by_name = load_billeh(glif_folder, neurons=90, connected_selection=False, seed=8)
    options = {"neurons": 90, "connected_selection": False, "seed": 8}
    assert columns_equal(by_name, load_network(config(glif_folder, **options)))


def test_more_neurons_than_the_network_has_are_refused(glif_folder):
    with pytest.raises(ValueError, match="neurons must be at most 150.* got 151"):
        load_network(config(glif_folder, neurons=151))


def test_a_selection_without_a_layer_is_refused(glif_folder):
    with pytest.raises(ValueError, match="layer .* has no neuron among the 2"):
        load_network(config(glif_folder, neurons=2))


def test_importing_the_network_needs_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys, v1model.network\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
