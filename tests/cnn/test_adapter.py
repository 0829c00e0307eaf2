"""Adapters against SciPy's blur and interpolation, and as maps of places."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from v1model.cnn.adapter import make_adapter
from v1model.cnn.adapter_params import AdapterParams
from v1model.cnn.layer_params import NoLayer

RNG = np.random.default_rng(7)
FRAME = (9, 12, 1)
MOVIE = RNG.normal(size=(2, 3, *FRAME)).astype(np.float32)
TRANSFORMS = ("scale", "scale_shift", "affine")


def adapter(frame=FRAME, **options):
    layer = make_adapter(AdapterParams(**options), frame)
    layer.build((None, None, *frame))
    return layer


def moved(layer):
    """The layer with another size, place, shape and blur; its matrix and shift."""
    matrix, shift = np.diag([1.2, 0.7]), np.zeros(2)
    layer.log_sigma.assign(np.log(0.8))
    if layer.params.transform == "affine":
        matrix = np.float64([[0.9, 0.2], [-0.3, 0.8]])
        layer.matrix.assign(matrix)
    else:
        layer.log_scale.assign(np.log(np.diag(matrix)))
    if layer.params.transform != "scale":
        shift = np.float64([0.6, -1.3])
        layer.shift.assign(shift)
    return matrix, shift


def reference(layer, matrix, shift, sigma, movie):
    """Blurred and read by SciPy in float64, outside of which there are pixels of 0."""
    frame = np.array(movie.shape[2:4])
    grid = np.array(layer.grid_shape)
    steps = (frame - 1) / np.maximum(grid - 1, 1)
    index = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), -1)
    center = (frame - 1) / 2
    places = center + (index * steps - center) @ matrix.T + shift
    step = steps * np.linalg.norm(matrix, axis=1)
    variance = sigma**2 + 0.44**2 * np.maximum(step**2 - 1, 0)
    found = np.zeros((*movie.shape[:2], *grid, movie.shape[4]))
    for b, t, c in np.ndindex(*movie.shape[:2], movie.shape[4]):
        picture = movie[b, t, ..., c].astype(np.float64)
        for axis in (0, 1):
            picture = scipy.ndimage.gaussian_filter1d(
                picture,
                np.sqrt(variance[axis]),
                axis,
                mode="constant",
                radius=layer._radii[axis],
            )
        found[b, t, ..., c] = scipy.ndimage.map_coordinates(
            picture, np.moveaxis(places, -1, 0), order=1, mode="grid-constant"
        )
    return found


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("channels", (1, 2))
def test_without_a_blur_it_starts_as_the_identity_to_the_last_bit(transform, channels):
    movie = RNG.normal(size=(2, 3, 9, 12, channels)).astype(np.float32)
    layer = adapter((9, 12, channels), transform=transform, init_sigma=0.01)
    np.testing.assert_array_equal(layer(movie), movie)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("size", (None, 5, 14))
def test_it_is_scipys_blur_and_interpolation(transform, size):
    movie = np.concatenate((MOVIE, 2 - MOVIE), -1)
    layer = adapter((9, 12, 2), transform=transform, grid_size=size)
    first = reference(layer, np.eye(2), np.zeros(2), 0.5, movie)
    np.testing.assert_allclose(layer(movie), first, atol=2e-5)
    matrix, shift = moved(layer)
    expected = reference(layer, matrix, shift, 0.8, movie)
    np.testing.assert_allclose(layer(movie), expected, atol=2e-5)
    assert layer(movie).shape == layer.compute_output_shape(movie.shape)


def test_one_channel_and_several_are_adapted_alike():
    one, two = (adapter((9, 12, n), grid_size=6) for n in (1, 2))
    both = two(np.concatenate((MOVIE, -MOVIE), -1))
    np.testing.assert_allclose(one(MOVIE), both[..., :1], atol=1e-6)
    np.testing.assert_allclose(one(MOVIE), -both[..., 1:], atol=1e-6)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_everything_that_is_learned_has_the_gradient_of_finite_differences(transform):
    layer = adapter(transform=transform, grid_size=6)
    moved(layer)
    target = RNG.normal(size=(2, 3, 6, 6, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(MOVIE) * target)
    variables = layer.trainable_variables
    gradients = tape.gradient(loss, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        first = variable.numpy()
        for index in np.ndindex(first.shape):
            step = np.zeros_like(first)
            step[index] = 1e-3
            values = []
            for sign in (1, -1):
                variable.assign(first + sign * step)
                product = np.float64(layer(MOVIE)) * target
                values.append(product.sum())
            variable.assign(first)
            slope = (values[0] - values[1]) / 2e-3
            np.testing.assert_allclose(
                gradient.numpy()[index], slope, rtol=0.02, atol=0.02
            )


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_grid_that_starts_on_the_pixels_can_leave_them(transform):
    layer = adapter(transform=transform)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(MOVIE) - MOVIE[:, :, ::-1, ::-1]))
    values = [v.value for v in layer.trainable_variables]
    for gradient in tape.gradient(loss, values):
        assert np.abs(gradient).max() > 1e-3


def test_a_blur_neither_shifts_nor_shrinks_a_point():
    movie = np.zeros((1, 1, 15, 15, 1), np.float32)
    movie[0, 0, 7, 7] = 1
    layer = adapter((15, 15, 1), init_sigma=1.0)
    found = layer(movie).numpy()[0, 0, ..., 0]
    assert found.shape == (15, 15)
    np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-7)
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-4)
    variance = (found.sum(0) * (np.arange(15) - 7) ** 2).sum()
    np.testing.assert_allclose(variance, 1, rtol=0.01)


def test_a_coarser_grid_does_not_show_what_it_cannot_resolve():
    stripes = np.where(np.arange(41) % 2, 0.5, -0.5).astype(np.float32)
    movie = np.broadcast_to(stripes[:, None, None], (1, 1, 41, 41, 1))
    read = movie[:, :, ::3, ::3]
    found = adapter((41, 41, 1), grid_size=14, init_sigma=0.1)(movie)
    # Away from the border.
    ratio = np.std(found[:, :, 2:-2]) / np.std(read[:, :, 2:-2])
    assert ratio < 0.02


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_places_go_to_the_frame_and_back(transform):
    layer = adapter(transform=transform, grid_size=7)
    points = tf.constant(RNG.uniform(0, 6, (20, 2)), tf.float32)
    corners = layer.to_frame(tf.constant([[0.0, 0.0], [6.0, 6.0]]))
    np.testing.assert_allclose(corners, [[0, 0], [8, 11]], atol=1e-5)
    moved(layer)
    there = layer.to_frame(points)
    assert np.abs(there - points).max() > 0.5
    np.testing.assert_allclose(layer.to_grid(there), points, atol=1e-4)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_spot_on_the_frame_appears_where_the_grid_says(transform):
    frame = (31, 31, 1)
    layer = adapter(frame, transform=transform, grid_size=25)
    moved(layer)
    spot = tf.constant([[13.0, 17.0]])
    movie = np.zeros((1, 1, *frame), np.float32)
    movie[0, 0, 13, 17] = 1
    found = layer(movie).numpy()[0, 0, ..., 0]
    index = np.stack(np.meshgrid(*[np.arange(25)] * 2, indexing="ij"), -1)
    center = (found[..., None] * index).sum((0, 1)) / found.sum()
    np.testing.assert_allclose(center, layer.to_grid(spot)[0], atol=0.1)


def test_without_an_adapter_frames_and_places_are_as_they_were():
    layer = make_adapter(NoLayer(), FRAME)
    np.testing.assert_array_equal(layer(MOVIE), MOVIE)
    assert layer.grid_shape == FRAME[:2]
    points = np.float32([[1, 2]])
    np.testing.assert_array_equal(layer.to_frame(points), points)
    np.testing.assert_array_equal(layer.to_grid(points), points)


@pytest.mark.parametrize("options", (NoLayer(), AdapterParams(transform="affine")))
def test_an_adapter_is_made_again_from_its_configuration(options):
    layer = make_adapter(options, FRAME)
    found = layer(MOVIE)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    np.testing.assert_array_equal(again(MOVIE), found)
    assert again.get_config() == layer.get_config()
