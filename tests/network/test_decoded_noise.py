"""The published noise pool is read, and a damaged one is refused."""

import numpy as np
import pytest
import scipy.io

from v1model.network.decoded_noise import read_decoded_noise


def test_the_pool_is_the_flattened_variable(tmp_path):
    path = tmp_path / "additive_noise.mat"
    scipy.io.savemat(path, {"additive_noise": np.arange(6.0).reshape(2, 3)})
    pool = read_decoded_noise(path)
    assert pool.dtype == np.float32
    np.testing.assert_array_equal(pool, np.arange(6))


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "additive_noise.mat"
    scipy.io.savemat(path, {"additive_noise": np.arange(600.0)})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"additive_noise\.mat"):
        read_decoded_noise(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"noise": np.ones(3)}, "has no variable additive_noise"),
        ({"additive_noise": np.array([1.0, np.nan])}, "must hold finite numbers"),
        ({"additive_noise": np.zeros(0)}, "must hold finite numbers"),
    ],
)
def test_a_pool_without_numbers_is_refused(tmp_path, content, message):
    path = tmp_path / "additive_noise.mat"
    scipy.io.savemat(path, content)
    with pytest.raises(ValueError, match=message):
        read_decoded_noise(path)
