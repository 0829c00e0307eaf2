"""Behaviour acts on features, and only where a modulator says so."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.cnn.layer_params import NoLayer
from v1model.cnn.modulator_params import ConcatParams, FilmParams, GruModulatorParams
from v1model.cnn.modulators import make_modulator

PARAMS = {
    "concat": ConcatParams(type="concat", hidden=(4, 3)),
    "film": FilmParams(type="film", hidden=(4,)),
    "convgru": GruModulatorParams(type="convgru", hidden=5, embedding=2, memory_bins=2),
}
RNG = np.random.default_rng(3)
X = RNG.standard_normal((2, 5, 4, 4, 3)).astype(np.float32)
BEHAVIOR = RNG.standard_normal((2, 7, 2)).astype(np.float32)  # 2 bins longer


def made(kind):
    """A layer whose weights are all random."""
    layer = make_modulator(PARAMS[kind])
    layer.build(X.shape, BEHAVIOR.shape)
    for weight in layer.weights:
        weight.assign(weight + 0.3 * RNG.standard_normal(weight.shape))
    return layer


def test_film_does_nothing_before_training():
    """In the model that is followed, features begin times the sum of an embedding."""
    layer = make_modulator(PARAMS["film"])
    np.testing.assert_array_equal(layer(X, behavior=BEHAVIOR), X)


def test_film_scales_and_shifts_channels_by_a_network_of_behaviour():
    layer = made("film")
    hidden, change = layer.network[0], layer.change
    embedded = keras.activations.gelu(BEHAVIOR[:, 2:] @ hidden.kernel + hidden.bias)
    scale, shift = np.split(embedded @ change.kernel + change.bias, 2, -1)
    expected = (1 + scale[:, :, None, None]) * X + shift[:, :, None, None]
    np.testing.assert_allclose(layer(X, behavior=BEHAVIOR), expected, atol=1e-5)


def test_concat_adds_channels_that_are_the_same_in_every_pixel():
    y = made("concat")(X, behavior=BEHAVIOR).numpy()
    np.testing.assert_array_equal(y[..., :3], X)
    assert y.shape[-1] == 6
    assert np.all(y[..., 3:] == y[:, :, :1, :1, 3:])


@pytest.mark.parametrize("kind", PARAMS)
def test_behaviour_acts_in_its_own_bin_and_later_never_before(kind):
    layer, behavior = made(kind), tf.constant(BEHAVIOR)
    with tf.GradientTape() as tape:
        tape.watch(behavior)
        y = tf.reduce_sum(layer(tf.constant(X), behavior=behavior)[:, -2] ** 2)
    used = np.abs(tape.gradient(y, behavior)).max((0, 2)) > 0
    past = [kind == "convgru"] * 3
    assert used.tolist() == [False, False, *past, True, False]


@pytest.mark.parametrize("kind", PARAMS)
def test_missing_behaviour_is_an_error(kind):
    with pytest.raises(ValueError, match=f"modulator {kind} needs behavior"):
        made(kind)(X)


@pytest.mark.parametrize("kind", PARAMS)
def test_shapes_are_those_that_it_says(kind):
    layer = made(kind)
    y = layer(X, behavior=BEHAVIOR)
    assert y.shape == layer.compute_output_shape(X.shape)
    assert y.shape[1] == X.shape[1] - layer.memory_bins


@pytest.mark.parametrize("kind", PARAMS)
def test_it_comes_back_from_its_configuration(kind):
    layer = made(kind)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    again(X, behavior=BEHAVIOR)
    again.set_weights(layer.get_weights())
    expected = layer(X, behavior=BEHAVIOR)
    np.testing.assert_array_equal(again(X, behavior=BEHAVIOR), expected)


def test_no_modulator_is_no_change():
    layer = make_modulator(NoLayer())
    np.testing.assert_array_equal(layer(X, behavior=BEHAVIOR), X)
