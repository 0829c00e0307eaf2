"""Every kind of read-out against its definition in NumPy float64, and its promises."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import tensorflow as tf

from v1model.cnn.readout_params import (
    AttentionReadoutParams,
    FactorizedReadoutParams,
    GaussianReadoutParams,
    LinearReadoutParams,
    PointPooledReadoutParams,
)
from v1model.cnn.readouts import READOUTS, make_readout

HEIGHT, WIDTH, CHANNELS, N = 6, 9, 4, 5
RNG = np.random.default_rng(13)
FEATURES = RNG.normal(size=(2, 3, HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
CENTERS = RNG.uniform(-0.8, 0.8, (N, 2))
KINDS = {
    "gaussian": GaussianReadoutParams(),
    "gaussian_sampled": GaussianReadoutParams(type="gaussian_sampled"),
    "factorized": FactorizedReadoutParams(type="factorized"),
    "positive": FactorizedReadoutParams(type="factorized", is_positive=True),
    "point_pooled": PointPooledReadoutParams(type="point_pooled"),
    "attention": AttentionReadoutParams(type="attention", key_channels=3),
    "linear": LinearReadoutParams(type="linear"),
    "low_rank": LinearReadoutParams(type="linear", rank=2),
}
PLACED = ("gaussian", "gaussian_sampled", "point_pooled", "attention")
GAUSSIANS = ("gaussian", "gaussian_sampled", "attention")
of_every_kind = pytest.mark.parametrize("kind", KINDS)


def readout(kind, shape=FEATURES.shape, seed=3, **options):
    """A read-out with weights of some size everywhere."""
    params = KINDS[kind].model_copy(update=options)
    layer = make_readout(params, N)
    layer.build(shape)
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        noise = 0.3 * rng.normal(size=variable.shape)
        variable.assign(variable.numpy() + noise)
    return layer


@pytest.fixture(autouse=True)
def same_weights():
    keras.utils.set_random_seed(23)


def pixels_of(places, height=HEIGHT, width=WIDTH):
    return (np.float64(places) + 1) / 2 * [height - 1, width - 1]


def gaussians(layer):
    """Normalised turned Gaussians, (N, H, W), from centres, widths and angles."""
    centers = pixels_of(np.tanh(np.float64(layer.raw_centers)))
    half = (WIDTH - 1) / 2
    widths = np.sqrt(np.exp(2 * np.float64(layer.log_widths)) * half**2 + 0.3**2)
    masks = np.zeros((N, HEIGHT, WIDTH))
    for n, angle in enumerate(np.float64(layer.angles)):
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        for y, x in np.ndindex(HEIGHT, WIDTH):
            q = turn.T @ (np.array([y, x]) - centers[n]) / widths[n]
            masks[n, y, x] = np.exp(-q @ q / 2)
    return masks / masks.sum((1, 2), keepdims=True)


def point_masks(centers, height=HEIGHT, width=WIDTH):
    """Bilinear weights of the pixels, (N, H, W), by SciPy on one bright pixel each."""
    places = pixels_of(centers, height, width).T
    masks = np.zeros((len(centers), height, width))
    for y, x in np.ndindex(height, width):
        bright = np.zeros((height, width))
        bright[y, x] = 1
        masks[:, y, x] = scipy.ndimage.map_coordinates(bright, places, order=1)
    return masks


def pooled_masks(centers, level):
    """The same in means over squares, whose outer ones count beyond their centres."""
    side = 2**level
    size = [-(-n // side) for n in (HEIGHT, WIDTH)]
    places = (pixels_of(centers) - (side - 1) / 2) / side
    places = np.clip(places, 0, np.array(size) - 1).T
    masks = np.zeros((len(centers), HEIGHT, WIDTH))
    for y, x in np.ndindex(*size):
        square = np.zeros(size)
        square[y, x] = 1
        weight = scipy.ndimage.map_coordinates(square, places, order=1)
        members = np.zeros((HEIGHT, WIDTH))
        members[side * y : side * (y + 1), side * x : side * (x + 1)] = 1
        masks += weight[:, None, None] * members / members.sum()
    return masks


def through(masks, weights):
    """sum over pixels and channels of masks (N, H, W), weights (C, N), and features."""
    x = FEATURES.astype(np.float64)
    return np.einsum("nhw,cn,bthwc->btn", masks, np.float64(weights), x)


def expected(kind, layer):
    x = FEATURES.astype(np.float64)
    if kind == "gaussian":
        return through(gaussians(layer), layer.features)
    if kind == "gaussian_sampled":
        return through(point_masks(layer.centers()), layer.features)
    if kind in ("factorized", "positive"):
        pictures = np.float64(layer.pictures)
        pictures = np.abs(pictures) if kind == "positive" else pictures
        pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
        return through(pictures.reshape(N, HEIGHT, WIDTH), layer.features)
    if kind == "point_pooled":
        weights = layer.features.numpy()
        return sum(
            through(pooled_masks(layer.centers(), level), weights[level])
            for level in range(3)
        )
    if kind == "attention":
        keys = np.float64(layer.keys) @ np.float64(layer.queries) / np.sqrt(3)
        logs = np.einsum("bthwc,cn->btnhw", x, keys) + np.log(gaussians(layer))
        attended = scipy.special.softmax(logs, axis=(3, 4))
        weights = np.float64(layer.features)
        return np.einsum("btnhw,cn,bthwc->btn", attended, weights, x)
    pixels = x.reshape(2, 3, -1, CHANNELS)
    if kind == "linear":
        return np.einsum("pcn,btpc->btn", np.float64(layer.kernel), pixels)
    pictures, weights = np.float64(layer.pictures), np.float64(layer.features)
    return np.einsum("rpn,rcn,btpc->btn", pictures, weights, pixels)


@of_every_kind
def test_a_readout_is_what_its_definition_says(kind):
    layer = readout(kind)
    found = layer(FEATURES)
    wanted = expected(kind, layer) + np.float64(layer.bias)
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert found.shape == layer.compute_output_shape(FEATURES.shape) == (2, 3, N)


def test_there_is_a_readout_for_every_name_of_the_options():
    assert {params.type for params in KINDS.values()} == set(READOUTS)


@of_every_kind
def test_a_bin_is_read_from_its_own_map_only(kind):
    layer = readout(kind)
    features = tf.constant(FEATURES)
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(layer(features)[:, 1])
    gradient = tape.gradient(total, features).numpy()
    assert np.abs(gradient[:, 1]).max() > 0
    assert (gradient[:, [0, 2]] == 0).all()


@of_every_kind
def test_all_weights_have_gradients_in_training(kind):
    layer = readout(kind)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(FEATURES, training=True)))
    values = [v.value for v in layer.trainable_variables]
    for variable, gradient in zip(
        layer.trainable_variables, tape.gradient(loss, values), strict=True
    ):
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 0, variable.path


@of_every_kind
def test_a_readout_begins_where_it_is_told(kind):
    layer = make_readout(KINDS[kind], N)
    layer.build((None, None, 24, 24, CHANNELS))
    layer.start_at(CENTERS)
    # A Gaussian at the border loses what is outside: a linear filter's centre of mass.
    tolerance = 1e-5 if kind in PLACED else 0.35
    np.testing.assert_allclose(layer.centers(), CENTERS, atol=tolerance)
    for axis in (0, 1):
        rho = np.corrcoef(layer.centers()[:, axis], CENTERS[:, axis])[0, 1]
        assert rho > 0.95


@pytest.mark.parametrize("kind", PLACED)
def test_places_stay_on_the_map_whatever_training_does(kind):
    layer = readout(kind)
    layer.raw_centers.assign(1e3 * RNG.normal(size=(N, 2)))
    assert np.abs(layer.centers()).max() <= 1
    assert np.isfinite(layer(FEATURES)).all()
    layer.start_at(np.tile([[-3.0, 1.0]], (N, 1)))
    with tf.GradientTape() as tape:
        centers = layer.centers()
    gradient = tape.gradient(centers, layer.raw_centers.value)
    assert np.abs(gradient).min() > 0.01


@of_every_kind
def test_the_bias_is_what_is_said_of_a_map_without_features(kind):
    layer = readout(kind)
    u = RNG.normal(size=N).astype(np.float32)
    layer.set_bias(u)
    found = layer(np.zeros_like(FEATURES))
    np.testing.assert_allclose(found, np.broadcast_to(u, (2, 3, N)), rtol=1e-6)
    without = readout(kind, bias=False)
    assert not np.any(without(np.zeros_like(FEATURES)))
    with pytest.raises(ValueError, match="has no bias.*set readout.bias to true"):
        without.set_bias(u)


@of_every_kind
def test_before_training_features_hardly_move_rates(kind):
    layer = make_readout(KINDS[kind], 200)
    found = layer(FEATURES).numpy()
    assert 1e-3 < found.std() < 0.3


@of_every_kind
def test_a_readout_is_made_again_from_its_configuration_and_weights(kind):
    layer = readout(kind)
    found = layer(FEATURES)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(FEATURES), found)
    assert again.params == layer.params


@of_every_kind
def test_maps_of_one_pixel_or_one_row_are_read_too(kind):
    for shape in ((2, 3, 1, 1, CHANNELS), (2, 3, 1, 7, CHANNELS)):
        layer = readout(kind, shape)
        for training in (False, True):
            found = layer(RNG.normal(size=shape).astype(np.float32), training=training)
            assert np.isfinite(found).all()
        assert np.isfinite(layer.centers()).all()


@of_every_kind
def test_readouts_are_float32_in_every_precision(kind):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = make_readout(KINDS[kind], N)
        found = layer(tf.cast(FEATURES, tf.bfloat16), training=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert found.dtype == tf.float32


@of_every_kind
def test_weights_of_channels_are_one_number_per_channel_and_neuron(kind):
    layer = readout(kind)
    weights = np.float64(layer.feature_weights())
    assert weights.shape == (CHANNELS, N)
    assert all(v.shape[-1] == N for v in layer.channel_variables())
    if kind in ("factorized", "positive"):
        return
    # Of features that fill the map they are all that counts.
    flat = RNG.normal(size=(1, 1, 1, 1, CHANNELS)).astype(np.float32)
    found = layer(np.tile(flat, (1, 1, HEIGHT, WIDTH, 1)))[0, 0] - layer.bias
    np.testing.assert_allclose(found, flat[0, 0, 0, 0] @ weights, atol=1e-5)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_widths_are_those_of_the_options_and_never_wider_than_the_limit(kind):
    layer = make_readout(KINDS[kind], N)
    layer.build(FEATURES.shape)
    np.testing.assert_allclose(layer.widths(), 0.15, rtol=1e-5)
    layer.log_widths.assign(np.log(np.linspace(0.1, 3, 2 * N)).reshape(N, 2))
    before = layer.widths().numpy()
    layer.limit_widths(0.7)
    np.testing.assert_allclose(layer.widths(), np.minimum(before, 0.7), rtol=1e-5)
    layer.limit_widths(0.0)
    assert (layer.widths().numpy() >= 0.3 / 4).all()
    assert np.isfinite(layer(FEATURES)).all()


def test_a_point_is_drawn_for_each_segment_in_training_and_is_the_centre_otherwise():
    layer = readout("gaussian_sampled")
    same = np.repeat(FEATURES[:1], 6, axis=0)
    drawn = layer(same, training=True).numpy()
    assert (drawn.std(axis=0) > 0).all()
    # One point for all bins of a segment: bins of one picture say the same.
    still = np.repeat(same[:, :1], 3, axis=1)
    of_bins = layer(still, training=True).numpy()
    np.testing.assert_allclose(of_bins[:, 0], of_bins[:, 1], rtol=1e-6)
    calm = layer(same).numpy()
    np.testing.assert_array_equal(calm[0], calm[5])
    np.testing.assert_array_equal(calm, layer(same, training=False))


def test_drawn_points_have_the_gaussians_centre_and_covariance_in_pixels():
    layer = readout("gaussian_sampled", initial_std=0.05)
    layer.start_at(0.3 * CENTERS)
    points = pixels_of(layer.points(40_000)).transpose(1, 0, 2)
    centers, widths = pixels_of(layer.centers()), 4 * np.float64(layer.widths())
    for n, angle in enumerate(np.float64(layer.angles)):
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        covariance = turn @ np.diag(widths[n] ** 2) @ turn.T
        np.testing.assert_allclose(points[n].mean(0), centers[n], atol=0.03)
        scale = np.trace(covariance)
        np.testing.assert_allclose(np.cov(points[n].T), covariance, atol=0.04 * scale)


def test_drawn_points_are_read_as_the_map_says_there():
    layer = readout("gaussian_sampled")
    points = RNG.uniform(-1, 1, (2, N, 2)).astype(np.float32)
    layer.points = lambda n_segments: tf.constant(points)
    found = layer(FEATURES, training=True) - layer.bias
    for b in range(2):
        wanted = through(point_masks(points[b]), layer.features)[b]
        np.testing.assert_allclose(found[b], wanted, atol=1e-5)


def test_attention_begins_as_the_gaussian_readout():
    attention, gaussian = (
        make_readout(KINDS[kind], N) for kind in ("attention", "gaussian")
    )
    attention.build(FEATURES.shape)
    gaussian.build(FEATURES.shape)
    gaussian.set_weights(
        [
            w.numpy()
            for w in attention.weights
            if "keys" not in w.name and "queries" not in w.name
        ]
    )
    np.testing.assert_allclose(attention(FEATURES), gaussian(FEATURES), atol=1e-6)


def test_a_centre_moves_to_where_the_target_is_seen():
    """Gradients of places reach over several pixels."""
    shape = (16, 4, 12, 12, 2)
    movie = RNG.normal(size=shape)
    movie = scipy.ndimage.gaussian_filter(movie, (0, 0, 2, 2, 0)).astype(np.float32)
    movie /= movie.std()
    for kind in ("gaussian", "gaussian_sampled", "point_pooled"):
        keras.utils.set_random_seed(2)
        layer = make_readout(KINDS[kind].model_copy(update={"bias": False}), 1)
        layer.build(shape)
        layer.start_at([[0.0, 0.0]])
        optimizer = keras.optimizers.Adam(0.03)
        target = movie[:, :, 7, 3, :1]

        @tf.function
        def step(layer=layer, optimizer=optimizer, target=target):
            with tf.GradientTape() as tape:
                error = layer(movie, training=True) - target
                loss = tf.reduce_mean(tf.square(error))
            variables = layer.trainable_variables
            gradients = tape.gradient(loss, [v.value for v in variables])
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

        for _ in range(300):
            step()
        places = pixels_of(layer.centers(), 12, 12)[0]
        np.testing.assert_allclose(places, [7, 3], atol=0.5, err_msg=kind)


@of_every_kind
def test_weights_along_a_neurons_axis_are_that_neurons_alone(kind):
    layer = readout(kind)
    before = layer(FEATURES).numpy()
    for variable in layer.trainable_variables:
        axis = layer.neuron_axis(variable)
        assert (axis is None) == (variable.name == "keys_kernel")
        if axis is None:
            continue
        values = variable.numpy()
        assert values.shape[axis] == N
        np.moveaxis(values, axis, 0)[2] += 1
        variable.assign(values)
    found = layer(FEATURES).numpy()
    others = np.arange(N) != 2
    np.testing.assert_allclose(found[..., others], before[..., others], atol=1e-5)
    assert np.abs(found[..., 2] - before[..., 2]).min() > 1e-4
