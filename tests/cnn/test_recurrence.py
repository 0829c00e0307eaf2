"""A memory per pixel follows its equations, keeps what it has and looks at the past."""

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from v1model.cnn.layer_params import NoLayer
from v1model.cnn.recurrence import make_recurrence
from v1model.cnn.recurrence_params import RecurrentParams

KINDS = ("convgru", "convlstm")
RNG = np.random.default_rng(2)
X = RNG.standard_normal((2, 6, 4, 5, 3)).astype(np.float32)


def made(kind, shape=X.shape, **options):
    """A layer whose weights are all random."""
    params = RecurrentParams(type=kind, hidden=4, memory_bins=1).model_copy(
        update=options
    )
    layer = make_recurrence(params)
    layer.build(shape)
    for weight in layer.weights:
        weight.assign(weight + 0.3 * RNG.standard_normal(weight.shape))
    return layer


def convolved(x, kernel):
    """Of one frame (H, W, C), zeros outside."""
    return np.stack(
        [
            sum(
                scipy.signal.correlate2d(x[..., c], kernel[..., c, f], "same")
                for c in range(x.shape[-1])
            )
            for f in range(kernel.shape[-1])
        ],
        -1,
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normed(gate, gain):
    """Over the channels of one gate."""
    centred = gate - gate.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def by_definition(layer, x):
    """One segment (T, H, W, C), bin by bin in float64: h of each."""
    n, is_gru = layer.params.hidden, layer.params.type == "convgru"
    w = {v.name: np.float64(v.numpy()) for v in layer.weights}

    def gate(frame, i, h, kernel):
        own = slice(i * n, (i + 1) * n)
        whole = convolved(frame, w["input_kernel"][..., own]) + convolved(h, kernel)
        if "gain" in w:
            whole = normed(whole, w["gain"][own])
        return whole + w["bias"][own]

    start = w.get("first_state", np.zeros((2, n)))
    h, c = (np.broadcast_to(s, (*x.shape[1:3], n)) for s in (start[0], start[-1]))
    kernels = np.split(w["gate_kernel"], w["gate_kernel"].shape[-1] // n, -1)
    states = []
    for frame in np.float64(x):
        if is_gru:
            z, r = (sigmoid(gate(frame, i, h, kernels[i])) for i in range(2))
            h = (1 - z) * h + z * np.tanh(gate(frame, 2, r * h, w["candidate_kernel"]))
        else:
            i, f, o, g = (gate(frame, k, h, kernels[k]) for k in range(4))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("use_layer_norm", [False, True])
@pytest.mark.parametrize("learnable_h0", [False, True])
def test_states_are_those_of_the_equations(kind, use_layer_norm, learnable_h0):
    layer = made(kind, use_layer_norm=use_layer_norm, learnable_h0=learnable_h0)
    expected = [by_definition(layer, x)[layer.memory_bins :] for x in X]
    np.testing.assert_allclose(layer(X), expected, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_memory_keeps_more_than_it_forgets(kind):
    """The published update gate begins at sigmoid(1) = 0.73 of overwriting."""
    params = RecurrentParams(type=kind, hidden=2, memory_bins=1)
    layer = make_recurrence(params)
    layer.build((None, None, 4, 4, 1))
    for weight in layer.weights:
        if "kernel" in weight.name:
            weight.assign(tf.zeros_like(weight))
    state = (tf.ones((1, 4, 4, 2)),) * layer.cell.n_states
    driven = tf.broadcast_to(layer.bias, (1, 4, 4, layer.cell.n_gates * 2))
    kept = layer.cell.step(state, driven, layer._weights(), "float32")[-1]
    np.testing.assert_allclose(kept, sigmoid(1.0), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_of_the_memorys_first_bins_are_left_out(kind):
    layer = made(kind, memory_bins=4)
    assert layer(X).shape == (2, 2, 4, 5, 4) == layer.compute_output_shape(X.shape)
    everything = make_recurrence(layer.params.model_copy(update={"memory_bins": 1}))
    everything.build(X.shape)
    everything.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(X), everything(X)[:, 3:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_knows_all_frames_up_to_its_own_and_none_after(kind):
    layer, x = made(kind), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(layer(x)[:, 2] ** 2)  # of frame 3
    used = np.abs(tape.gradient(y, x)).max((0, 2, 3, 4)) > 0
    assert used.tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_segments_of_any_length_go_through_one_graph(kind):
    layer = made(kind)
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 4, 5, 3))])
    for n_bins in (3, 6):
        x = X[:, :n_bins]
        np.testing.assert_allclose(graph(x), layer(x), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_learned_start_moves_in_training(kind):
    layer = made(kind, learnable_h0=True)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(X) ** 2)
    assert np.all(np.abs(tape.gradient(y, layer.first_state)) > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_multiply_adds_are_those_of_the_convolutions(kind):
    layer = made(kind)
    n_kernels = sum(np.prod(w.shape) for w in layer.weights if "kernel" in w.name)
    assert layer.multiply_adds(X.shape) == 2 * 6 * 4 * 5 * n_kernels


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_back_from_its_configuration(kind):
    layer = made(kind, learnable_h0=True, use_layer_norm=True)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(X), layer(X))


def test_no_recurrence_is_no_change():
    layer = make_recurrence(NoLayer())
    np.testing.assert_array_equal(layer(X), X)
    assert layer.memory_bins == 0


@pytest.mark.parametrize("kind", KINDS)
def test_joined_features_stand_beside_the_state_of_their_bin(kind):
    layer = made(kind, memory_bins=4, is_joined=True)
    alone = make_recurrence(layer.params.model_copy(update={"is_joined": False}))
    alone.build(X.shape)
    alone.set_weights(layer.get_weights())
    expected = np.concatenate([X[:, 4:], alone(X)], -1)
    np.testing.assert_array_equal(layer(X), expected)
    assert layer.compute_output_shape(X.shape) == expected.shape
