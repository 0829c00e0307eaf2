"""The convolution in time and the running means, against loops in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cnn.reach import movie
from v1model.cnn.causal import (
    LONGEST_PRODUCT,
    bins_of,
    convolve_time,
    last_bins,
    running_mean,
)


def reference_convolution(x, kernels):
    """y[t, c M + m] = sum over tau of kernels[tau, m] x[t - tau, c], in float64."""
    x, kernels = x.astype(float), kernels.astype(float)
    n_taps, n_kernels = kernels.shape
    y = np.zeros((*x.shape[:4], x.shape[4], n_kernels))
    for tau in range(n_taps):
        past = x[:, n_taps - 1 - tau : x.shape[1] - tau]
        y[:, n_taps - 1 :] += past[..., None] * kernels[tau]
    return y[:, n_taps - 1 :].reshape(
        *x.shape[:1], -1, *x.shape[2:4], y[0, 0, 0, 0].size
    )


@pytest.mark.parametrize(("n_taps", "n_kernels", "channels"), [(1, 1, 1), (4, 3, 2)])
def test_time_is_convolved_as_the_equation_says(n_taps, n_kernels, channels):
    x = movie(channels=channels)
    kernels = np.random.default_rng(2).normal(size=(n_taps, n_kernels)).astype("f4")
    expected = reference_convolution(x, kernels)
    found = convolve_time(tf.constant(x), tf.constant(kernels))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_long_movies_and_those_of_unknown_length_are_convolved_alike():
    x = movie(bins=LONGEST_PRODUCT + 1, height=2, width=2, channels=2)
    kernels = np.random.default_rng(2).normal(size=(5, 3)).astype("f4")
    unknown = tf.function(
        convolve_time,
        input_signature=[
            tf.TensorSpec((None, None, 2, 2, 2)),
            tf.TensorSpec((5, 3)),
        ],
    )
    long = convolve_time(tf.constant(x), tf.constant(kernels))
    short = convolve_time(tf.constant(x[:, 1:]), tf.constant(kernels))
    np.testing.assert_allclose(long[:, 1:], short, atol=1e-5)
    np.testing.assert_allclose(unknown(x, kernels), long, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(
    st.floats(0.05, 50),
    st.integers(1, 20),
    st.integers(0, 100),
)
def test_a_running_mean_begins_as_if_its_first_bin_had_always_been(tau, n_bins, seed):
    x = np.random.default_rng(seed).normal(size=(2, n_bins, 3))
    q = np.exp(-1 / tau)
    expected = [x[:, 0]]
    for t in range(1, n_bins):
        expected.append(q * expected[-1] + (1 - q) * x[:, t])
    found = running_mean(tf.constant(x, tf.float32), tf.constant([tau, 1.0]))
    assert found.shape == (2, n_bins, 3, 2)
    np.testing.assert_allclose(found[..., 0], np.stack(expected, 1), atol=1e-5)


def test_what_does_not_change_is_its_own_running_mean():
    x = tf.fill((1, 30, 1), 3.0)
    np.testing.assert_allclose(running_mean(x, tf.constant([7.0])), 3.0, rtol=1e-6)


def test_a_latency_is_a_whole_number_of_bins_whatever_the_rounding():
    assert bins_of(25, 120) == 3
    assert bins_of(25.1, 120) == 4
    assert bins_of(100, 30) == 3
    assert bins_of(0, 120) == 0


def test_the_last_bins_are_those_of_the_newest_frames():
    x = tf.range(5)[None, :, None]
    np.testing.assert_array_equal(last_bins(x, x[:, :2])[0, :, 0], [3, 4])
