"""The graph of units, and attention over it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.decoders.graph import correlation_graph
from v1model.decoders.graph_attention import GraphAttention

N, F, WIDTH, HEADS, K = 7, 3, 8, 2, 3


def made_layer(is_learned=False, seed=0):
    keras.utils.set_random_seed(seed)
    layer = GraphAttention(WIDTH, HEADS, K, is_learned)
    layer.build((None, N, F))
    layer.set_graph(*drawn_graph(seed))
    return layer


def drawn_graph(seed):
    rng = np.random.default_rng(seed)
    neighbours = [
        rng.choice(np.delete(np.arange(N), i), K, replace=False) for i in range(N)
    ]
    return np.array(neighbours), rng.uniform(0.1, 1, (N, K))


def batch(seed=1, size=5):
    return np.random.default_rng(seed).standard_normal((size, N, F)).astype(np.float32)


def brute_force(layer, inputs):
    """The formula of the docstring, one unit, head and neighbour at a time."""
    w, q = (np.asarray(v, np.float64) for v in (layer.message, layer.question))
    a = np.asarray(layer.attention, np.float64)
    neighbours, bias = np.asarray(layer.neighbours), np.asarray(layer.edge_bias)
    out = np.zeros((len(inputs), N, WIDTH))
    size = WIDTH // HEADS
    for sample, i, head in np.ndindex(len(inputs), N, HEADS):
        part = slice(head * size, (head + 1) * size)
        heard = [i, *neighbours[i]]
        of_edges = [0.0, *bias[i]]
        z = [(inputs[sample, j] @ w)[part] for j in heard]
        x = (inputs[sample, i] @ q)[part]
        pairs = [np.where(x + v > 0, x + v, 0.2 * (x + v)) for v in z]
        score = [a[head] @ p + b for p, b in zip(pairs, of_edges, strict=True)]
        share = np.exp(score) / np.exp(score).sum()
        out[sample, i, part] = sum(s * v for s, v in zip(share, z, strict=True))
    return out + np.asarray(layer.bias)


def test_attention_is_its_formula():
    layer, inputs = made_layer(), batch()
    np.testing.assert_allclose(layer(inputs), brute_force(layer, inputs), atol=1e-5)


def test_permuting_the_batch_permutes_the_outputs():
    layer, inputs = made_layer(), batch()
    order = np.array([3, 0, 4, 1, 2])
    np.testing.assert_allclose(
        layer(inputs[order]), np.asarray(layer(inputs))[order], atol=1e-6
    )


def test_a_sample_is_read_alone_as_in_a_batch():
    layer, inputs = made_layer(), batch()
    together = np.asarray(layer(inputs))
    for sample in range(len(inputs)):
        alone = layer(inputs[sample : sample + 1])
        np.testing.assert_allclose(alone[0], together[sample], atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_renaming_the_units_renames_the_outputs(seed):
    layer, inputs = made_layer(), batch()
    new = np.random.default_rng(seed).permutation(N)  # new[i] is now called i
    name = np.argsort(new)
    neighbours, strength = drawn_graph(0)
    before = np.asarray(layer(inputs))
    layer.set_graph(name[neighbours[new]], strength[new])
    np.testing.assert_allclose(layer(inputs[:, new]), before[:, new], atol=1e-5)


def test_every_sample_teaches_the_learned_graph():
    layer, inputs = made_layer(is_learned=True), batch()
    for sample in range(len(inputs)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(inputs)[sample]))
        gradient = tape.gradient(loss, layer.edge_bias.value)
        assert np.abs(gradient).max() > 1e-4


def test_a_given_graph_is_not_trained():
    layer = made_layer(is_learned=False)
    names = {weight.name for weight in layer.trainable_weights}
    assert "edge_bias" not in names
    assert "edge_bias" in {w.name for w in made_layer(True).trainable_weights}


def test_only_neighbours_are_heard():
    layer, inputs = made_layer(), batch()
    neighbours = np.asarray(layer.neighbours)
    before = np.asarray(layer(inputs))
    for unit in range(N):
        changed = inputs.copy()
        changed[:, unit] += 1
        is_other = np.abs(np.asarray(layer(changed)) - before).max(axis=(0, 2)) > 1e-6
        hears = (neighbours == unit).any(axis=1) | (np.arange(N) == unit)
        assert not (is_other & ~hears).any()
        assert is_other[hears].all()


def test_the_layer_survives_being_saved(tmp_path):
    inputs = keras.Input((N, F))
    layer = GraphAttention(WIDTH, HEADS, K, True)
    model = keras.Model(inputs, layer(inputs))
    layer.set_graph(*drawn_graph(3))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.layers[1].neighbours, layer.neighbours)
    np.testing.assert_allclose(again(batch()), model(batch()), atol=1e-6)


def test_wrong_graphs_are_refused():
    layer = made_layer()
    neighbours, strength = drawn_graph(0)
    with pytest.raises(ValueError, match="must have shape"):
        layer.set_graph(neighbours[:, :2], strength[:, :2])
    with pytest.raises(ValueError, match=r"0\.\.6"):
        layer.set_graph(neighbours + 1, strength)
    with pytest.raises(ValueError, match="n_heads must divide"):
        GraphAttention(8, 3, 2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), n_units=st.integers(2, 300), share=st.floats(0.01, 1))
def test_neighbours_are_the_most_correlated_units(seed, n_units, share):
    values = np.random.default_rng(seed).standard_normal((20, n_units))
    k = max(1, int(share * (n_units - 1)))
    neighbours, strength = correlation_graph(values, k)
    expected = np.abs(np.corrcoef(values.T))
    np.fill_diagonal(expected, -1)
    best = -np.sort(-expected, axis=1)[:, :k]
    np.testing.assert_allclose(strength, best, atol=1e-6)
    found = np.take_along_axis(expected, neighbours.astype(int), axis=1)
    np.testing.assert_allclose(found, best, atol=1e-6)
    assert all(len(set(row)) == k for row in neighbours)


def test_a_unit_that_never_changes_is_correlated_with_none():
    values = np.random.default_rng(0).standard_normal((20, 5))
    values[:, 2] = 7
    neighbours, strength = correlation_graph(values, 4)
    assert not strength[2].any()
    assert not strength[neighbours == 2].any()


def test_more_neighbours_than_units_are_refused():
    with pytest.raises(ValueError, match=r"1\.\.4 for 5 units, got 5"):
        correlation_graph(np.zeros((3, 5)), 5)
