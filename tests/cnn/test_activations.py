"""The activations by name, and the one with both signs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.reach import movie
from v1model.cnn.activations import make_activation
from v1model.cnn.layer_params import ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_activation_of_the_options_exists_and_survives_its_config(name):
    layer, x = make_activation(name), movie()
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(layer(x), again(x))
    assert layer(x).shape == layer.compute_output_shape(x.shape)


def test_an_unknown_activation_is_refused_by_name():
    with pytest.raises(ValueError, match="'swish' is unknown; choose from none, relu"):
        make_activation("swish")


@pytest.mark.parametrize("name", ["relu", "silu", "elu", "tanh", "softplus"])
def test_activations_are_those_of_keras(name):
    x = movie()
    expected = keras.activations.get(name)(x)
    np.testing.assert_allclose(make_activation(name)(x), expected, atol=1e-6)


def test_a_split_relu_has_both_signs_and_a_gain_whose_sign_does_not_matter():
    layer, x = make_activation("split_relu"), movie()
    found = np.asarray(layer(x))
    np.testing.assert_array_equal(found[..., :3], np.maximum(x, 0))
    np.testing.assert_array_equal(found[..., 3:], np.maximum(-x, 0))
    layer.gain.assign([-2.0, 1.0, 0.5])
    found = np.asarray(layer(x))
    np.testing.assert_allclose(found[..., :3], np.maximum(x, 0) * [2, 1, 0.5])
    np.testing.assert_array_equal(found[..., 3:], np.maximum(-x, 0))


def test_the_gain_of_a_split_relu_is_trained():
    layer, x = make_activation("split_relu"), movie()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    slope = tape.gradient(loss, layer.gain)
    np.testing.assert_allclose(slope, np.maximum(x, 0).sum((0, 1, 2, 3)), rtol=1e-5)
