"""The norms against their equations in NumPy, float64."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.reach import movie
from v1model.cnn.norm_params import PlainNormParams, TemporalContextParams
from v1model.cnn.norms import make_norm

RATE = 120.0
EPS = 1e-5
WINDOW = 3


def built(kind, **options):
    """A norm of 3 channels whose weights are not those of the start."""
    norm = make_norm(PlainNormParams(type=kind, **options), RATE)
    norm.build((None, None, 4, 5, 3))
    generator = np.random.default_rng(4)
    for weight in norm.trainable_variables:
        weight.assign(generator.uniform(0.5, 1.5, weight.shape))
    return norm


def windows(x, n_bins):
    """The last `n_bins` frames of each bin, (B, T', n_bins, H, W, C)."""
    n_out = x.shape[1] - n_bins + 1
    return np.stack([x[:, t : t + n_bins] for t in range(n_out)], 1)


def grn(x, gain, offset):
    length = np.sqrt((windows(x, WINDOW) ** 2).mean((2, 3, 4)))[:, :, None, None]
    share = length / (length.mean(-1, keepdims=True) + EPS)
    x = x[:, WINDOW - 1 :]
    return x + gain * x * share + offset


def standardized(x, moments_of, axes, gain, offset):
    mean, variance = moments_of.mean(axes), moments_of.var(axes)
    if axes != -1:
        mean, variance = mean[:, :, None, None], variance[:, :, None, None]
    else:
        mean, variance = mean[..., None], variance[..., None]
    return gain * (x - mean) / np.sqrt(variance + EPS) + offset


def instance(x, gain, offset):
    recent = windows(x, WINDOW)
    return standardized(x[:, WINDOW - 1 :], recent, (2, 3, 4), gain, offset)


def rms(x, gain, offset):
    return gain * x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS) + offset


