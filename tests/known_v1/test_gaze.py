"""Simulated eyes drift, jump and stay on the picture."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from v1model.known_v1 import gaze
from v1model.known_v1.movies import crops

FS, PIXELS = 120.0, 16.0


def drawn(seconds=200, seed=0, extent=(300, 400)):
    rng = np.random.default_rng(seed)
    return gaze.draw_gaze(rng, int(seconds * FS), extent, FS, PIXELS)


def test_the_drift_diffuses_as_brownian_motion_does():
    found = drawn()
    steps = np.diff(found.position, axis=0)
    own = steps[found.is_fixating[1:] & found.is_fixating[:-1]] / PIXELS
    own = own[np.abs(own).max(1) < 0.1]  # reflections at a border aside
    np.testing.assert_allclose(own.var(0), 2 * gaze.DIFFUSION / FS, rtol=0.1)


def test_fixations_last_as_long_as_they_should():
    found = drawn(seconds=600)
    _, n = ndimage.label(~found.is_fixating)
    rate = n / 600  # saccades every 280 ms, some within a microsaccade's bins
    assert 2.8 < rate < 1 / gaze.FIXATION_S + gaze.MICROSACCADES_HZ


@given(st.integers(0, 1000), st.floats(0, 500), st.floats(0, 500))
def test_the_eye_never_leaves_the_picture(seed, height, width):
    found = gaze.draw_gaze(
        np.random.default_rng(seed), 100, (height, width), FS, PIXELS
    )
    assert (found.position >= 0).all()
    assert (found.position <= np.maximum((height, width), 1e-6)).all()


def test_a_crop_is_the_picture_between_its_pixels():
    rng = np.random.default_rng(1)
    pixels = rng.standard_normal((40, 50)).astype(np.float32)
    place = rng.uniform(0, (40 - 9, 50 - 9), (20, 2))
    found = crops(pixels, place, 8)
    grid = np.mgrid[:8, :8]
    for k in range(20):
        expected = ndimage.map_coordinates(
            pixels, grid + place[k][:, None, None], order=1
        )
        np.testing.assert_allclose(found[k], expected, atol=1e-5)
