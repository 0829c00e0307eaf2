"""Likelihoods against SciPy in float64, and with what must not count."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.latent.config import LOSSES, ModelParams
from v1model.latent.likelihoods import (
    LIKELIHOODS,
    Gaussian,
    deviance_explained,
    likelihood_of,
)

RNG = np.random.default_rng(3)
RAW = RNG.normal(scale=3, size=(7, 5)).astype(np.float32)
COUNTS = RNG.poisson(0.6, size=(7, 5)).astype(np.float32)
SPIKES = np.minimum(COUNTS, 1)
VALUES = RNG.normal(size=(7, 5)).astype(np.float32)
TARGETS = {"gaussian": VALUES, "poisson": COUNTS, "bernoulli": COUNTS}
FAR = np.float32([-1e30, -1e4, -100, -20, -15, 0, 20, 100, 1e4, 1e30])


def softplus(raw):
    return np.logaddexp(0, raw.astype(np.float64))


def reference(name, raw, target):
    """Cost of every entry in float64."""
    raw, target = raw.astype(np.float64), target.astype(np.float64)
    if name == "gaussian":
        return (raw - target) ** 2
    if name == "poisson":
        return -scipy.stats.poisson.logpmf(target, softplus(raw))
    spike = np.minimum(target, 1)
    return -scipy.stats.bernoulli.logpmf(spike, scipy.special.expit(raw))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_loss_is_the_mean_negative_log_likelihood_of_scipy(name):
    loss = LIKELIHOODS[name].loss(tf.constant(RAW), tf.constant(TARGETS[name]))
    expected = reference(name, RAW, TARGETS[name]).mean()
    np.testing.assert_allclose(loss, expected, rtol=2e-6)


@pytest.mark.parametrize("name", LIKELIHOODS)
@settings(max_examples=20, deadline=None)
@given(mask=st.lists(st.booleans(), min_size=35, max_size=35))
def test_what_is_not_valid_changes_neither_loss_nor_gradient(name, mask):
    valid = np.reshape(mask, (7, 5))
    target = np.where(valid, TARGETS[name], np.nan).astype(np.float32)
    raw = tf.constant(RAW)
    with tf.GradientTape() as tape:
        tape.watch(raw)
        loss = LIKELIHOODS[name].loss(raw, tf.constant(target), tf.constant(valid))
    gradient = tape.gradient(loss, raw).numpy()
    costs = reference(name, RAW, TARGETS[name])[valid]
    expected = costs.mean() if valid.any() else 0
    np.testing.assert_allclose(loss, expected, rtol=2e-6)
    assert (gradient[~valid] == 0).all()
    assert np.isfinite(gradient).all()


def test_the_losses_of_a_gaussian_are_those_of_their_names():
    error = np.float64([-3, -1, -0.4, 0, 0.2, 1, 2.5])
    huber = scipy.special.huber(1, error)
    expected = {
        "mse_loss": np.mean(error**2),
        "l1_loss": np.mean(np.abs(error)),
        "huber_loss": huber.mean(),
        "smooth_l1_loss": huber.mean(),
    }
    raw, target = tf.zeros(7), tf.constant(error, tf.float32)
    for name in LOSSES:
        found = Gaussian(name).loss(raw, target)
        np.testing.assert_allclose(found, expected[name], rtol=1e-6)
    with pytest.raises(ValueError, match="mse_loss.*got 'Module'"):
        Gaussian("Module")


def test_mean_activity_is_what_the_link_says_and_back():
    np.testing.assert_array_equal(LIKELIHOODS["gaussian"].mean(RAW), RAW)
    poisson = LIKELIHOODS["poisson"].mean(tf.constant(RAW))
    np.testing.assert_allclose(poisson, softplus(RAW), rtol=1e-5)
    bernoulli = LIKELIHOODS["bernoulli"].mean(tf.constant(RAW))
    np.testing.assert_allclose(
        bernoulli, scipy.special.expit(RAW.astype(np.float64)), rtol=1e-5
    )
    for likelihood in LIKELIHOODS.values():
        means = likelihood.mean(tf.constant(RAW))
        there_and_back = likelihood.mean(likelihood.raw_of(means))
        np.testing.assert_allclose(there_and_back, means, rtol=1e-4)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_extreme_outputs_have_finite_means_and_gradients(name):
    raw = tf.constant(FAR)
    target = tf.constant(np.resize(SPIKES[0], FAR.shape))
    with tf.GradientTape() as tape:
        tape.watch(raw)
        loss = LIKELIHOODS[name].loss(raw / 1e15 if name == "gaussian" else raw, target)
    assert np.isfinite(LIKELIHOODS[name].mean(raw)).all()
    assert np.isfinite(loss)
    assert np.isfinite(tape.gradient(loss, raw)).all()


def test_a_spike_that_was_thought_impossible_still_pulls_the_output_up():
    for name in ("poisson", "bernoulli"):
        raw = tf.constant([-200.0])
        with tf.GradientTape() as tape:
            tape.watch(raw)
            loss = LIKELIHOODS[name].loss(raw, tf.constant([1.0]))
        np.testing.assert_allclose(loss, 200, rtol=1e-6)
        np.testing.assert_allclose(tape.gradient(loss, raw), [-1], rtol=1e-6)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_samples_follow_the_mean_and_the_seed(name):
    likelihood = LIKELIHOODS[name]
    raw = tf.tile(tf.constant([[-1.0, 0.3, 1.5]]), (20_000, 1))
    one, same, other = (likelihood.sample(raw, [seed, 5]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one.numpy() != other.numpy()).any()
    means = likelihood.mean(raw)[0]
    np.testing.assert_allclose(one.numpy().mean(axis=0), means, atol=0.03)
    if name != "gaussian":
        assert (one.numpy() == np.round(one)).all()


def test_a_second_spike_in_a_step_is_nothing_new_to_bernoulli():
    likelihood = LIKELIHOODS["bernoulli"]
    losses = [likelihood.loss(RAW, tf.constant(target)) for target in (COUNTS, SPIKES)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_half_the_deviance_is_the_likelihood_lost_against_a_perfect_prediction(name):
    likelihood, target = LIKELIHOODS[name], TARGETS[name]
    mean = likelihood.mean(tf.constant(RAW)).numpy()
    lost = reference(name, RAW, target)
    if name == "poisson":
        lost += scipy.stats.poisson.logpmf(target, target.astype(np.float64))
    scale = 1 if name == "gaussian" else 2
    deviance = likelihood.deviance(
        mean, np.minimum(target, 1) if scale == 2 and name == "bernoulli" else target
    )
    np.testing.assert_allclose(deviance, scale * lost, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_mean_explains_nothing_and_the_truth_everything(name):
    likelihood, target = LIKELIHOODS[name], TARGETS[name]
    if name == "bernoulli":
        target = SPIKES
    mean = np.broadcast_to(target.mean(axis=0, dtype=np.float64), target.shape)
    explained = deviance_explained(likelihood, mean, target)
    np.testing.assert_allclose(explained, 0, atol=1e-12)
    np.testing.assert_allclose(deviance_explained(likelihood, target, target), 1)


def test_of_a_gaussian_explained_deviance_is_r2():
    predicted = VALUES + 0.3 * RAW
    explained = deviance_explained(Gaussian(), predicted, VALUES)
    expected = 1 - ((predicted - VALUES) ** 2).sum(0) / (
        ((VALUES - VALUES.mean(0)) ** 2).sum(0)
    )
    np.testing.assert_allclose(explained, expected, rtol=1e-5)


def test_explained_deviance_is_of_valid_entries_only():
    valid = np.ones(COUNTS.shape, bool)
    valid[:2] = False
    target = np.where(valid, COUNTS, np.nan)
    mean = softplus(RAW)
    found = deviance_explained(LIKELIHOODS["poisson"], mean, target, valid)
    rest = deviance_explained(LIKELIHOODS["poisson"], mean[2:], COUNTS[2:])
    np.testing.assert_allclose(found, rest)


def test_of_a_neuron_that_does_not_vary_nothing_can_be_explained():
    constant = np.full((1000, 1), 0.1)
    assert np.isnan(deviance_explained(Gaussian(), constant + 1, constant)).all()
    silent = np.zeros((9, 1))
    mean = np.full((9, 1), 0.5)
    assert np.isnan(deviance_explained(LIKELIHOODS["poisson"], mean, silent)).all()


def test_a_configuration_names_its_likelihood():
    params = ModelParams(training={"loss_function": "l1_loss"})
    loss = likelihood_of(params).loss(tf.zeros(2), tf.constant([3.0, -1.0]))
    np.testing.assert_allclose(loss, 2)
    assert likelihood_of(ModelParams(likelihood="poisson")) is LIKELIHOODS["poisson"]
