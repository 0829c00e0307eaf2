"""Cores are the blocks that their options name, joined as they say."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from pydantic import TypeAdapter

from v1model.cnn.core_params import CoreParams
from v1model.cnn.cores.block import ConvBlock
from v1model.cnn.cores.joined import DenseBlock, ResidualBlock
from v1model.cnn.cores.stages import make_core
from v1model.cnn.cores.x3d import DepthwiseSpace, DepthwiseTime, SqueezeExcitation
from v1model.cnn.model_parts import layers_within
from v1model.cnn.stimulus_statistics import N_STATISTICS

RATE = 120.0
RNG = np.random.default_rng(4)
X = RNG.standard_normal((2, 7, 8, 8, 3)).astype(np.float32)
BLOCK = {"kernel_size": (3, 3, 3), "activation": "gelu"}


def core(**options):
    params = TypeAdapter(CoreParams).validate_python(options)
    return make_core(params, RATE)


CORES = {
    "none": core(type="none"),
    "plain": core(type="plain", channels=(4, 5), blocks=[BLOCK]),
    "resnet": core(type="resnet", channels=(4, 5), blocks=[BLOCK], stem=None),
    "densenet": core(
        type="densenet",
        channels=(4, 5),
        blocks=[BLOCK | {"pool": {"type": "max"}, "padding": "valid"}, BLOCK],
        final_activation="split_relu",
    ),
    "x3d": core(
        type="x3d", channels=(4, 5), depth=(1, 2), time_kernel=2, squeeze_ratio=2
    ),
}


@pytest.mark.parametrize("name", CORES)
def test_shapes_are_those_that_it_says(name):
    layer = CORES[name]
    y = layer(X)
    assert y.shape == layer.compute_output_shape(X.shape)
    assert y.shape[1] == X.shape[1] - layer.memory_bins


@pytest.mark.parametrize("name", CORES)
def test_it_comes_back_from_its_configuration(name):
    layer = CORES[name]
    y = layer(X)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert again.memory_bins == layer.memory_bins
    again(X)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(X), y)


@pytest.mark.parametrize("name", CORES)
def test_all_of_its_layers_have_its_precision(name):
    """Also where it is made outside of a model, whose precision they would take."""
    norm = {"type": "conditioned"}
    params = CORES[name].params.model_dump(mode="json")
    for part in (params, *params.get("blocks", ())):
        if "norm" in part:
            part["norm"] = norm
    layer = make_core(
        TypeAdapter(CoreParams).validate_python(params), RATE, dtype="mixed_bfloat16"
    )
    y = layer(X, statistics=np.zeros((2, 7, N_STATISTICS), np.float32))
    assert y.dtype == "bfloat16"
    networks = [one for one in layers_within(layer) if isinstance(one, layers.Dense)]
    apart = [one for one in networks if "conditioned" in one.path]
    for one in layers_within(layer):
        if one not in apart:
            assert one.compute_dtype == "bfloat16", one.path


def test_a_block_is_convolution_norm_activation_and_pool():
    params = BLOCK | {"norm": {"type": "rms"}, "pool": {"type": "max"}}
    block = ConvBlock(4, params, RATE)
    y = block(X)
    expected = block.pool(block.activation(block.norm(block.conv(X))))
    np.testing.assert_array_equal(y, expected)
    assert y.shape == (2, 5, 4, 4, 4)


def test_dropout_drops_whole_channels_and_only_in_training():
    block = ConvBlock(8, BLOCK | {"dropout": 0.5, "activation": "none"}, RATE)
    block.build(X.shape)
    block.conv.bias.assign(tf.ones(8))
    gone = np.all(block(X, training=True).numpy() == 0, (1, 2, 3))
    assert 0 < gone.sum() < gone.size
    np.testing.assert_array_equal(block(X, training=False), block.conv(X))


def test_a_residual_block_of_equal_channels_adds_the_last_frames_of_its_input():
    block = ResidualBlock(3, BLOCK, RATE)
    y = block(X)
    np.testing.assert_allclose(y - block.block(X), X[:, 2:], atol=1e-5)
    assert not block.skip.weights


def test_a_residual_block_mixes_channels_of_what_is_pooled_as_the_block_pools():
    block = ResidualBlock(5, BLOCK | {"pool": {"type": "avg"}}, RATE)
    y = block(X)
    pooled = X[:, 2:].reshape(2, 5, 4, 2, 4, 2, 3).mean((3, 5))
    added = pooled @ block.skip.mix.kernel.numpy()[0, 0, 0]
    np.testing.assert_allclose(y - block.block(X), added, atol=1e-5)
    assert len(block.skip.weights) == 1


def test_a_residual_block_takes_the_pixels_under_the_middle_of_valid_kernels():
    options = {"padding": "valid", "kernel_size": (2, 3, 5), "stride": 2}
    block = ResidualBlock(3, BLOCK | options, RATE)
    y = block(X)
    np.testing.assert_allclose(y - block.block(X), X[:, 1:, 1:-1:2, 2:-2:2], atol=1e-5)


def test_a_dense_block_pools_old_features_as_it_pools_new_ones():
    """In the model that is followed they are cropped: two scales are joined."""
    block = DenseBlock(5, BLOCK | {"pool": {"type": "max"}}, RATE)
    y = block(X).numpy()
    pooled = X[:, 2:].reshape(2, 5, 4, 2, 4, 2, 3).max((3, 5))
    np.testing.assert_array_equal(y[..., :3], pooled)
    np.testing.assert_allclose(y[..., 3:], block.block(X), atol=1e-6)


def test_a_depthwise_filter_in_time_is_its_sum_over_lags():
    layer = DepthwiseTime(3)
    y = layer(X)
    kernel = layer.kernel.numpy()[:, 0, 0]
    expected = sum(X[:, i : i + 5] * kernel[i] for i in range(3))
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_depthwise_filter_in_space_is_its_sum_over_pixels(stride):
    layer = DepthwiseSpace(3, stride)
    y = layer(X)
    x, kernel = np.pad(X, [(0, 0)] * 2 + [(1, 1)] * 2 + [(0, 0)]), layer.kernel.numpy()
    expected = sum(
        x[:, :, a : a + 8 : stride, b : b + 8 : stride] * kernel[a, b, 0]
        for a in range(3)
        for b in range(3)
    )
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert y.shape == layer.compute_output_shape(X.shape)


def test_squeeze_and_excitation_is_of_each_frame_alone():
    layer = SqueezeExcitation(2)
    later = X.copy()
    later[:, 4:] += 1
    np.testing.assert_array_equal(layer(X)[:, :4], layer(later)[:, :4])
    gains = layer(X).numpy() / X
    np.testing.assert_allclose(np.ptp(gains, axis=(2, 3)), 0, atol=1e-3)
    assert gains.min() > 0 and gains.max() < 1


def test_strides_are_in_space_and_never_in_time():
    layer = CORES["x3d"]
    batch, frames, *pixels, _ = layer.compute_output_shape((1, 50, 16, 16, 1))
    assert pixels == [8, 8]
    assert frames == 50 - 3  # three units of two bins each


def test_one_kind_of_block_is_for_all_or_each_has_its_own():
    both = [BLOCK, BLOCK | {"kernel_size": (1, 5, 5)}]
    layer = core(type="plain", channels=(4, 5), blocks=both, stem=None)
    kernels = [stage.conv.kernel_size for stage in layer.stages]
    assert kernels == [(3, 3, 3), (1, 5, 5)]
    layer = core(type="plain", channels=(4, 5), blocks=[BLOCK])
    assert [stage.name for stage in layer.stages] == ["stem", "block_1", "block_2"]
