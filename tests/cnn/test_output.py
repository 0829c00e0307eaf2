"""Outputs and calibrations: rates that stay positive, and begin where they should."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.cnn.output import Calibration, Output

ACTIVATIONS = {"softplus": lambda u: np.logaddexp(0, u), "exp": np.exp}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rates_are_what_numpy_says(name):
    u = np.linspace(-15, 12, 50, dtype=np.float32)
    expected = ACTIVATIONS[name](u.astype(np.float64))
    np.testing.assert_allclose(Output(name)(u), expected, rtol=2e-6, atol=1.1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_inverse_gives_the_rates_back(name):
    output = Output(name)
    rates = np.float32([1e-4, 0.01, 0.3, 1, 7])
    np.testing.assert_allclose(output(output.inverse(rates)), rates, rtol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_silent_neuron_begins_near_no_spikes_and_finite(name):
    output = Output(name)
    u = output.inverse(np.zeros(1))
    assert np.isfinite(u).all()
    np.testing.assert_allclose(output(u), 1e-6, rtol=0.02)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_spike_that_was_thought_impossible_still_pulls_the_rate_up(name):
    u = tf.constant([-19.0, -30.0])
    with tf.GradientTape() as tape:
        tape.watch(u)
        rate = Output(name)(u)
        loss = tf.reduce_sum(rate - tf.math.log(rate))
    assert (rate.numpy() >= 1e-8).all()
    assert (tape.gradient(loss, u).numpy() < 0).all()


def test_an_unknown_activation_is_answered_with_the_choices():
    with pytest.raises(ValueError, match="softplus, exp, got 'relu'"):
        Output("relu")


def test_a_calibration_begins_as_the_identity_but_for_18_thousandths_of_the_mean():
    rates = np.random.default_rng(1).gamma(1, 0.1, (2, 5, 3)).astype(np.float32)
    mean = np.float32([0.1, 0.02, 3])
    found = Calibration(3, mean)(rates)
    share = np.log1p(np.exp(-4.0))
    assert 0.018 < share < 0.0182
    np.testing.assert_allclose(found, rates + share * mean, rtol=1e-5)


def test_a_calibration_can_undo_a_gain_and_most_of_an_offset_and_stays_positive():
    layer = Calibration(2, [0.5, 0.5])
    rates = np.float32([[[0.2, 1.0]]])
    layer(rates)
    layer.log_gain.assign(np.log([2.0, 0.5]))
    layer.offset.assign([4.0, -60.0])
    expected = [[[2 * 0.2 + 0.5 * np.log(2), 0.5]]]
    np.testing.assert_allclose(layer(rates), expected, rtol=1e-5)
    np.testing.assert_allclose(
        layer.squared_change(), [np.log(2) ** 2 + 16, np.log(2) ** 2 + 3600], rtol=1e-6
    )
    layer.log_gain.assign([-50, -50])
    assert (layer(rates).numpy() > 0).all()


def test_mean_rates_are_saved_with_the_weights_but_not_trained():
    layer = Calibration(2)
    layer(np.ones((1, 1, 2)))
    layer.set_mean_rates([0.25, 4])
    assert len(layer.trainable_variables) == 2
    other = Calibration(2)
    other(np.ones((1, 1, 2)))
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(other.mean_rates, [0.25, 4])


@pytest.mark.parametrize("layer", (Output("exp"), Calibration(3)))
def test_both_are_made_again_from_their_configuration(layer):
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert again.get_config() == layer.get_config()


def test_rates_are_float32_in_every_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        u = tf.cast(tf.fill((1, 2, 3), 1.2345), tf.bfloat16)
        rates = Calibration(3)(Output()(u))
    finally:
        keras.config.set_dtype_policy("float32")
    assert rates.dtype == tf.float32
