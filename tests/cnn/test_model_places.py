"""A neuron looks at the pixels of the frame that the model says it looks at."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.models import SMALL, recordings
from v1model.cnn.model import ReadoutModel

BLOCK = {"kernel_size": [1, 3, 3], "activation": "none"}
CONVNET = {"type": "plain", "channels": [4, 4], "stem_channels": 4}
SIDE = 21
PLACES = {
    "same": [BLOCK],
    "valid": [BLOCK | {"padding": "valid"}],
    "strided": [BLOCK | {"stride": 2}, BLOCK],
    "strided_valid": [BLOCK | {"stride": 2, "padding": "valid"}, BLOCK],
    "even_kernels": [BLOCK | {"kernel_size": [1, 4, 2]}],
    "pooled": [BLOCK | {"pool": {"type": "avg"}}, BLOCK],
    "pooled_by_three": [BLOCK | {"pool": {"type": "avg", "kernel_size": 3}}, BLOCK],
    "blurred": [BLOCK | {"pool": {"type": "blur"}}, BLOCK],
}


def model_of(name, kind="plain"):
    """A linear core of positive, symmetric kernels: what is seen has one centre."""
    params = SMALL | {
        "convnet": CONVNET | {"type": kind, "blocks": PLACES[name], "stem": BLOCK},
        "readout": {"type": "gaussian", "initial_std": 0.02},
        "output_activation": "exp",
    }
    model = ReadoutModel(recordings(4, side=SIDE), params)
    for weight in model.core_variables:
        weight.assign(tf.ones_like(weight) * (0.01 if "bias" in weight.path else 0.1))
    for weight in model.heads["a"].readout.channel_variables():
        weight.assign(0.01 * tf.ones_like(weight))
    return model


def seen_centers(model):
    """Centre of mass of the slope of each neuron's rate over the frame, (N, 2)."""
    shape = (1, model.memory_bins + 1, SIDE, SIDE, 1)
    movie = tf.zeros(shape)
    with tf.GradientTape() as tape:
        tape.watch(movie)
        rates = model({"a": {"movie": movie}})["a"][0, 0]
    slopes = np.abs(tape.jacobian(rates, movie)).sum((1, 2, 5))  # (N, H, W)
    slopes = slopes / slopes.sum((1, 2), keepdims=True)
    pixels = np.arange(SIDE)
    return np.stack([slopes.sum(2) @ pixels, slopes.sum(1) @ pixels], -1)


@pytest.mark.parametrize("name", PLACES)
def test_centres_are_where_the_slope_of_the_rate_lies(name):
    model = model_of(name)
    wanted = np.array([[10.0, 10.0], [8.0, 12.0], [11.5, 9.0], [9.0, 8.5]])
    model.heads["a"].readout.start_at(model.frame_to_map("a", wanted))
    np.testing.assert_allclose(model.readout_centers("a"), wanted, atol=1e-3)
    # A Gaussian of less than a pixel is pulled to the nearest one of the map.
    scale = max(model.core.pixel_map.scale)
    np.testing.assert_allclose(seen_centers(model), wanted, atol=0.51 * scale)


@pytest.mark.parametrize(
    "kind, name",
    [
        (kind, name)
        for kind in ("plain", "resnet", "densenet")
        for name in PLACES
        # An even kernel lies half a pixel beside its input, so there are two places.
        if kind == "plain" or name != "even_kernels"
    ],
)
def test_a_pixel_of_the_map_lies_in_the_middle_of_what_it_sees(name, kind):
    """Also of what comes past the blocks: old and new features lie at one place."""
    core = model_of(name, kind).core
    x = tf.zeros((1, core.memory_bins + 1, SIDE, SIDE, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = core(x)
        row, column = (n // 2 for n in y.shape[2:4])
        probes = y[0, 0, row, column]
    slopes = np.abs(tape.jacobian(probes, x)).sum((1, 2, 5))  # (C, H, W)
    pixels = np.arange(SIDE)
    expected = core.pixel_map.to_input([row, column])
    for slope in slopes / slopes.sum((1, 2), keepdims=True):
        found = np.array([slope.sum(1) @ pixels, slope.sum(0) @ pixels])
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_places_outside_of_the_map_are_put_at_its_border():
    model = model_of("valid")
    places = model.frame_to_map("a", [[0.0, 30.0], [10.0, 10.0]])
    np.testing.assert_allclose(places, [[-1, 1], [0, 0]], atol=1e-6)
