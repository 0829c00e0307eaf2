"""Pools over pixels, against loops in NumPy."""

import keras
import numpy as np
import pytest
import scipy.special

from tests.cnn.reach import movie
from v1model.cnn.core_params import PoolParams
from v1model.cnn.pooling import make_pool


def patches(x, kernel, stride):
    """(B, T, H', W', k k, C)."""
    rows = range(0, x.shape[2] - kernel + 1, stride)
    columns = range(0, x.shape[3] - kernel + 1, stride)
    cut = [[x[:, :, i : i + kernel, j : j + kernel] for j in columns] for i in rows]
    cut = np.array(cut)  # H' W' B T k k C
    cut = np.moveaxis(cut, (0, 1), (2, 3))
    return cut.reshape(*cut.shape[:4], -1, cut.shape[-1])


def blurred(x):
    weights = np.array([1.0, 2.0, 1.0])
    y = np.zeros(x.shape)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            total = 0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if 0 <= i + di < x.shape[2] and 0 <= j + dj < x.shape[3]:
                        weight = weights[di + 1] * weights[dj + 1]
                        y[:, :, i, j] += weight * x[:, :, i + di, j + dj]
                        total += weight
            y[:, :, i, j] /= total
    return y


REFERENCES = {
    "max": lambda x, k, s: patches(x, k, s).max(-2),
    "avg": lambda x, k, s: patches(x, k, s).mean(-2),
    "blur": lambda x, k, s: patches(blurred(x), k, s).mean(-2),
    "soft": lambda x, k, s: (
        patches(x, k, s) * scipy.special.softmax(10 * patches(x, k, s), -2)
    ).sum(-2),
}


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 1), (2, 3), (1, 1)])
def test_a_pool_computes_its_equation_in_each_bin(kind, kernel, stride):
    x = movie(bins=3, height=7, width=8).astype(float)
    layer = make_pool(PoolParams(type=kind, kernel_size=kernel, stride=stride))
    found, expected = layer(x.astype("f4")), REFERENCES[kind](x, kernel, stride)
    assert found.shape == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_pool_survives_saving_and_movies_of_any_length(kind, tmp_path):
    layer = make_pool(PoolParams(type=kind))
    model = keras.Sequential([keras.Input((None, 4, 5, 3)), layer])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for bins in (2, 5):
        x = movie(bins=bins)
        np.testing.assert_array_equal(again(x), layer(x))


@pytest.mark.parametrize("kind", REFERENCES)
def test_what_is_the_same_everywhere_stays(kind):
    x = np.full((1, 2, 6, 6, 1), 40.0, np.float32)
    np.testing.assert_allclose(make_pool(PoolParams(type=kind))(x), 40, rtol=1e-6)


def test_a_pool_wider_than_the_map_is_refused():
    with pytest.raises(
        ValueError, match="kernel_size 5 is larger than the map of 4 x 5"
    ):
        make_pool(PoolParams(kernel_size=5))(movie())
