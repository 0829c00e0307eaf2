"""PoolReadout: logits by hand, and its gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import round_trip
from v1model.models import LinearReadout, PoolReadout

POOLS = np.array([[0, 1], [3, 4]])


def spikes_with(*events):
    """(1, 6, 5) spikes at (step, neuron)."""
    z = np.zeros((1, 6, 5), np.float32)
    for step, neuron in events:
        z[0, step, neuron] = 1
    return z


def test_logits_are_the_scaled_mean_rate_of_pool_and_chunk():
    readout = PoolReadout(POOLS, chunk=3, initial_scale=12.0)
    logits = readout(spikes_with((0, 0), (2, 0), (1, 1), (2, 2), (4, 4)))
    # A chunk of a pool has 2 neurons x 3 steps.
    expected = [[12 * 3 / 6, 0], [0, 12 / 6]]
    np.testing.assert_allclose(logits[0], expected, rtol=1e-6)


def test_a_single_pool_competes_with_a_constant_rate():
    readout = PoolReadout(POOLS[:1], chunk=6, has_threshold=True, initial_scale=100.0)
    silent = readout(spikes_with())[0, 0]
    one_spike = readout(spikes_with((0, 1)))[0, 0]
    np.testing.assert_allclose(silent, [1.0, 0.0], rtol=1e-6)  # 0.01 spikes/ms
    np.testing.assert_allclose(one_spike, [1.0, 100 / 12], rtol=1e-6)


@pytest.mark.parametrize("dampening", [0.1, 0.5])
def test_the_gradient_of_spikes_is_undampened(dampening):
    """It is divided by the factor with which the surrogate multiplies it."""
    readout = PoolReadout(POOLS, 3, dampening, initial_scale=12.0)
    spikes = tf.constant(spikes_with((0, 0)))
    with tf.GradientTape() as tape:
        tape.watch(spikes)
        loss = tf.reduce_sum(readout(spikes)[:, 0, 1])
    slope = tape.gradient(loss, spikes)
    expected = np.zeros((1, 6, 5))
    expected[0, :3, 3:] = 12 / 6 / dampening
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_the_scale_is_trained_in_the_logarithm():
    readout = PoolReadout(POOLS, 3, initial_scale=12.0)
    spikes = spikes_with((0, 0), (1, 1))
    readout(spikes)
    (variable,) = readout.trainable_variables
    assert variable.name == "log_readout_scale"
    assert float(variable.value) == pytest.approx(np.log(12), rel=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(readout(spikes))
    slope = tape.gradient(loss, variable.value)
    assert float(slope) == pytest.approx(float(loss))  # d exp(s) = exp(s)


def test_logits_are_single_precision_under_mixed_precision():
    readout = PoolReadout(POOLS, 3, initial_scale=12.0, dtype="mixed_float16")
    logits = readout(spikes_with((0, 0)).astype(np.float16))
    assert logits.dtype == "float32"
    np.testing.assert_allclose(logits[0], [[2, 0], [0, 0]], rtol=1e-5)


def test_a_readout_copied_from_its_config_has_the_same_config():
    readout = PoolReadout(POOLS, 3, 0.3, False, 7.0)
    copied = round_trip(readout)
    assert copied.get_config() == readout.get_config()
    np.testing.assert_array_equal(copied.pools, POOLS)


@pytest.mark.parametrize("pools", [np.zeros(3, int), np.zeros((2, 0), int)])
def test_pools_of_the_wrong_shape_are_refused(pools):
    with pytest.raises(ValueError, match="shape"):
        PoolReadout(pools, 3)


@pytest.mark.parametrize("options", [{"chunk": 0}, {"chunk": 3, "initial_scale": 0}])
def test_non_positive_chunk_or_scale_is_refused(options):
    with pytest.raises(ValueError, match="must be positive"):
        PoolReadout(POOLS, **options)


def test_steps_that_are_no_multiple_of_the_chunk_are_refused():
    with pytest.raises(ValueError, match="6 steps are no multiple of chunks of 4"):
        PoolReadout(POOLS, 4)(spikes_with())


def test_a_built_readout_still_refuses_them():
    readout = PoolReadout(POOLS, 3)
    readout(spikes_with())
    with pytest.raises(ValueError, match="5 steps are no multiple of chunks of 3"):
        readout(spikes_with()[:, :5])


def test_a_pool_outside_the_column_is_refused():
    with pytest.raises(ValueError, match="neuron 4, the column has 3"):
        PoolReadout(POOLS, 3)(np.zeros((1, 6, 3), np.float32))


NEURONS = np.array([0, 2, 4])
EVENTS = [(0, 0), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2), (5, 1), (5, 4)]


def test_a_linear_readout_is_a_matrix_on_spike_counts():
    spikes = spikes_with(*EVENTS)
    readout = LinearReadout(NEURONS, 4, chunk=3)
    readout(spikes)
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(3, 4)), rng.normal(size=4)
    readout.kernel.assign(kernel)
    readout.bias.assign(bias)
    n_trials, n_steps, _ = spikes.shape
    counts = spikes[..., NEURONS].reshape(n_trials, n_steps // 3, 3, 3).sum(axis=2)
    np.testing.assert_allclose(readout(spikes), counts @ kernel + bias, rtol=1e-5)


def test_the_gradient_of_a_linear_readout_is_undampened():
    spikes = tf.constant(spikes_with(*EVENTS))
    readout = LinearReadout(NEURONS, 2, 3, dampening_factor=0.25)
    with tf.GradientTape() as tape:
        tape.watch(spikes)
        total = tf.reduce_sum(readout(spikes)[..., 1])
    expected = np.zeros(spikes.shape, np.float32)
    expected[..., NEURONS] = readout.kernel.numpy()[:, 1] / 0.25
    np.testing.assert_allclose(tape.gradient(total, spikes), expected, rtol=1e-6)


def test_a_linear_readout_in_mixed_precision_gives_float32():
    readout = LinearReadout(NEURONS, 2, 3, dtype="mixed_float16")
    assert readout(spikes_with(*EVENTS).astype(np.float16)).dtype == tf.float32


def test_a_linear_readout_copied_from_its_config_has_the_same_config():
    readout = LinearReadout(NEURONS, 2, 3, 0.3)
    assert round_trip(readout).get_config() == readout.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 2, 3), r"shape \(M,\), M > 0, got \(0,\)"),
        (([[0]], 2, 3), r"got \(1, 1\)"),
        (([0], 0, 3), "positive, got 3 and 0"),
        (([0], 2, 0), "positive, got 0 and 2"),
    ],
)
def test_a_wrong_linear_readout_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearReadout(*arguments)


def test_a_pool_may_have_a_rival_beside_pools_that_have_none():
    spikes = spikes_with(*EVENTS)
    mixed = PoolReadout(POOLS, 3, has_threshold=[True, False], initial_scale=12.0)
    plain = PoolReadout(POOLS, 3, initial_scale=12.0)(spikes).numpy()
    found = mixed(spikes).numpy()
    assert mixed.n_columns == found.shape[-1] == 3
    np.testing.assert_allclose(found[..., 0], 0.12, rtol=1e-6)
    np.testing.assert_array_equal(found[..., 1:], plain)


@pytest.mark.parametrize("train_scale", [True, False])
def test_the_scale_is_trained_only_if_asked(train_scale):
    readout = PoolReadout(POOLS, 3, train_scale=train_scale)
    readout(spikes_with(*EVENTS))
    assert len(readout.trainable_variables) == train_scale
