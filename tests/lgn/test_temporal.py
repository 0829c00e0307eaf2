"""Both ways of filtering in time against NumPy's convolution."""

import numpy as np
import pytest

from v1model.lgn.temporal import TemporalFilters

DURATIONS = np.array([30, 1, 200, 69])


@pytest.fixture(scope="module")
def kernel():
    rng = np.random.default_rng(0)
    kernel = np.zeros((1100, 90), np.float32)  # more rows than one block
    kernel[:, :70] = rng.standard_normal((1100, 70))
    return kernel


@pytest.fixture(scope="module")
def values():
    values = np.random.default_rng(1).standard_normal((1100, len(DURATIONS)))
    values[:, 2] = values[:, 1]  # an interval without a jump
    return values.astype(np.float32)


def convolved(kernel, values):
    samples = np.repeat(values, DURATIONS, axis=1).astype(float)
    n = samples.shape[1]
    return np.stack(
        [np.convolve(s, k)[:n] for s, k in zip(samples, kernel, strict=True)], axis=1
    )


def test_steps_are_filtered_as_by_convolution(kernel, values):
    expected = convolved(kernel, values)
    found = np.empty_like(expected)
    for block, response in TemporalFilters(kernel).to_steps(values, DURATIONS):
        found[:, block] = response
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_samples_are_filtered_as_by_convolution(kernel, values):
    expected = convolved(kernel, values)
    found = np.empty_like(expected)
    samples = np.repeat(values, DURATIONS, axis=1)
    for block, response in TemporalFilters(kernel).to_samples(samples):
        found[:, block] = response
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_signal_longer_than_many_kernels_stays_exact(kernel):
    level = np.full((1100, 2), 3.0, np.float32)
    level[:, 1] = -1
    for block, response in TemporalFilters(kernel).to_steps(
        level, np.array([5000, 80])
    ):
        final = 3 * kernel[block].sum(axis=1, dtype=float)
        np.testing.assert_allclose(response[4999], final, atol=1e-4)
