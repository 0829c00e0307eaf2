"""Networks in files."""

import dataclasses

import numpy as np
import pytest

from tests.voltage_networks.circuits import circuit, published
from v1model.voltage_networks import load_connectome, save_connectome


def test_a_network_comes_back_from_its_file(tmp_path):
    network = circuit()
    save_connectome(network, tmp_path / "a.npz", sign=np.sign(network.weight))
    other = load_connectome(tmp_path / "a.npz")
    for field in dataclasses.fields(network):
        one, two = (getattr(item, field.name) for item in (network, other))
        assert one.dtype.kind == two.dtype.kind
        np.testing.assert_array_equal(one, two)
    with np.load(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["sign"], np.sign(network.weight))


@pytest.mark.data
def test_the_published_fly_has_the_sizes_that_are_known():
    fly = load_connectome(published("conn_ext2.npz"))
    assert (fly.n_neurons, len(fly.source), fly.n_hexals) == (1203, 28904, 19)
    assert set(fly.cell_type[fly.inputs].tolist()) == {f"R{k}" for k in range(1, 9)}
    assert np.unique(fly.tau_s).tolist() == [np.float32(0.05)]


def test_a_wrong_file_is_refused_by_name(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(FileNotFoundError, match="a.npz does not exist"):
        load_connectome(path)
    path.write_text("no arrays")
    with pytest.raises(ValueError, match="a.npz: "):
        load_connectome(path)
    np.savez(path, source=[0], target=[0])
    with pytest.raises(
        ValueError, match=r"a.npz: arrays \['bias', 'role'.* are missing"
    ):
        load_connectome(path)
    save_connectome(circuit(), path)
    with np.load(path) as file:
        arrays = {**file, "tau": np.zeros(6)}
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="a.npz: tau_s must be positive, got 0.0"):
        load_connectome(path)