def lrn(x, gain, offset):
    y = np.zeros(x.shape)
    power = (x**2).sum(-1)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            near = power[:, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            around = 9 * near.mean((2, 3))
            y[:, :, i, j] = x[:, :, i, j] / (2 + 0.1 * around[..., None]) ** 0.75
    return gain * y + offset


REFERENCES = {
    "grn": grn,
    "layer": lambda x, gain, offset: standardized(x, x, -1, gain, offset),
    "rms": rms,
    "frame_instance": lambda x, gain, offset: standardized(x, x, (2, 3), gain, offset),
    "instance": instance,
    "lrn": lrn,
}
OPTIONS = {
    "grn": {"window_bins": WINDOW},
    "instance": {"window_bins": WINDOW},
    "lrn": {"window_pixels": 3, "alpha": 0.1, "k": 2},
}


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("mean", [0.0, 20.0])
def test_a_norm_computes_its_equation(kind, mean):
    x = movie(seed=5) + np.float32(mean)
    norm = built(kind, **OPTIONS.get(kind, {}))
    gain, offset = (weight.numpy().astype(float) for weight in norm.trainable_variables)
    expected = REFERENCES[kind](x.astype(float), gain, offset)
    found = norm(x)
    assert found.shape == norm.compute_output_shape(x.shape)
    np.testing.assert_allclose(found, expected, atol=2e-4, rtol=2e-5)


@pytest.mark.parametrize("kind", REFERENCES)
def test_without_an_affine_map_gain_is_one_and_offset_zero(kind):
    x, options = movie(), OPTIONS.get(kind, {})
    norm = make_norm(PlainNormParams(type=kind, affine=False, **options), RATE)
    found = norm(x)
    assert norm.trainable_variables == []
    expected = REFERENCES[kind](x.astype(float), 1, 0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_is_the_same_everywhere_has_no_spread_and_stays_finite():
    x = tf.fill((1, 4, 4, 5, 3), 3.0)
    for kind in ("layer", "frame_instance"):
        np.testing.assert_allclose(built(kind, affine=False)(x), 0, atol=1e-3)
    for kind in REFERENCES:
        norm, zeros = built(kind), tf.zeros_like(x)
        with tf.GradientTape() as tape:
            tape.watch(zeros)
            loss = tf.reduce_sum(norm(zeros) ** 2)
        assert np.isfinite(tape.gradient(loss, zeros)).all(), kind


def test_global_response_norm_begins_as_a_tenth():
    norm, x = make_norm(PlainNormParams(type="grn"), RATE), movie()
    length = np.sqrt((x.astype(float) ** 2).sum((2, 3)))[:, :, None, None]
    published = x + 0.1 * x * length / (length.mean(-1, keepdims=True) + EPS)
    np.testing.assert_allclose(norm(x), published, atol=1e-5)


def test_batch_norm_has_the_batch_in_training_and_running_means_after_it():
    norm, x = built("batch"), movie(seed=6) * 2 + 1
    gain, offset = (weight.numpy() for weight in norm.trainable_variables)
    rows = x.reshape(-1, 3).astype(float)
    mean, variance = rows.mean(0), rows.var(0)
    expected = gain * (x - mean) / np.sqrt(variance + EPS) + offset
    np.testing.assert_allclose(norm(x, training=True), expected, atol=1e-4)
    running = 0.1 * mean, 0.9 + 0.1 * variance
    expected = gain * (x - running[0]) / np.sqrt(running[1] + EPS) + offset
    np.testing.assert_allclose(norm(x, training=False), expected, atol=1e-4)


def context_reference(x, norm, taus_ms, shares, delay, center):
    """TemporalContextNorm as a loop over bins."""
    gain, offset = norm.gain.numpy().astype(float), norm.offset.numpy().astype(float)
    floor = np.log1p(np.exp(norm.raw_floor.numpy().astype(float)))
    q = np.exp(-1000 / (RATE * np.asarray(taus_ms)))

    def context(values):  # (B, T, F)
        state, past = np.repeat(values[:, :1, :, None], len(q), -1), []
        for t in range(values.shape[1]):
            state = q * state + (1 - q) * values[:, t : t + 1, :, None]
            past.append(state @ shares)
        past = np.concatenate(past, 1)
        return np.stack([past[:, max(t - delay, 0)] for t in range(x.shape[1])], 1)

    power = context((x**2).mean((2, 3, 4))[..., None])
    mean = context(x.mean((2, 3))) if center else np.zeros((*x.shape[:2], 3))
    spread = np.sqrt(floor + power - (mean**2).mean(-1, keepdims=True) + EPS)
    centred = x - mean[:, :, None, None]
    return gain * centred / spread[:, :, None, None] + offset


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("delay", [0, 2])
def test_the_temporal_context_computes_its_equation(center, delay):
    params = TemporalContextParams(
        type="temporal_context", taus_ms=(30, 200), delay_bins=delay, center=center
    )
    norm, x = make_norm(params, RATE), movie(bins=12) + np.float32(0.5)
    norm.build(x.shape)
    norm.gain.assign([0.5, 1, 2])
    norm.offset.assign([0.1, 0, -0.1])
    norm.logits.assign([1.0, 0.0])
    shares = np.exp([1, 0]) / np.exp([1, 0]).sum()
    expected = context_reference(
        x.astype(float), norm, (30, 200), shares, delay, center
    )
    np.testing.assert_allclose(norm(x), expected, atol=1e-5)


def test_the_temporal_context_learns_its_times_its_shares_and_its_floor():
    params = TemporalContextParams(type="temporal_context", taus_ms=(30, 200))
    norm, x = make_norm(params, RATE), movie(bins=12)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(norm(x) ** 2)
    for slope in tape.gradient(loss, norm.trainable_variables):
        assert np.abs(slope).min() > 0
    np.testing.assert_allclose(norm.taus_ms, [30, 200], rtol=1e-5)


def test_the_temporal_context_brings_contrasts_together():
    """Gain control: four times the contrast is much less than four times the answer."""
    norm, x = make_norm(TemporalContextParams(type="temporal_context"), RATE), movie()
    low, high = np.std(norm(0.5 * x)), np.std(norm(2 * x))
    assert 1 < high / low < 2


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_compiled_norm_gives_the_same_and_its_gradient_is_finite(kind):
    """Graphs are rewritten: a local norm's products once gave NaN in them alone."""
    norm, x = built(kind), tf.constant(movie(batch=4, bins=22, height=16, width=16))

    @tf.function
    def compiled(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = norm(x)
            loss = tf.reduce_sum(tf.square(y))
        return y, tape.gradient(loss, x)

    y, slope = compiled(x)
    np.testing.assert_allclose(y, norm(x), atol=1e-5)
    assert np.isfinite(slope).all()
