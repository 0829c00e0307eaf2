"""What is not valid never matters."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.latent.config import ModelParams
from v1model.latent.likelihoods import LIKELIHOODS
from v1model.latent.missing import filled, hidden, observed
from v1model.latent.model import LatentModel
from v1model.latent.objective import Objective

C, N = 12, 5
MEAN = np.linspace(-1, 1, N).astype(np.float32)


def coder():
    keras.utils.set_random_seed(1)
    return [keras.layers.Dense(4, "tanh"), keras.layers.Dense(N)]


def loss_and_gradients(chunk, starts, likelihood, layers):
    """Row t + 1 predicted from row t, through the encoder."""
    with tf.GradientTape() as tape:
        x = observed(chunk, starts, MEAN)
        raw = layers[1](layers[0](x.activity - MEAN))
        target = observed(chunk, starts + 1, MEAN)
        loss = likelihood.loss(raw, target.activity, target.valid)
    weights = [weight.value for layer in layers for weight in layer.trainable_weights]
    return loss, tape.gradient(loss, weights)


@settings(max_examples=25, deadline=None)
@given(
    mask=st.lists(st.booleans(), min_size=C * N, max_size=C * N),
    garbage=st.sampled_from([np.nan, np.inf, -np.inf, 1e30, 0.0]),
    name=st.sampled_from(sorted(LIKELIHOODS)),
)
def test_invalid_values_reach_neither_loss_nor_gradient(mask, garbage, name):
    valid = np.reshape(mask, (C, N))
    counts = np.random.default_rng(0).poisson(0.5, (C, N)).astype(np.float32)
    starts, layers = tf.constant([0, 3, 7, 10]), coder()
    results = []
    for value in (garbage, 0.5):
        chunk = {
            "activity": tf.constant(np.where(valid, counts, np.float32(value))),
            "valid": tf.constant(valid),
        }
        results.append(loss_and_gradients(chunk, starts, LIKELIHOODS[name], layers))
    (loss, gradients), (other, others) = results
    assert np.isfinite(loss)
    assert loss == other
    for gradient, expected in zip(gradients, others, strict=True):
        assert np.isfinite(gradient).all()
        np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("mode", ["all_time_points", "time_aligned"])
def test_the_objective_of_the_evolver_does_not_see_them_either(likelihood, mode):
    params = ModelParams(
        latent_dims=3,
        likelihood=likelihood,
        training={
            "time_units": 2,
            "evolve_multiple_steps": 2,
            "acquisition_mode": {"mode": mode},
        },
    )
    model = LatentModel(N, 2, params)
    model.set_normalization(MEAN, 1 + MEAN**2)
    model.evolver.trainable_weights[-1].assign_add(
        tf.ones_like(model.evolver.trainable_weights[-1])
    )
    objective = Objective(model, params)
    rng = np.random.default_rng(2)
    valid = rng.random((C, N)) < 0.6
    counts = rng.poisson(0.5, (C, N)).astype(np.float32)
    results = []
    for garbage in (np.nan, 1e30, 0.0):
        chunk = {
            "activity": tf.constant(np.where(valid, counts, np.float32(garbage))),
            "stimulus": tf.constant(np.ones((C, 2), np.float32)),
            "valid": tf.constant(valid),
            "origin": tf.constant(0),
        }
        with tf.GradientTape() as tape:
            losses = objective.joint(chunk, tf.constant([0, 2, 6]), 2, [1, 2])
            total = sum(losses.values())
        results.append((total, tape.gradient(total, model.trainable_weights)))
    for total, gradients in results:
        np.testing.assert_allclose(total, results[0][0])
        for one, other in zip(gradients, results[0][1], strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_where_all_is_valid_the_mask_changes_nothing():
    counts = np.random.default_rng(0).poisson(0.5, (C, N)).astype(np.float32)
    starts, layers = tf.constant([0, 3, 7]), coder()
    chunk = {"activity": tf.constant(counts)}
    masked = chunk | {"valid": tf.ones((C, N), bool)}
    likelihood = LIKELIHOODS["poisson"]
    plain, with_mask = (
        loss_and_gradients(one, starts, likelihood, layers) for one in (chunk, masked)
    )
    np.testing.assert_allclose(plain[0], with_mask[0], rtol=1e-6)
    for one, other in zip(plain[1], with_mask[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_missing_value_is_the_mean_to_the_encoder():
    activity = np.full((2, 3, N), np.nan, np.float32)
    activity[0] = 7
    valid = np.isfinite(activity)
    found = filled(activity, valid, MEAN)
    np.testing.assert_array_equal(found[0], activity[0])
    np.testing.assert_array_equal(found[1], np.broadcast_to(MEAN, (3, N)))
    np.testing.assert_array_equal(filled(activity[0], None, MEAN), activity[0])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_neurons_is_hidden_as_the_seed_says(share):
    activity = tf.fill((400, N), 9.0)
    found, same = (hidden(activity, MEAN, share, [4, 2]).numpy() for _ in range(2))
    np.testing.assert_array_equal(found, same)
    is_hidden = found != 9
    assert abs(is_hidden.mean() - share) < 0.04
    np.testing.assert_array_equal(found, np.where(is_hidden, MEAN, 9))
    if 0 < share < 1:
        assert (hidden(activity, MEAN, share, [4, 3]).numpy() != found).any()
