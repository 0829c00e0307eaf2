"""Laws of every norm: time, windows, saving, precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.reach import lags, movie, reach
from v1model.cnn.layer_params import NoLayer
from v1model.cnn.norm_params import (
    ConditionedNormParams,
    MixedNormParams,
    PlainNormParams,
    TemporalContextParams,
)
from v1model.cnn.norms import make_norm
from v1model.cnn.norms.making import NORMS
from v1model.cnn.stimulus_statistics import N_STATISTICS, StimulusStatistics

RATE = 120.0
INSTANCE = PlainNormParams(type="instance", window_bins=3)
CONTEXT = TemporalContextParams(type="temporal_context")
PLAIN = {
    kind: PlainNormParams(type=kind)
    for kind in ("layer", "rms", "frame_instance", "lrn", "batch")
}
FINITE = PLAIN | {
    "none": NoLayer(),
    "grn": PlainNormParams(type="grn"),
    "grn of 4": PlainNormParams(type="grn", window_bins=4),
    "instance": INSTANCE,
    "mixed": MixedNormParams(type="mixed", of=(NoLayer(), INSTANCE, PLAIN["rms"])),
}
ALL = FINITE | {
    "context": CONTEXT,
    "context of means": TemporalContextParams(
        type="temporal_context", taus_ms=(20, 80), center=True, delay_bins=1
    ),
    "conditioned": ConditionedNormParams(type="conditioned", base=INSTANCE),
    "mixed with context": MixedNormParams(
        type="mixed", of=(PlainNormParams(type="grn"), CONTEXT), per_channel=True
    ),
}
every = pytest.mark.parametrize("kind", ALL)


class WithStatistics(keras.layers.Layer):
    """A norm that is given the statistics of its own input."""

    def __init__(self, params, **kwargs):
        super().__init__(**kwargs)
        self.statistics = StimulusStatistics(RATE)
        self.norm = make_norm(params, RATE)

    def build(self, input_shape):
        self.statistics.build(input_shape)
        self.norm.build(input_shape)
        disturb(self.norm)
        super().build(input_shape)

    def call(self, x):
        return self.norm(x, statistics=self.statistics(x))


def disturb(norm):
    """Weights of their own, so that no part of a norm is silent."""
    generator = np.random.default_rng(8)
    for weight in norm.trainable_variables:
        weight.assign_add(generator.uniform(0.1, 0.3, weight.shape))


def norm_of(kind):
    layer = WithStatistics(ALL[kind])
    layer.build((None, None, 4, 5, 3))
    return layer


def test_every_norm_of_the_options_is_here():
    assert {params.type for params in ALL.values()} == set(NORMS)


@every
def test_the_present_and_the_whole_memory_reach_the_output_and_the_future_never(kind):
    layer, x = norm_of(kind), movie(bins=7)
    slopes = reach(layer, x)
    assert slopes.shape == (7 - layer.norm.memory_bins, 7)
    lag = lags(*slopes.shape)
    np.testing.assert_array_equal(slopes[lag < 0], 0)
    assert (slopes[(lag >= 0) & (lag <= layer.norm.memory_bins)] > 0).all()
    if kind in FINITE:
        np.testing.assert_array_equal(slopes[lag > layer.norm.memory_bins], 0)


@pytest.mark.parametrize("kind", FINITE)
def test_a_segment_gives_what_its_windows_give(kind):
    norm, x = norm_of(kind).norm, movie(bins=9)
    size = norm.memory_bins + 1
    windows = [norm(x[:, t : t + size]) for t in range(10 - size)]
    np.testing.assert_allclose(norm(x), tf.concat(windows, 1), atol=1e-5)


@every
def test_samples_of_a_batch_do_not_know_each_other(kind):
    layer, x = norm_of(kind), movie()
    alone = tf.concat([layer(x[:1]), layer(x[1:])], 0)
    np.testing.assert_allclose(layer(x), alone, atol=1e-5)


@every
def test_a_norm_survives_saving_and_movies_of_any_length(kind, tmp_path):
    x = keras.Input((None, 4, 5, 3))
    statistics = StimulusStatistics(RATE)(x)
    norm = make_norm(ALL[kind], RATE)
    model = keras.Model(x, norm(x, statistics=statistics))
    disturb(norm)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for bins in (6, 9):
        x = movie(bins=bins)
        found = model(x)
        assert found.shape == norm.compute_output_shape(x.shape)
        np.testing.assert_array_equal(again(x), found)


@every
def test_statistics_are_float32_in_mixed_precision(kind):
    """The squares of a large movie are beyond what float16 can hold."""
    layer, x = norm_of(kind), 300 * movie()
    expected, statistics = layer(x), layer.statistics(x)
    config = layer.norm.get_config() | {"dtype": "mixed_float16"}
    mixed = type(layer.norm).from_config(config)
    mixed.build(x.shape)
    mixed.set_weights(layer.norm.get_weights())
    found = mixed(x, statistics=statistics)
    assert found.dtype == tf.float16
    np.testing.assert_allclose(
        tf.cast(found, tf.float32), expected, rtol=0.02, atol=0.02 * np.std(expected)
    )


@pytest.mark.parametrize("base", [INSTANCE, CONTEXT, PLAIN["layer"]])
def test_a_conditioned_norm_begins_as_its_base_and_then_follows_the_movie(base):
    params = ConditionedNormParams(type="conditioned", base=base)
    keras.utils.set_random_seed(1)
    norm, plain = make_norm(params, RATE), make_norm(base, RATE)
    x = movie()
    shape = (*x.shape[:2], N_STATISTICS)
    statistics = np.random.default_rng(0).standard_normal(shape).astype("f4")
    np.testing.assert_array_equal(norm(x, statistics=statistics), plain(x))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(norm(x, statistics=statistics) - 1))
    slope = tape.gradient(loss, norm.output_layer.kernel)
    assert np.abs(slope).max() > 0  # so it does not stay there
    norm.output_layer.kernel.assign_add(tf.ones(norm.output_layer.kernel.shape))
    assert np.abs(norm(x, statistics=statistics) - plain(x)).max() > 0.1
    changed = norm(x, statistics=statistics + 1)
    assert np.abs(norm(x, statistics=statistics) - changed).max() > 0.01


def test_statistics_of_a_longer_movie_count_from_the_end():
    params = ConditionedNormParams(type="conditioned", base=INSTANCE)
    norm, x = make_norm(params, RATE), movie(bins=9)
    norm.build(x.shape)
    disturb(norm)
    statistics = StimulusStatistics(RATE)(x)
    found = norm(x[:, 4:], statistics=statistics)
    np.testing.assert_allclose(found, norm(x, statistics=statistics)[:, 4:], atol=1e-5)


def test_a_conditioned_norm_without_statistics_is_refused():
    norm = make_norm(ALL["conditioned"], RATE)
    assert norm.needs_statistics
    with pytest.raises(ValueError, match="needs `statistics` of the movie"):
        norm(movie())


@pytest.mark.parametrize("per_channel", [False, True])
def test_a_mixture_is_the_weighted_sum_of_its_norms(per_channel):
    of = (INSTANCE, NoLayer(), PLAIN["rms"])
    params = MixedNormParams(
        type="mixed", of=of, per_channel=per_channel, incumbent=1.5, entropy_weight=0.3
    )
    norm, x = make_norm(params, RATE), movie()
    shares = np.exp([1.5, 0, 0]) / np.exp([1.5, 0, 0]).sum()
    parts = [np.asarray(make_norm(one, RATE)(x))[:, -7:] for one in of]
    expected = sum(share * part for share, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(norm(x), expected, atol=1e-5)
    assert norm.logits.shape == (3, 3 if per_channel else 1)
    entropy = -(shares * np.log(shares)).sum()
    assert float(norm.penalty()) == pytest.approx(0.3 * entropy, rel=1e-5)
    assert norm.memory_bins == 2


def test_the_penalty_of_a_mixture_makes_it_decide():
    params = MixedNormParams(
        type="mixed", of=(PLAIN["rms"], NoLayer()), incumbent=0.1, entropy_weight=1
    )
    norm = make_norm(params, RATE)
    norm.build((None, None, 4, 5, 3))
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(60):
        with tf.GradientTape() as tape:
            penalty = norm.penalty()
        optimizer.apply([tape.gradient(penalty, norm.logits)], [norm.logits])
    assert norm.shares()[0, 0] > 0.95
