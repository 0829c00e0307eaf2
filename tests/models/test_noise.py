"""Noise: its statistics, and that it is a function of the trial's seed only."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.models.columns import network_of, round_trip
from v1model.models import DecodedNoise, PoissonBackground

SEEDS = np.array([[1, 2], [3, 4], [5, 6]], np.int32)
POOL = np.arange(-3.0, 5.0)


def decoded(**options):
    return DecodedNoise(POOL, n_targets=240, **options)


def layers():
    network = network_of()
    each = PoissonBackground(network, shared=False)
    return PoissonBackground(network), each, decoded()


NAMES = ("shared", "each", "decoded")


@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_noise_is_a_function_of_the_seed_of_the_trial(layer):
    together = np.asarray(layer(SEEDS, n_steps=7))
    assert together.shape == (3, 7, 240)
    reversed_order = np.asarray(layer(SEEDS[::-1], n_steps=7))
    np.testing.assert_array_equal(reversed_order[::-1], together)
    for b in range(3):
        alone = layer(SEEDS[b : b + 1], n_steps=7)
        np.testing.assert_array_equal(alone[0], together[b])
    assert not np.array_equal(together[0], together[1])


@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_noise_is_the_same_in_a_graph(layer):
    eager = layer(SEEDS, n_steps=7)
    graph = tf.function(lambda seeds: layer(seeds, n_steps=7))(SEEDS)
    np.testing.assert_array_equal(graph, eager)


@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_noise_in_segments_is_the_noise_of_one_call(layer):
    """Segments of any number of blocks, known beforehand or only in the graph."""
    whole = np.asarray(layer(SEEDS, n_steps=230))
    in_graph = tf.function(lambda first: layer(SEEDS, n_steps=100, first_step=first))
    parts = [
        layer(SEEDS, n_steps=50),
        in_graph(tf.constant(50)),
        layer(SEEDS, n_steps=80, first_step=150),
    ]
    np.testing.assert_array_equal(np.concatenate(parts, 1), whole)
    assert not np.array_equal(whole[:, :50], whole[:, 50:100])


@pytest.mark.parametrize("first_step", [-50, 20])
@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_noise_that_begins_within_a_block_is_refused(layer, first_step):
    with pytest.raises(ValueError, match=f"multiple of 50, got {first_step}"):
        layer(SEEDS, n_steps=7, first_step=first_step)


@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_an_empty_batch_gets_empty_noise(layer):
    assert layer(SEEDS[:0], n_steps=7).shape == (0, 7, 240)


@pytest.mark.parametrize("rate_hz", [250.0, 1000.0])
def test_background_counts_are_poisson(rate_hz):
    """Mean, variance and the histogram of 20,000 steps, within 5 standard errors."""
    network = network_of()
    layer = PoissonBackground(network, rate_hz=rate_hz)
    currents = np.asarray(layer(SEEDS[:1], n_steps=20_000))[0]
    target = int(np.argmax(layer.arrays["weights"]))
    counts = currents[:, target] / layer.arrays["weights"][target]
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    mean, n = rate_hz / 1000, len(counts)
    assert abs(counts.mean() - mean) < 5 * np.sqrt(mean / n)
    spread = np.sqrt((mean + 2 * mean**2) / n)  # of the variance of Poisson counts
    assert abs(counts.var() - mean) < 5 * spread
    silent = np.exp(-mean)
    assert abs(np.mean(counts < 0.5) - silent) < 5 * np.sqrt(silent / n)
    # Successive steps are independent.
    assert abs(np.corrcoef(counts[1:], counts[:-1])[0, 1]) < 5 / np.sqrt(n)


def test_one_source_reaches_every_neuron_with_its_own_scaled_weight():
    network = network_of()
    layer = PoissonBackground(network)
    currents = np.asarray(layer(SEEDS[:1], n_steps=50))[0]
    weights = np.zeros((60, 4))
    synapses, types = network.background.synapses, network.types
    for k in range(len(synapses)):
        scale = (types.V_th - types.E_L)[network.type_index[synapses.post[k]]]
        weights[synapses.post[k], synapses.receptor[k]] = synapses.weight[k] / scale
    counts = np.round(currents.sum(1) / weights.sum())
    assert counts.max() > 1
    expected = counts[:, None] * weights.ravel()
    np.testing.assert_allclose(currents, expected, rtol=1e-5, atol=1e-6)


def test_separate_sources_are_independent_poisson_processes():
    network = network_of()
    layer = PoissonBackground(network, shared=False)
    currents = np.asarray(layer(SEEDS[:1], n_steps=2000))[0].reshape(-1, 60, 4)
    weights = layer.arrays["weights"].reshape(60, 4).sum(1)
    counts = currents.sum(2) / weights
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    assert abs(counts.mean() - 1) < 5 / np.sqrt(counts.size)
    assert counts.var() == pytest.approx(1, rel=0.03)
    correlation = np.corrcoef(counts.T)[np.triu_indices(60, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(2000)
    assert abs(correlation.mean()) < 5 / np.sqrt(2000 * len(correlation))


def test_background_weights_have_the_published_name_and_are_not_trained():
    layer = PoissonBackground(network_of())
    (variable,) = layer.weights
    assert variable.name == "rest_of_brain_weights"
    assert not layer.trainable_weights


@pytest.mark.parametrize("rate_hz", [100.0, 1000.0, 30_000.0])
def test_no_count_is_cut_off_at_any_rate(rate_hz):
    layer = PoissonBackground(network_of(), rate_hz=rate_hz)
    most = len(layer.tables.thresholds)
    assert stats.poisson.sf(most, rate_hz / 1000) < 2.0**-32
    sums = np.asarray(layer(SEEDS[:1], n_steps=5000))[0].sum(1)
    counts = sums / layer.arrays["weights"].sum()
    assert counts.mean() == pytest.approx(rate_hz / 1000, rel=0.1)


def test_decoded_noise_has_a_part_per_step_and_a_part_per_trial():
    both = np.asarray(decoded(scale=(2.0, 0.5))(SEEDS, n_steps=400))
    quick = np.asarray(decoded(scale=(2.0, 0.0))(SEEDS, n_steps=400))
    slow = np.asarray(decoded(scale=(0.0, 0.5))(SEEDS, n_steps=400))
    np.testing.assert_allclose(quick + slow, both, atol=1e-5)
    assert (slow == slow[:, :1]).all()
    assert set(np.unique(slow)) == set(0.5 * POOL)
    assert set(np.unique(quick)) == set(2.0 * POOL)
    n = quick.size
    assert abs(quick.mean() - 2 * POOL.mean()) < 5 * 2 * POOL.std() / np.sqrt(n)
    assert quick.var() == pytest.approx(4 * POOL.var(), rel=0.02)


@pytest.mark.parametrize("layer", layers(), ids=NAMES)
def test_a_noise_layer_copied_from_its_config_has_the_same_config(layer):
    assert round_trip(layer).get_config() == layer.get_config()


@pytest.mark.parametrize("pool", [np.zeros((2, 2)), np.zeros(0), [1.0, np.nan]])
def test_a_bad_pool_is_refused(pool):
    with pytest.raises(ValueError, match="1-D array of finite numbers"):
        DecodedNoise(pool, n_targets=4)


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="rate_hz must be positive, got 0"):
        PoissonBackground(network_of(), rate_hz=0)
