"""The frontends: what their kernels are kept from, and which lags reach the output."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.reach import lags, movie, reach
from tests.cnn.test_causal import reference_convolution
from v1model.cnn.frontend_params import (
    INITIALIZATIONS,
    DynamicalAdaptationParams,
    LearnableTemporalParams,
    TemporalBasisParams,
)
from v1model.cnn.frontends import make_frontend
from v1model.cnn.layer_params import NoLayer

RATE = 120.0


def learnable(sampling_rate=RATE, **options):
    options = {"kernel_size": 6, "num_channels": 4, "init_type": "random"} | options
    layer = make_frontend(LearnableTemporalParams(**options), sampling_rate)
    layer.build((None, None, 4, 5, 3))
    return layer


KINDS = {
    "none": NoLayer(),
    "learnable": LearnableTemporalParams(kernel_size=5, init_type="random", bias=True),
    "spread": LearnableTemporalParams(
        kernel_size=3, num_channels=2, dilation=2, pool_bins=2, init_type="random"
    ),
    "window": LearnableTemporalParams(
        kernel_size=5, init_type="random", aa_signal=True, use_weight_norm=True
    ),
    "basis": TemporalBasisParams(
        kernel_size=6, n_cosines=3, first_peak_ms=8, last_peak_ms=40
    ),
    "da": DynamicalAdaptationParams(kernel_ms=40),
    "one cosine": TemporalBasisParams(kernel_size=6, n_cosines=1),
}
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_each_lag_of_the_memory_reaches_the_output_and_the_future_never(kind):
    layer, x = make_frontend(KINDS[kind], RATE), movie(bins=10)
    slopes = reach(layer, x)
    assert slopes.shape == (10 - layer.memory_bins, 10)
    lag = lags(*slopes.shape)
    is_remembered = (lag >= 0) & (lag <= layer.memory_bins)
    np.testing.assert_array_equal(slopes[~is_remembered], 0)
    assert (slopes[is_remembered] > 0).all()


@kinds
def test_a_segment_gives_what_its_windows_give(kind):
    layer, x = make_frontend(KINDS[kind], RATE), movie(bins=10)
    size = layer.memory_bins + 1
    windows = [layer(x[:, t : t + size]) for t in range(11 - size)]
    np.testing.assert_allclose(layer(x), tf.concat(windows, 1), atol=1e-5)


@kinds
def test_a_frontend_survives_saving_and_movies_of_any_length(kind, tmp_path):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((None, 4, 5, 3)), make_frontend(KINDS[kind], RATE)]
    )
    for weight in model.trainable_variables:
        weight.assign_add(0.1 * tf.ones(weight.shape))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for bins in (8, 10):
        x = movie(bins=bins)
        found = model(x)
        assert found.shape == model.layers[0].compute_output_shape(x.shape)
        np.testing.assert_array_equal(again(x), found)
    assert again.layers[0].memory_bins == model.layers[0].memory_bins
    assert again.layers[0].get_config() == model.layers[0].get_config()


@pytest.mark.parametrize("kind", ["learnable", "spread", "window", "basis"])
def test_kernels_are_the_filters_that_act(kind):
    layer, x = make_frontend(KINDS[kind], RATE), movie(bins=10)
    found, kernels = layer(x), np.asarray(layer.kernels())
    assert kernels.shape[0] == layer.memory_bins + 1
    np.testing.assert_allclose(found, reference_convolution(x, kernels), atol=1e-5)


def test_pooling_is_a_causal_mean_of_the_filtered_movie():
    plain, pooled = learnable(), learnable(pool_bins=3)
    pooled.raw_kernels.assign(plain.raw_kernels)
    x = movie(bins=12)
    y = np.asarray(plain(x))
    expected = (y[:, 2:] + y[:, 1:-1] + y[:, :-2]) / 3
    np.testing.assert_allclose(pooled(x), expected, atol=1e-6)


def test_dilation_leaves_bins_between_the_taps():
    layer = learnable(kernel_size=3, dilation=3)
    kernels = np.asarray(layer.kernels())
    assert kernels.shape == (7, 4)
    np.testing.assert_array_equal(kernels[::3], layer.raw_kernels)
    np.testing.assert_array_equal(np.delete(kernels, [0, 3, 6], 0), 0)


@pytest.mark.parametrize("init_type", INITIALIZATIONS)
@pytest.mark.parametrize("is_zero_sum", [False, True])
@pytest.mark.parametrize("aa_signal", [False, True])
@pytest.mark.parametrize(("dilation", "pool_bins"), [(1, 1), (2, 1), (1, 2)])
def test_nothing_younger_than_the_shortest_latency_reaches_the_output(
    init_type, is_zero_sum, aa_signal, dilation, pool_bins
):
    layer = learnable(
        init_type=init_type,
        is_zero_sum=is_zero_sum,
        aa_signal=aa_signal,
        dilation=dilation,
        pool_bins=pool_bins,
        min_latency_ms=20,  # 2.4 bins, so 3 of them
        use_weight_norm=True,
    )
    layer.raw_kernels.assign_add(tf.random.stateless_normal((6, 4), (1, 2)))
    slopes = reach(layer, movie(bins=layer.memory_bins + 2))
    lag = lags(*slopes.shape)
    np.testing.assert_array_equal(slopes[lag < 3], 0)
    if dilation == 1:
        assert (slopes[lag == 3] > 0).all()
    assert slopes[(lag >= 3)].max() > 0


@pytest.mark.parametrize("use_weight_norm", [False, True])
@pytest.mark.parametrize("aa_signal", [False, True])
def test_kernels_have_no_sum_but_for_the_free_ones(aa_signal, use_weight_norm):
    layer = learnable(
        is_zero_sum=True,
        free_channels=1,
        aa_signal=aa_signal,
        use_weight_norm=use_weight_norm,
        min_latency_ms=8,
        mask_ramp_bins=2,
        pool_bins=2,
    )
    layer.raw_kernels.assign_add(tf.ones((6, 4)))
    sums = np.asarray(layer.kernels()).sum(0)
    np.testing.assert_allclose(sums[:3], 0, atol=1e-6)
    assert abs(sums[3]) > 0.1


def test_a_frontend_of_zero_sums_is_blind_to_what_does_not_change():
    layer = learnable(is_zero_sum=True)
    y = layer(tf.fill((1, 9, 4, 5, 3), 0.4))
    np.testing.assert_allclose(y, 0, atol=1e-6)


def test_the_norm_of_weights_is_that_of_the_kernels_that_act():
    """The reference has the window outside of the norm, so that lengths are below g."""
    layer = learnable(
        aa_signal=True, min_latency_ms=10, is_zero_sum=True, use_weight_norm=True
    )
    layer.raw_kernels.assign(3 * layer.raw_kernels)
    layer.gain.assign([0.5, 1.0, 2.0, 3.0])
    lengths = np.linalg.norm(layer.kernels(), axis=0)
    np.testing.assert_allclose(lengths, [0.5, 1, 2, 3], rtol=1e-5)


def test_the_norm_of_weights_changes_nothing_before_training():
    plain = learnable(aa_signal=True, is_zero_sum=True, init_type="biphasic")
    normed = learnable(
        aa_signal=True, is_zero_sum=True, init_type="biphasic", use_weight_norm=True
    )
    np.testing.assert_allclose(normed.kernels(), plain.kernels(), atol=1e-6)


def test_a_unit_norm_is_kept():
    layer = learnable(use_weight_norm=True, keep_unit_norm=True, aa_signal=True)
    layer.raw_kernels.assign(5 * layer.raw_kernels)
    np.testing.assert_allclose(np.linalg.norm(layer.kernels(), axis=0), 1, rtol=1e-5)
    assert layer.gain is None
    assert len(layer.trainable_variables) == 1


@pytest.mark.parametrize(
    ("options", "n_left"),
    [({"min_latency_ms": 50}, 0), ({"min_latency_ms": 40, "is_zero_sum": True}, 1)],
)
def test_a_mask_that_leaves_too_few_taps_is_refused(options, n_left):
    with pytest.raises(ValueError, match=rf"min_latency_ms .* leaves {n_left} of 6"):
        learnable(**options)


def test_a_constraint_that_binds_no_kernel_is_refused():
    with pytest.raises(ValueError, match="free_channels must be below num_channels 4"):
        LearnableTemporalParams(is_zero_sum=True, free_channels=4)
    with pytest.raises(ValueError, match="free_channels must be 0 without"):
        LearnableTemporalParams(free_channels=1)


def test_the_mask_counts_bins_of_the_sampling_rate():
    assert learnable(min_latency_ms=25).n_masked == 3
    assert learnable(60.0, min_latency_ms=25).n_masked == 2
    assert learnable(dilation=2, min_latency_ms=25).n_masked == 2


def test_a_seed_of_keras_decides_what_is_drawn():
    drawn = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        drawn.append(learnable().raw_kernels.numpy())
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.abs(drawn[0] - drawn[2]).max() > 0.1


def test_training_turns_kernels_to_a_delayed_target():
    keras.utils.set_random_seed(0)
    layer, x = learnable(num_channels=1, kernel_size=5), movie(bins=12)
    target = x[:, 2:-2]  # two bins ago
    optimizer = keras.optimizers.Adam(0.05)
    for _ in range(60):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x) - target))
        optimizer.apply(tape.gradient(loss, [layer.raw_kernels]), [layer.raw_kernels])
    np.testing.assert_allclose(layer.kernels()[:, 0], [0, 0, 1, 0, 0], atol=0.1)


def test_cosines_of_the_basis_peak_at_their_latencies():
    layer = make_frontend(
        TemporalBasisParams(
            kernel_size=60, n_cosines=3, first_peak_ms=10, last_peak_ms=40
        ),
        1000.0,
    )
    kernels = np.asarray(layer.kernels())
    middle = np.sqrt(11 * 41) - 1  # log(t + 1 ms) is in the middle there
    np.testing.assert_allclose(kernels.argmax(0), [10, middle, 40], atol=0.5)
    np.testing.assert_allclose(np.linalg.norm(kernels, axis=0), 1, rtol=1e-5)
    assert layer.trainable_variables == []


@pytest.mark.parametrize(
    "options",
    [{"last_peak_ms": 300}, {"first_peak_ms": 90, "last_peak_ms": 80}],
)
def test_peaks_out_of_order_or_outside_of_the_kernel_are_refused(options):
    with pytest.raises(ValueError, match="last_peak_ms must be in order"):
        make_frontend(TemporalBasisParams(**options), RATE)


def test_dynamical_adaptation_computes_its_equation():
    params = DynamicalAdaptationParams(alpha=2, beta=3, gamma=0.3, kernel_ms=60)
    layer, x = make_frontend(params, RATE), 0.2 * movie(bins=12)
    t = (np.arange(8) + 0.5) * 1000 / RATE
    fast, slow = t**5 * np.exp(-t / 5), t**2 * np.exp(-t / 60)
    fast, slow = fast / fast.sum(), slow / slow.sum()
    both = 0.3 * fast + 0.7 * slow
    s = x.astype(float) + 0.5
    y, z = (reference_convolution(s, kernel[:, None]) for kernel in (fast, both))
    expected = 2 * y / (1 + 3 * np.maximum(z, 0)) - 2 * 0.5 / (1 + 3 * 0.5)
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)
    assert layer.memory_bins == 7
    np.testing.assert_allclose(layer.kernels()[:, 0], fast, rtol=1e-5)


def test_dynamical_adaptation_answers_grey_with_nothing_and_brighter_light_with_less():
    layer = make_frontend(DynamicalAdaptationParams(beta=4), RATE)

    def answer(light):
        return float(np.mean(layer(tf.fill((1, 24, 1, 1, 1), light))))

    assert answer(0.0) == pytest.approx(0, abs=1e-6)
    assert 0 < answer(0.5) - answer(0.25) < answer(-0.25) - answer(-0.5)


@pytest.mark.parametrize(("beta", "is_learned", "n"), [(1, True, 5), (1, False, 0)])
def test_dynamical_adaptation_is_learned_where_it_may_be(beta, is_learned, n):
    params = DynamicalAdaptationParams(beta=beta, is_learned=is_learned, kernel_ms=60)
    layer, x = make_frontend(params, RATE), movie(bins=9)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(x)))
    slopes = tape.gradient(loss, layer.trainable_variables)
    assert len(slopes) == n
    assert all(abs(float(slope)) > 0 for slope in slopes)


def test_no_adaptation_is_a_linear_filter():
    layer = make_frontend(DynamicalAdaptationParams(beta=0, kernel_ms=60), RATE)
    x = movie(bins=9)
    np.testing.assert_allclose(layer(2 * x), 2 * layer(x), atol=1e-5)


@pytest.mark.parametrize("kind", ["learnable", "window", "basis", "da"])
def test_a_frontend_of_mixed_precision_keeps_its_kernels_in_float32(kind):
    layer = make_frontend(KINDS[kind], RATE)
    x = movie()
    expected = layer(x)
    config = layer.get_config() | {"dtype": "mixed_bfloat16"}
    mixed = type(layer).from_config(config)
    mixed.build(x.shape)
    mixed.set_weights(layer.get_weights())
    found = mixed(x)
    assert found.dtype == tf.bfloat16
    assert mixed.kernels().dtype == tf.float32
    np.testing.assert_allclose(tf.cast(found, tf.float32), expected, atol=0.05)
