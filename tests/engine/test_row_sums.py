"""Sums over rows of synapses, written for the processor, against plain NumPy."""

import hypothesis
import hypothesis.strategies as st
import numba
import numpy as np
import pytest

from v1model.engine.row_sums import add_row, add_row_in_order


@numba.njit
def fused(out, at, weight, index, first, last, values, scale, lanes):
    add_row(out, at, weight, index, first, last, values, scale, lanes)


@numba.njit
def in_order(out, at, weight, index, first, last, values, scale, lanes):
    add_row_in_order(out, at, weight, index, first, last, values, scale, lanes)


@pytest.mark.parametrize("sum_row", [fused, in_order])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
@pytest.mark.parametrize("n_lanes", [4, 8, 12, 24])
@hypothesis.settings(max_examples=10, deadline=None)
@hypothesis.given(
    first=st.integers(0, 5),
    length=st.integers(0, 9),
    scale=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_a_row_is_added_in_every_lane(
    sum_row, dtype, n_lanes, first, length, scale, seed
):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=20).astype(np.float32)
    index = rng.integers(0, 10, 20).astype(dtype)
    values = rng.normal(size=10 * scale + n_lanes).astype(np.float32)
    out = rng.normal(size=n_lanes + 7).astype(np.float32)
    expected = out.astype(np.float64)
    for k in range(first, first + length):
        start = int(index[k]) * scale
        expected[3 : 3 + n_lanes] += weight[k] * values[start : start + n_lanes]
    lanes = (0,) * n_lanes
    sum_row(out, 3, weight, index, first, first + length, values, scale, lanes)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


def test_sums_in_order_round_like_a_plain_loop():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=101).astype(np.float32)
    index = rng.integers(0, 50, 101).astype(np.int32)
    values = rng.normal(size=54).astype(np.float32)
    out = np.zeros(4, np.float32)
    in_order(out, 0, weight, index, 0, 101, values, 1, (0,) * 4)
    total = np.zeros(4, np.float32)
    for k in range(101):
        total = total + weight[k] * values[index[k] : index[k] + 4]
    np.testing.assert_array_equal(out, total)


def test_other_numbers_of_lanes_are_refused():
    arrays = [np.zeros(8, np.float32), np.zeros(8, np.int32)]
    with pytest.raises(Exception, match="multiple of 4, got 6"):
        fused(arrays[0], 0, arrays[0], arrays[1], 0, 1, arrays[0], 1, (0,) * 6)
