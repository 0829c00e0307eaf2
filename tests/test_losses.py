"""Losses against closed forms and plain loops."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.losses import (
    HUBER_KAPPA,
    L2Regularizer,
    StiffRegularizer,
    huber_quantile,
    rate_distribution_loss,
    response_losses,
    voltage_cost,
)


@pytest.mark.parametrize(
    ("penalty", "v", "cost"),
    [
        ("threshold", -2.0, 9.0),
        ("threshold", -1.0, 4.0),
        ("threshold", 0.0, 1.0),
        ("threshold", 1.0, 0.0),
        ("threshold", 2.0, 1.0),
        ("range", -2.0, 1.0),
        ("range", -1.0, 0.0),
        ("range", 0.0, 0.0),
        ("range", 1.0, 0.0),
        ("range", 2.0, 1.0),
    ],
)
def test_the_voltage_penalty_of_one_neuron(penalty, v, cost):
    np.testing.assert_array_equal(voltage_cost(tf.fill((2, 3, 1), v), penalty), cost)


def test_the_voltage_cost_is_a_sum_over_neurons():
    v = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    expected = [[sum((float(u) - 1) ** 2 for u in step) for step in row] for row in v]
    np.testing.assert_allclose(voltage_cost(v), expected, rtol=1e-5)


def test_an_unknown_voltage_penalty_is_refused():
    with pytest.raises(ValueError, match="'soft'.*threshold"):
        voltage_cost(tf.zeros((1, 1, 1)), "soft")


@pytest.mark.parametrize(
    ("error", "quantile", "cost"),
    [
        (0.0, 0.3, 0.0),
        (0.001, 0.3, 0.3 * 0.001**2 / 0.004),  # above the target: weight = quantile
        (-0.001, 0.3, 0.7 * 0.001**2 / 0.004),  # below: weight = 1 - quantile
        (0.002, 0.3, 0.3 * 0.001),  # where the pieces meet
        (0.01, 0.3, 0.3 * 0.009),
        (-0.01, 0.3, 0.7 * 0.009),
        (-0.01, 1.0, 0.0),
    ],
)
def test_the_quantile_loss_by_hand(error, quantile, cost):
    found = huber_quantile(tf.constant([error], tf.float64), quantile)
    assert float(found[0]) == pytest.approx(cost, rel=1e-9, abs=1e-15)


def test_the_rate_loss_equals_a_plain_loop():
    rng = np.random.default_rng(1)
    rates = rng.gamma(1.0, 0.006, 40).astype(np.float32)
    targets = np.sort(rng.gamma(1.0, 0.006, 40)).astype(np.float32)
    expected = 0.0
    for i, (rate, target) in enumerate(zip(sorted(rates), targets, strict=True)):
        error = float(rate) - float(target)
        asymmetry = abs((i + 1) / 40 - (error <= 0))
        if abs(error) <= HUBER_KAPPA:
            expected += asymmetry * error**2 / (2 * HUBER_KAPPA)
        else:
            expected += asymmetry * (abs(error) - HUBER_KAPPA / 2)
    found = float(rate_distribution_loss(tf.constant(rates), targets))
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_rate_loss_asks_the_slowest_neuron_for_the_lowest_rate():
    """Its gradient reaches each neuron, whatever their order."""
    rates = tf.constant([0.03, 0.0, 0.01])
    with tf.GradientTape() as tape:
        tape.watch(rates)
        loss = rate_distribution_loss(rates, np.array([0.0, 0.01, 0.02], np.float32))
    slope = tape.gradient(loss, rates).numpy()
    np.testing.assert_allclose(slope, [1.0, 0.0, 0.0], atol=1e-6)


def random_answers(n_trials, rng):
    labels = rng.integers(0, 3, (n_trials, 4))
    logits = rng.normal(size=(n_trials, 4, 3)).astype(np.float32)
    weights = rng.choice([0.05, 1.0], (n_trials, 4)).astype(np.float32)
    return labels, logits, weights


def test_the_response_loss_equals_a_plain_loop():
    labels, logits, weights = random_answers(5, np.random.default_rng(2))
    trials = []
    for label, logit, weight in zip(labels, logits, weights, strict=True):
        total = 0.0
        for k, z, w in zip(label, logit, weight, strict=True):
            total += w * (math.log(sum(math.exp(value) for value in z)) - z[k])
        trials.append(total / sum(weight))
    found = response_losses(labels, logits, weights)
    np.testing.assert_allclose(found, trials, rtol=1e-5)


def test_the_response_loss_does_not_depend_on_the_scale_of_the_weights():
    labels, logits, weights = random_answers(3, np.random.default_rng(4))
    once = response_losses(labels, logits, weights)
    scaled = response_losses(labels, logits, 7 * weights)
    np.testing.assert_allclose(scaled, once, rtol=1e-6)


def test_trials_without_weight_cost_nothing():
    labels, logits, weights = random_answers(2, np.random.default_rng(5))
    np.testing.assert_array_equal(response_losses(labels, logits, 0 * weights), 0)


def test_the_stiff_regularizer_is_the_squared_distance_from_the_start():
    start = np.array([1.0, -2.0, 3.0], np.float32)
    regularizer = StiffRegularizer(0.5, start)
    assert float(regularizer(start)) == 0
    assert float(regularizer(start + [1, 2, 0])) == 0.5 * 5


def test_a_stiff_regularizer_without_a_start_says_so():
    copy = round_trip(StiffRegularizer(0.5, np.zeros(3)))
    assert copy.strength == 0.5
    with pytest.raises(ValueError, match="no initial weights"):
        copy(np.zeros(3))


def test_the_l2_regularizer_is_half_the_sum_of_squares():
    regularizer = round_trip(L2Regularizer(0.1))
    assert float(regularizer(np.array([3.0, 4.0]))) == pytest.approx(0.1 * 12.5)


def round_trip(regularizer):
    serialized = keras.saving.serialize_keras_object(regularizer)
    return keras.saving.deserialize_keras_object(serialized)


def test_equal_rates_share_the_gradient_of_the_rate_loss():
    rates = tf.constant([0.0, 0.01, 0.0, 0.0, 0.02])
    targets = tf.constant([0.001, 0.002, 0.003, 0.01, 0.02])
    with tf.GradientTape() as tape:
        tape.watch(rates)
        loss = rate_distribution_loss(rates, targets)
    gradient = tape.gradient(loss, rates).numpy()
    # The three silent neurons have errors -0.001, -0.002, -0.003 at quantiles 0.2, 0.4,
    # 0.6; within kappa the slope is |quantile - 1| error / kappa, beyond it is +-.
    slopes = [-0.8 * 0.5, -0.6 * 1.0, -0.4 * 1.0]
    np.testing.assert_allclose(gradient[[0, 2, 3]], np.mean(slopes), rtol=1e-5)
    np.testing.assert_allclose(gradient[[1, 4]], 0, atol=1e-6)
