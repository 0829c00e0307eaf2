"""The projection of inputs onto receptors against a dense product."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from tests.engine.circuits import synapses
from tests.networks import small_network
from v1model.engine.portable_projection import portable_projection
from v1model.engine.projection import (
    compiled_projection,
    projection_table,
    stepwise_projection,
)

PROJECTIONS = (stepwise_projection, compiled_projection, portable_projection)


def dense(table, weights, n_targets, n_inputs):
    matrix = np.zeros((n_targets, n_inputs))
    row = np.repeat(table.target, np.diff(table.start))
    np.add.at(matrix, (row, table.pre), weights)
    return matrix


def value_and_gradients(project, x, weights, table, n_targets, upstream):
    x, weights = tf.constant(x), tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch([x, weights])
        y = project(x, weights, table, n_targets)
        loss = tf.reduce_sum(y * upstream)
    return [y.numpy(), *(g.numpy() for g in tape.gradient(loss, [x, weights]))]


def check(x, population, n_targets, rng):
    """All projections against the dense product, and bit for bit each other."""
    table = projection_table(population.synapses, 4)
    weights = population.synapses.weight
    upstream = rng.normal(size=(*x.shape[:2], n_targets)).astype(np.float32)
    matrix = dense(table, weights, n_targets, x.shape[-1])
    row = np.repeat(table.target, np.diff(table.start))
    outer = np.einsum("btn,bti->ni", upstream, x, dtype=np.float64)
    expected = (x @ matrix.T, upstream @ matrix, outer[row, table.pre])
    results = [
        value_and_gradients(p, x, weights, table, n_targets, upstream)
        for p in PROJECTIONS
    ]
    for result in results:
        for found, value in zip(result, expected, strict=True):
            size = np.linalg.norm(value)
            assert found.shape == value.shape
            assert np.linalg.norm(found - value) <= 1e-5 * size + 1e-7
    np.testing.assert_array_equal(results[1][0], results[0][0])
    np.testing.assert_array_equal(results[2][0], results[0][0])


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    n_trials=st.integers(1, 3),
    n_steps=st.integers(1, 70),
    n_inputs=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_projections_equal_the_dense_product(n_trials, n_steps, n_inputs, seed):
    rng = np.random.default_rng(seed)
    population = small_network(20, seed=seed % 100, n_inputs=n_inputs).lgn
    x = rng.normal(size=(n_trials, n_steps, n_inputs)).astype(np.float32)
    check(x, population, 80, rng)


@pytest.mark.parametrize("n_steps", [31, 32, 33, 255, 256, 257, 300])
def test_lengths_at_the_borders_of_tiles_and_chunks_are_exact(n_steps):
    rng = np.random.default_rng(n_steps)
    x = rng.normal(size=(1, n_steps, 20)).astype(np.float32)
    check(x, small_network(20).lgn, 80, rng)


@pytest.mark.parametrize("project", PROJECTIONS)
def test_neurons_without_input_receive_nothing(project):
    table = projection_table(synapses([(1, 0, 2, 5.0, 1.0)]), 4)
    y = project(tf.ones((1, 3, 1)), tf.constant([5.0]), table, 12)
    np.testing.assert_array_equal(np.flatnonzero(y[0, 0]), [6])
    np.testing.assert_array_equal(y[0, :, 6], [5, 5, 5])


@pytest.mark.parametrize("project", PROJECTIONS)
def test_a_network_without_input_synapses_receives_nothing(project):
    table = projection_table(synapses(), 4)
    y = project(tf.ones((2, 3, 1)), tf.zeros((0,)), table, 12)
    assert y.shape == (2, 3, 12)
    assert not np.any(y)


def test_unsorted_input_synapses_are_refused():
    rows = synapses([(0, 1, 0, 1.0, 1.0), (1, 0, 0, 1.0, 1.0)])
    with pytest.raises(ValueError, match="canonical order"):
        projection_table(rows.take([1, 0]), 4)
