"""The networks against their equations in NumPy, and the folded form of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.latent.activations import ACTIVATION_FUNCTIONS
from v1model.latent.mlp import MLP, MLPWithSkips, network

RNG = np.random.default_rng(0)


def built(kind, n_layers, n_inputs=5, **kwargs):
    net = kind(3, 4, n_layers, seed=1, **kwargs)
    net.build((None, n_inputs))
    return net


def arrays(layer):
    return layer.kernel.numpy().astype(float), layer.bias.numpy().astype(float)


def reference_with_skips(net, x):
    """The equations of MLPWithSkips, spelt out in float64."""
    h = x
    for hidden, projection in zip(net.hidden, net.projections, strict=False):
        p_kernel, p_bias = arrays(projection)
        kernel, bias = arrays(hidden)
        h = np.concatenate([h, x @ p_kernel + p_bias], -1) @ kernel + bias
        h = np.maximum(h, 0)
    if net.hidden:
        p_kernel, p_bias = arrays(net.projections[-1])
        h = np.concatenate([h, x @ p_kernel + p_bias], -1)
    kernel, bias = arrays(net.output_layer)
    return h @ kernel + bias


def reference_plain(net, x):
    for hidden in net.hidden:
        kernel, bias = arrays(hidden)
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = arrays(net.output_layer)
    return x @ kernel + bias


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "reference"),
    [(MLPWithSkips, reference_with_skips), (MLP, reference_plain)],
)
def test_a_network_computes_its_equations(kind, reference, n_layers):
    net = built(kind, n_layers)
    x = RNG.normal(size=(7, 5))
    np.testing.assert_allclose(net(x.astype("f4")), reference(net, x), atol=1e-5)


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", [MLPWithSkips, MLP])
@pytest.mark.parametrize("activation", ["ReLU", "Tanh"])
def test_the_folded_network_is_the_same_function(kind, n_layers, activation):
    net = built(kind, n_layers, activation=activation)
    x = tf.constant(RNG.normal(size=(7, 5)), tf.float32)
    folded = net.folded()
    answer = folded.apply(x @ folded.kernel + folded.bias)
    np.testing.assert_allclose(answer, net(x), atol=1e-5)


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", [MLPWithSkips, MLP])
def test_features_of_many_rows_are_the_same(kind, n_layers):
    net = built(kind, n_layers)
    x = tf.constant(RNG.normal(size=(7, 5)), tf.float32)
    np.testing.assert_allclose(net.features_of_many(x), net.features(x), atol=1e-5)


def test_folding_saves_more_than_half_of_the_products_of_the_published_evolver():
    net = MLPWithSkips(256, 256, 1)
    net.build((None, 320))
    folded = net.folded()
    # Those of the stimulus, 64 rows, are done for all steps at once.
    per_step = 256 * int(folded.kernel.shape[1]) + 256 * 256
    kernels = sum(np.prod(w.shape) for w in net.weights if len(w.shape) == 2)
    assert kernels / per_step > 2.2


def test_weights_are_drawn_as_torch_draws_them():
    net = built(MLPWithSkips, 1, n_inputs=400)
    for layer in (*net.projections, *net.hidden):
        bound = layer.kernel.shape[0] ** -0.5
        values = layer.kernel.numpy()
        assert np.abs(values).max() <= bound
        assert values.std() == pytest.approx(bound / 3**0.5, rel=0.1)
        assert 0 < np.abs(layer.bias.numpy()).max() <= bound


def test_two_layers_of_one_network_are_drawn_differently():
    net = built(MLPWithSkips, 1)
    first, second = (projection.kernel.numpy() for projection in net.projections)
    assert not np.array_equal(first, second)


def test_zero_init_silences_the_last_layer_alone():
    net = built(MLPWithSkips, 2, zero_init=True)
    x = RNG.normal(size=(4, 5)).astype("f4")
    assert np.array_equal(net(x), np.zeros((4, 3)))
    assert np.abs(net.hidden[0].kernel.numpy()).min() > 0


def test_batch_normalization_goes_with_plain_networks_only():
    assert len(built(MLP, 2, use_batch_norm=True).norms) == 2
    with pytest.raises(ValueError, match="use_batch_norm"):
        network(True, 3, 4, 1, use_batch_norm=True)
    with pytest.raises(ValueError, match="batch normalization"):
        built(MLP, 1, use_batch_norm=True).folded()


def test_an_unknown_activation_is_refused_by_name():
    with pytest.raises(ValueError, match="'Module' is unknown"):
        MLP(3, 4, 1, "Module")


@pytest.mark.parametrize("kind", [MLPWithSkips, MLP])
def test_a_network_survives_its_config(kind):
    net = built(kind, 2, activation="GELU", zero_init=True)
    again = kind.from_config(net.get_config())
    assert again.get_config() == net.get_config()


@pytest.mark.parametrize("name", ACTIVATION_FUNCTIONS)
def test_activations_are_the_functions_of_their_names(name):
    x = np.linspace(-3, 3, 13).astype("f4")
    published = {"ReLU": "relu", "SiLU": "silu", "GELU": "gelu"}.get(name, name.lower())
    expected = keras.activations.get(published)(x)
    if name == "GELU":
        expected = keras.activations.gelu(x, approximate=False)
    np.testing.assert_allclose(ACTIVATION_FUNCTIONS[name](x), expected, atol=1e-6)


def test_batch_normalization_takes_all_axes_but_the_last_as_the_batch():
    net = built(MLP, 2, use_batch_norm=True)
    x = tf.constant(RNG.normal(size=(3, 7, 5)), tf.float32)
    rows = tf.reshape(x, (21, 5))
    for training in (True, False):
        found = tf.reshape(net(x, training=training), (21, 3))
        np.testing.assert_allclose(found, net(rows, training=training), atol=1e-5)
