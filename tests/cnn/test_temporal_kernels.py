"""What temporal kernels begin as, and the constraints on them."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.cnn.frontend_params import INITIALIZATIONS
from v1model.cnn.temporal_kernels import (
    KINDS,
    gamma_density,
    initial_kernels,
    latency_mask,
    midpoints_ms,
    raised_cosines,
    unit_norm,
    without_sum,
)


def kernels_of(kind, n_taps=16, n_kernels=4, n_masked=0, seed=0):
    draw = np.random.default_rng(seed).normal
    return initial_kernels(
        kind, n_taps, n_kernels, n_masked, 120.0, lambda shape: draw(size=shape)
    )


def test_every_initialization_of_the_options_exists():
    assert set(KINDS) == set(INITIALIZATIONS)


@pytest.mark.parametrize("kind", INITIALIZATIONS)
@pytest.mark.parametrize(("n_taps", "n_kernels"), [(16, 4), (1, 1), (1, 4), (5, 1)])
def test_kernels_have_the_length_one_and_begin_behind_the_mask(kind, n_taps, n_kernels):
    kernels = kernels_of(kind, n_taps + 2, n_kernels, n_masked=2)
    assert kernels.shape == (n_taps + 2, n_kernels)
    assert kernels.dtype == np.float32
    np.testing.assert_array_equal(kernels[:2], 0)
    np.testing.assert_allclose(np.linalg.norm(kernels, axis=0), 1, rtol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in INITIALIZATIONS if kind != "random"])
def test_no_two_kernels_are_alike(kind):
    """Kernels that begin alike are trained alike."""
    kernels = kernels_of(kind, n_kernels=6)
    overlap = np.abs(kernels.T @ kernels)
    assert (overlap - np.eye(6)).max() < 0.995


def test_gaussian_derivatives_are_derivatives_in_time():
    """Lag runs against time, so the first derivative's sign is turned."""
    t = np.arange(16) - 7.5
    density = scipy.stats.norm(scale=16 / 6)
    gaussian = density.pdf(t)
    step = 1e-4
    first = -(density.pdf(t + step) - density.pdf(t - step))
    second = density.pdf(t + step) - 2 * gaussian + density.pdf(t - step)
    kernels = kernels_of("gaussian_derivatives")
    for column, expected in enumerate((gaussian, first, second)):
        expected = expected / np.linalg.norm(expected)
        np.testing.assert_allclose(kernels[:, column], expected, atol=1e-4)
    # The others are noise under the same bell.
    assert np.abs(kernels[[0, -1], 3]).max() < 0.1


def test_biphasic_kernels_have_two_lobes_and_no_sum():
    kernels = kernels_of("biphasic")
    np.testing.assert_allclose(kernels.sum(0), 0, atol=1e-6)
    assert (kernels[:2] > 0).all()
    assert (kernels.argmax(0) < kernels.argmin(0)).all()
    # Later kernels are slower.
    assert (np.diff(kernels.argmin(0)) >= 0).all()
    assert kernels.argmin(0)[-1] > kernels.argmin(0)[0]


def test_the_identity_begins_as_the_newest_bins():
    np.testing.assert_array_equal(kernels_of("identity", 16, 3), np.eye(16)[:, :3])
    masked = kernels_of("identity", 4, 3, n_masked=2)
    np.testing.assert_array_equal(masked.argmax(0), [2, 3, 3])


def test_raised_cosines_peak_where_they_are_told():
    t = np.log(np.arange(200) + 1)
    peaks = np.linspace(t[0], t[-1], 5)
    cosines = raised_cosines(t, peaks)
    assert cosines.min() >= 0
    np.testing.assert_allclose(t[cosines.argmax(0)], peaks, atol=0.1)
    # Bumps that are half a width apart have the sum 2 between the outer ones.
    inside = (t > peaks[1]) & (t < peaks[3])
    np.testing.assert_allclose(cosines.sum(1)[inside], 2, atol=1e-6)


def test_a_gamma_density_has_the_published_form():
    t = midpoints_ms(40, 120.0)
    expected = scipy.stats.gamma(a=3, scale=22).pdf(t)
    found = np.asarray(gamma_density(t, 22.0, 2))
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-4)


def test_the_mask_is_zero_then_rises_then_is_one():
    np.testing.assert_array_equal(latency_mask(5, 2, 0), [0, 0, 1, 1, 1])
    mask = latency_mask(8, 2, 3)
    np.testing.assert_allclose(
        mask, [0, 0, 0.146447, 0.5, 0.853553, 1, 1, 1], atol=1e-6
    )
    np.testing.assert_array_equal(latency_mask(3, 0, 0), 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 20), st.integers(1, 5), st.integers(0, 5), st.integers(0, 99))
def test_a_projection_has_no_sum_keeps_the_mask_and_is_the_nearest(
    n_taps, n_kernels, n_free, seed
):
    generator = np.random.default_rng(seed)
    kernels = generator.normal(size=(n_taps, n_kernels)).astype("f4")
    window = latency_mask(n_taps, 0, 0) * generator.uniform(0.2, 1, n_taps).astype("f4")
    window[: n_taps // 3] = 0
    n_free = min(n_free, n_kernels)
    found = np.asarray(without_sum(kernels, window, n_free))
    bound = slice(0, n_kernels - n_free)
    free = slice(n_kernels - n_free, None)
    np.testing.assert_allclose(found[:, bound].sum(0), 0, atol=1e-5)
    np.testing.assert_array_equal(found[window == 0], 0)
    np.testing.assert_allclose(found[:, free], (window[:, None] * kernels)[:, free])
    # The same as least squares: what is taken away lies along the window.
    along = window / np.linalg.norm(window)
    nearest = kernels - np.outer(along, along @ kernels)
    expected = (window[:, None] * nearest)[:, bound]
    np.testing.assert_allclose(found[:, bound], expected, atol=1e-5)


def test_a_kernel_of_zeros_has_no_direction_and_stays():
    kernels = np.array([[3.0, 0.0], [4.0, 0.0]], "f4")
    np.testing.assert_allclose(unit_norm(kernels), [[0.6, 0], [0.8, 0]], rtol=1e-6)
