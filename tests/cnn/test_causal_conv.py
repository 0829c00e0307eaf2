"""A causal convolution is the sum that it says it is, of past frames only."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.cnn import causal_conv
from v1model.cnn.causal_conv import CausalConv
from v1model.cnn.windows import hann_window

RNG = np.random.default_rng(1)


def movie(frames=6, side=7, channels=3, batch=2):
    shape = (batch, frames, side, side + 1, channels)
    return RNG.standard_normal(shape).astype(np.float32)


def by_definition(x, kernel, margins, stride):
    """The sum over taps, in float64."""
    x = np.pad(np.float64(x), [(0, 0), (0, 0), *margins, (0, 0)])
    kt, kh, kw = kernel.shape[:3]
    t, h, w = (n - k + 1 for n, k in zip(x.shape[1:4], kernel.shape, strict=False))
    y = 0
    for i, a, b in itertools.product(range(kt), range(kh), range(kw)):
        part = x[:, i : i + t, a : a + h : stride, b : b + w : stride]
        y = y + part @ np.float64(kernel[i, a, b])
    return y


OPTIONS = [
    {"kernel_size": (3, 3, 5)},
    {"kernel_size": (3, 3, 3), "padding": "valid"},
    {"kernel_size": (1, 3, 3), "padding": "valid"},
    {"kernel_size": (1, 3, 3), "padding": "same"},
    {"kernel_size": (2, 3, 3), "stride": 2},
    {"kernel_size": (2, 5, 3), "stride": 2, "padding": "valid"},
    {"kernel_size": (2, 2, 4)},
    {"kernel_size": (6, 1, 1), "bias": False},
    {"kernel_size": (5, 5, 3), "aa_signal": True},
    {"kernel_size": (2, 3, 3), "use_weight_norm": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("conv", ["standard", "depthwise"])
def test_it_is_the_sum_over_the_taps_of_its_kernels(options, conv):
    x, layer = movie(), CausalConv(4, conv=conv, **options)
    layer.build(x.shape)
    if layer.bias is not None:
        layer.bias.assign(RNG.standard_normal(4))
    y = layer(x)
    expected = by_definition(x, layer.kernels().numpy(), layer.margins, layer.stride)
    if layer.bias is not None:
        expected = expected + layer.bias.numpy()
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert y.shape == layer.compute_output_shape(x.shape)
    assert y.shape[1] == x.shape[1] - layer.memory_bins


@pytest.mark.parametrize("kt", [1, 3])
def test_padding_in_space_is_that_of_the_option_whatever_the_length_in_time(kt):
    """In the model that is followed, kernels of one bin are always valid."""
    shape = (None, None, 9, 9, 1)
    same = CausalConv(2, (kt, 3, 3), padding="same").compute_output_shape(shape)
    valid = CausalConv(2, (kt, 3, 3), padding="valid").compute_output_shape(shape)
    assert same[2:4] == (9, 9)
    assert valid[2:4] == (7, 7)


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_kernels_may_be_multiplied_out(monkeypatch, stride):
    x = movie()
    layer = CausalConv(4, (3, 3, 3), conv="depthwise", stride=stride)
    dense = layer(x)
    monkeypatch.setattr(causal_conv, "DENSE_CHANNELS", 0)
    np.testing.assert_allclose(layer(x), dense, atol=1e-5)


@pytest.mark.parametrize("conv", ["standard", "depthwise"])
def test_a_weight_norm_begins_as_the_kernel_that_it_replaces(conv):
    """Also under a window: gains are the lengths of what acts."""
    options = {"kernel_size": (1, 5, 5), "conv": conv, "aa_signal": True}
    keras.utils.set_random_seed(1)
    plain = CausalConv(4, **options)
    plain.build((None, None, 8, 8, 2))
    keras.utils.set_random_seed(1)
    normed = CausalConv(4, **options, use_weight_norm=True)
    normed.build((None, None, 8, 8, 2))
    np.testing.assert_allclose(normed.kernels(), plain.kernels(), atol=1e-6)


def test_the_length_that_a_weight_norm_sets_is_the_length_that_acts():
    layer = CausalConv(
        4, (1, 5, 5), aa_signal=True, use_weight_norm=True, keep_unit_norm=True
    )
    layer.build((None, None, 8, 8, 2))
    lengths = np.sqrt(np.sum(np.square(layer.kernels()), (0, 1, 2, 3)))
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    assert "gain" not in [v.name for v in layer.trainable_variables]


def test_the_window_is_on_long_axes():
    layer = CausalConv(2, (3, 5, 5), aa_signal=True, aa_power=1.0)
    layer.build((None, None, 8, 8, 1))
    window = hann_window((3, 5, 5), 1.0)[..., None, None]
    np.testing.assert_allclose(layer.kernels(), layer.kernel.numpy() * window)
    assert np.ptp(window, axis=0).max() == 0


@pytest.mark.parametrize("conv", ["standard", "depthwise"])
def test_an_output_needs_its_frame_and_those_before_it_and_no_later_one(conv):
    x, layer = tf.constant(movie(frames=8)), CausalConv(2, (3, 3, 3), conv=conv)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(layer(x)[:, 3] ** 2)
    used = np.abs(tape.gradient(y, x)).max((0, 2, 3, 4)) > 0
    assert used.tolist() == [False] * 3 + [True] * 3 + [False] * 2


def test_a_kernel_larger_than_the_map_is_refused_in_words():
    layer = CausalConv(2, (1, 9, 3), padding="valid")
    with pytest.raises(
        ValueError, match=r"^kernel_size \[1, 9, 3\] is larger than .* 7"
    ):
        layer.build((None, None, 7, 8, 3))
    CausalConv(2, (1, 9, 3), padding="same").build((None, None, 7, 8, 3))


def test_it_comes_back_from_its_configuration():
    layer = CausalConv(4, (3, 5, 5), "valid", 2, "depthwise", aa_signal=True)
    layer.build((None, None, 9, 9, 2))
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    again.set_weights(layer.get_weights())
    x = movie(side=9, channels=2)
    np.testing.assert_array_equal(again(x), layer(x))
