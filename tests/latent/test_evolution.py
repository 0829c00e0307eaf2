"""Rollouts of the evolver, and their hand-written adjoint, against plain steps."""

import numpy as np
import pytest
import tensorflow as tf

from v1model.latent.evolver import Evolver
from v1model.latent.gain import limited_gain, spectral_norm
from v1model.latent.network_params import EvolverParams

N_LATENT, N_ENCODED, BATCH, STEPS = 6, 3, 4, 9


def evolver(n_encoded=N_ENCODED, **options):
    params = EvolverParams(**{"num_hidden_units": 5, "zero_init": False} | options)
    layer = Evolver(N_LATENT, params.model_dump(), seed=3)
    layer.build(N_LATENT + n_encoded)
    return layer


def draws(n_encoded=N_ENCODED):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(BATCH, N_LATENT)).astype("f4")
    encoded = rng.normal(size=(STEPS, BATCH, n_encoded)).astype("f4")
    noise = 0.1 * rng.normal(size=(STEPS, BATCH, N_LATENT)).astype("f4")
    return tf.constant(z), tf.constant(encoded), tf.constant(noise)


def step_by_step(layer, z, encoded, noise=None):
    """The definition, one call of the network per step, for automatic gradients."""
    states = []
    for t in range(STEPS):
        z = z + layer.increment(tf.concat([z, encoded[t]], -1))
        z = z if noise is None else z + noise[t]
        states.append(z)
    return tf.stack(states)


OPTIONS = (
    {},
    {"num_hidden_layers": 2},
    {"num_hidden_layers": 3, "activation": "GELU"},
    {"use_input_skips": False},
    {"use_input_skips": False, "num_hidden_layers": 2, "activation": "ReLU"},
    {"kind": "linear"},
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("is_noisy", [False, True])
def test_states_and_gradients_are_those_of_plain_steps(options, is_noisy):
    layer = evolver(**options)
    z, encoded, noise = draws()
    noise = noise if is_noisy else None
    weights = layer.trainable_variables
    probe = tf.constant(np.random.default_rng(1).normal(size=(STEPS, BATCH, N_LATENT)))
    results = []
    for rollout in (layer, lambda *a, noise: step_by_step(layer, *a, noise)):
        with tf.GradientTape() as tape:
            tape.watch([z, encoded])
            states = rollout(z, encoded, noise=noise)
            value = tf.reduce_sum(states * tf.cast(probe, tf.float32))
        gradients = tape.gradient(value, [z, encoded, *weights])
        results.append([states, *gradients])
    for own, expected in zip(*results, strict=True):
        np.testing.assert_allclose(own, expected, rtol=2e-4, atol=2e-4)


def test_the_adjoint_is_right_inside_a_compiled_function_of_any_length():
    layer = evolver()
    z, encoded, _ = draws()

    @tf.function(reduce_retracing=True)
    def gradient(encoded):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(layer(z, encoded)[-1] ** 2)
        return tape.gradient(value, layer.trainable_variables[0])

    whole = gradient(encoded)
    gradient(encoded[:4])
    assert gradient.experimental_get_tracing_count() <= 2
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(step_by_step(layer, z, encoded)[-1] ** 2)
    expected = tape.gradient(value, layer.trainable_variables[0])
    np.testing.assert_allclose(whole, expected, rtol=1e-4, atol=1e-4)


def test_a_zero_initialised_evolver_is_the_identity_and_can_learn():
    layer = evolver(zero_init=True)
    z, encoded, _ = draws()
    with tf.GradientTape() as tape:
        states = layer(z, encoded)
        value = tf.reduce_sum(states**2)
    assert np.array_equal(states, np.broadcast_to(z, states.shape))
    gradients = tape.gradient(value, layer.trainable_variables)
    assert max(np.abs(g).max() for g in gradients) > 0


def test_two_rollouts_are_one():
    layer = evolver()
    z, encoded, _ = draws()
    whole = layer(z, encoded)
    first = layer(z, encoded[:4])
    rest = layer(first[-1], encoded[4:])
    np.testing.assert_allclose(tf.concat([first, rest], 0), whole, atol=1e-5)


def test_an_evolver_needs_no_stimulus():
    layer = evolver(n_encoded=0)
    z, encoded, _ = draws(0)
    np.testing.assert_allclose(
        layer(z, encoded), step_by_step(layer, z, encoded), atol=1e-5
    )


def test_the_spectral_norm_is_the_largest_singular_value():
    matrix = np.random.default_rng(0).normal(size=(30, 30)).astype("f4")
    expected = np.linalg.svd(matrix, compute_uv=False)[0]
    assert float(spectral_norm(tf.constant(matrix))) == pytest.approx(expected, 1e-2)


def test_a_bounded_gain_bounds_rollouts_that_explode_without_it():
    z, encoded, _ = draws()
    encoded = tf.tile(encoded, (200, 1, 1))
    free, bounded = evolver(), evolver(max_lipschitz=0.9)
    for layer in (free, bounded):
        kernel = layer.increment.output_layer.kernel
        kernel.assign(4 * kernel)
    assert not np.isfinite(np.abs(free(z, encoded)[-1]).max())
    hidden = np.abs(bounded.increment.folded().hidden[0]).sum(0).max()
    drive = np.abs(encoded).max() * 100 + hidden  # generous: what a step can add
    assert np.abs(bounded(z, encoded)).max() < drive / (1 - 0.9)


def test_a_gain_below_the_bound_is_left_alone():
    kernel = tf.constant(np.full((3, 5), -0.1, "f4"))
    np.testing.assert_allclose(limited_gain(kernel, 5.0), kernel, atol=1e-6)
