"""Bilinear interpolation against SciPy, with its gradients."""

import numpy as np
import scipy.ndimage
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.cnn.bilinear import point_weights, sample_points, tent_weights

RNG = np.random.default_rng(5)
HEIGHT, WIDTH = 5, 7
FRAMES = RNG.normal(size=(2, 3, HEIGHT, WIDTH, 2)).astype(np.float32)
# Off the pixels, inside and outside.
POINTS = RNG.uniform(-1.9, 7.4, size=(40, 2)).astype(np.float32)


def interpolated(frame, points):
    """SciPy in float64; outside there are pixels of 0."""
    return scipy.ndimage.map_coordinates(
        frame.astype(np.float64), points.T, order=1, mode="grid-constant"
    )


def all_interpolated(points):
    found = [
        [[interpolated(f[..., c], points) for c in range(2)] for f in segment]
        for segment in FRAMES
    ]
    return np.moveaxis(found, 2, -1)


def test_points_between_pixels_show_what_scipy_interpolates_and_0_outside():
    found = sample_points(FRAMES, tf.constant(POINTS))
    np.testing.assert_allclose(found, all_interpolated(POINTS), atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-3, 9, width=32)] * 2), min_size=1, max_size=5))
def test_weights_of_all_pixels_and_four_gathered_ones_say_the_same(points):
    points = tf.constant(points, tf.float32)
    weights = point_weights(points, HEIGHT, WIDTH)
    pixels = FRAMES.reshape(2, 3, -1, 2)
    whole = np.einsum("np,btpc->btnc", weights, pixels)
    np.testing.assert_allclose(sample_points(FRAMES, points), whole, atol=3e-6)


def test_gradients_of_points_are_those_of_scipys_interpolation():
    points = POINTS.astype(np.float64)
    # Not across a pixel, where the slope changes.
    points = points[(np.abs(points - np.round(points)) > 0.01).all(axis=1)]
    step = 1e-3
    expected = np.stack(
        [
            (all_interpolated(points + step * d) - all_interpolated(points - step * d))
            / (2 * step)
            for d in np.eye(2)
        ],
        -1,
    ).sum(axis=(0, 1, 3))
    points = tf.constant(points, tf.float32)

    def weighted():
        weights = point_weights(points, HEIGHT, WIDTH)
        return tf.einsum("np,btpc->", weights, FRAMES.reshape(2, 3, -1, 2))

    for summed in (lambda: tf.reduce_sum(sample_points(FRAMES, points)), weighted):
        with tf.GradientTape() as tape:
            tape.watch(points)
            total = summed()
        np.testing.assert_allclose(tape.gradient(total, points), expected, atol=2e-4)


def test_gradients_of_frames_are_the_weights_of_their_pixels():
    frames, points = tf.constant(FRAMES), tf.constant(POINTS)
    with tf.GradientTape() as tape:
        tape.watch(frames)
        total = tf.reduce_sum(sample_points(frames, points))
    weights = tf.reduce_sum(point_weights(points, HEIGHT, WIDTH), 0)
    expected = np.broadcast_to(np.reshape(weights, (HEIGHT, WIDTH, 1)), FRAMES.shape)
    np.testing.assert_allclose(tape.gradient(total, frames), expected, atol=1e-5)


def test_on_a_pixel_the_gradient_is_the_slope_between_its_neighbours():
    values = tf.constant([1.0, 4.0, 2.0, -3.0])
    place = tf.constant([0.0, 1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(place)
        total = tf.reduce_sum(tent_weights(place, 4) @ values[:, None])
    np.testing.assert_allclose(tape.gradient(total, place), [2.0, 0.5, -3.5, -1.0])


def test_weights_inside_sum_to_one():
    points = RNG.uniform((0, 0), (HEIGHT - 1, WIDTH - 1), (50, 2)).astype(np.float32)
    weights = point_weights(tf.constant(points), HEIGHT, WIDTH)
    np.testing.assert_allclose(np.sum(weights, 1), 1, rtol=1e-5)
