"""The statistics of the recent stimulus against loops in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.reach import lags, movie, reach
from v1model.cnn.stimulus_statistics import (
    BAND_EDGES_HZ,
    FLOOR,
    N_STATISTICS,
    NAMES,
    TAU_MS,
    StimulusStatistics,
)

RATE = 120.0


def low_pass(x, tau_bins):
    q, out = np.exp(-1 / tau_bins), [x[:, 0]]
    for t in range(1, x.shape[1]):
        out.append(q * out[-1] + (1 - q) * x[:, t])
    return np.stack(out, 1)


def coarse(x):
    """Means of 4 x 4 pixels; the side is a multiple of 4."""
    batch, bins, height, width, channels = x.shape
    cut = x.reshape(batch, bins, height // 4, 4, width // 4, 4, channels)
    return cut.mean((3, 5))


def squares(x):
    change = np.diff(x, axis=1, prepend=x[:, :1])
    lows = [low_pass(x, RATE / (2 * np.pi * f)) for f in BAND_EDGES_HZ]
    bands = [high - low for low, high in zip(lows, lows[1:], strict=False)]
    gradient = sum((np.diff(x, axis=i) ** 2).mean((2, 3, 4)) for i in (2, 3))
    means = [(one**2).mean((2, 3, 4)) for one in (x, change, *bands)]
    return [means[0], means[1], gradient, *means[2:]]


def reference(x):
    tau_bins = TAU_MS * RATE / 1000
    mean, columns = low_pass(x.mean((2, 3, 4)), tau_bins), []
    for part in (x, coarse(x)):
        powers = [low_pass(one, tau_bins) for one in squares(part)]
        powers[0] = powers[0] - mean**2
        columns += [np.log(np.sqrt(power + FLOOR**2)) for power in powers]
    return np.stack([mean, *columns], -1)


def test_the_statistics_are_those_of_their_names():
    x = 0.2 * movie(bins=20, height=8, width=12) + np.float32(0.3)
    found = StimulusStatistics(RATE).statistics(x)
    assert found.shape == (2, 20, N_STATISTICS)
    np.testing.assert_allclose(found, reference(x.astype(float)), atol=1e-3)


def test_the_past_and_the_present_are_seen_and_the_future_never():
    slopes = reach(StimulusStatistics(RATE), movie(bins=6))
    lag = lags(6, 6)
    np.testing.assert_array_equal(slopes[lag < 0], 0)
    assert (slopes[lag >= 0] > 0).all()


def test_contrast_speed_and_size_are_told_apart():
    """What a grating's statistics do when one property of it changes."""
    t, pixel = np.arange(120) / RATE, np.arange(32)

    def last(contrast, hertz, cycles):
        phase = 2 * np.pi * (cycles * pixel / 32 - hertz * t[:, None])
        x = contrast * np.cos(phase)[None, :, None, :, None] * np.ones((1, 1, 8, 1, 1))
        values = StimulusStatistics(RATE).statistics(x.astype("f4"))[0, -1]
        return dict(zip(NAMES, np.asarray(values), strict=True))

    base = last(0.2, 2, 2)
    strong, fast, fine = last(0.4, 2, 2), last(0.2, 8, 2), last(0.2, 2, 12)
    assert strong["std_fine"] - base["std_fine"] == pytest.approx(np.log(2), abs=0.01)
    assert base["band_1_fine"] > base["band_2_fine"] > base["band_3_fine"]
    assert fast["band_2_fine"] > fast["band_1_fine"]
    assert fast["change_fine"] > base["change_fine"] + 1
    assert fine["gradient_fine"] > base["gradient_fine"] + 1
    assert fine["std_coarse"] < base["std_coarse"] - 1


def test_a_movie_that_does_not_change_has_only_space():
    x = np.broadcast_to(movie(bins=1), (2, 9, 4, 5, 3))
    values = np.asarray(StimulusStatistics(RATE).statistics(x))
    np.testing.assert_allclose(values, values[:, :1].repeat(9, 1), atol=1e-4)
    still = [i for i, name in enumerate(NAMES) if name.startswith(("change", "band"))]
    np.testing.assert_allclose(values[..., still], np.log(FLOOR), atol=1e-2)


def test_statistics_are_scored_by_the_training_s_and_clipped():
    layer, x = StimulusStatistics(RATE), movie(bins=200)
    raw = np.asarray(layer.statistics(x))
    mean, scale = raw.mean((0, 1)), raw.std((0, 1))
    scale[3] = 0  # of one that never varied
    layer.set_normalization(mean, scale)
    scale[3] = 0.01
    expected = np.clip((raw - mean) / scale, -5, 5)
    # The beginning is another one, and is forgotten.
    np.testing.assert_allclose(layer(x)[:, -1], expected[:, -1], atol=0.05)
    assert np.abs(layer(100 * x)).max() == 5


def test_before_a_movie_begins_it_is_as_movies_usually_are():
    """A segment of a movie then begins near the scores that the whole movie has."""
    layer, x = StimulusStatistics(RATE), drifting(400)
    raw = np.asarray(layer.statistics(x))[:, 100:]
    layer.set_normalization(raw.mean((0, 1)), raw.std((0, 1)))
    grey = layer(np.zeros((1, 1, 8, 8, 1), np.float32))[0, 0].numpy()
    usual = np.exp(-1 / (TAU_MS * RATE / 1000))  # the share of it after one bin
    power = (np.exp(2 * raw.mean((0, 1))[1:]) - FLOOR**2) * usual
    expected = 0.5 * np.log(power[3:6] + FLOOR**2)  # of the bands: grey has none
    z = (expected - raw.mean((0, 1))[4:7]) / raw.std((0, 1))[4:7]
    np.testing.assert_allclose(grey[4:7], z, atol=1e-3)
    whole = layer(x)[:, 200:]
    apart = layer(x[:, 200:]) - whole
    frozen = (layer.statistics(x[:, 200:]) - layer.mean) / layer.scale
    frozen = np.clip(frozen, -5, 5) - whole
    first = slice(0, 20)
    assert np.sqrt(np.mean(apart[:, first] ** 2)) < 1.5
    assert np.mean(apart[:, first] ** 2) < np.mean(frozen[:, first] ** 2) / 4
    assert np.abs(apart[:, -1]).max() < 0.05


def drifting(n_bins):
    """Pixels that change as the pictures of a drifting eye do, all the time."""
    rng = np.random.default_rng(2)
    return low_pass(rng.standard_normal((4, n_bins, 8, 8, 1)), 4.0).astype("f4")


def test_adapted_to_its_movies_each_statistic_has_mean_zero_and_spread_one():
    layer, movies = StimulusStatistics(RATE), [movie(seed) for seed in (1, 2)]
    movies.append(0.2 * movie(3, batch=1, bins=30))
    layer.adapt(iter(movies))
    raw = np.concatenate([np.reshape(layer.statistics(x), (-1, 13)) for x in movies])
    np.testing.assert_allclose(layer.mean, raw.mean(0), rtol=1e-3)
    np.testing.assert_allclose(layer.scale, raw.std(0), rtol=1e-3)
    with pytest.raises(ValueError, match="movies must not be empty"):
        layer.adapt([])


@pytest.mark.parametrize(
    ("mean", "scale", "message"),
    [
        (np.zeros(2), np.ones(N_STATISTICS), "mean must be 13 finite numbers"),
        (np.full(N_STATISTICS, np.nan), np.ones(N_STATISTICS), "mean must be 13"),
        (np.zeros(N_STATISTICS), -np.ones(N_STATISTICS), "scale must not be negative"),
    ],
)
def test_impossible_normalizations_are_refused(mean, scale, message):
    with pytest.raises(ValueError, match=message):
        StimulusStatistics(RATE).set_normalization(mean, scale)


def test_the_normalization_is_saved_and_any_length_goes(tmp_path):
    layer = StimulusStatistics(RATE)
    model = keras.Sequential([keras.Input((None, 4, 5, 3)), layer])
    layer.set_normalization(np.arange(13), np.arange(1, 14))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for bins in (1, 6):
        x = movie(bins=bins)
        np.testing.assert_array_equal(again(x), layer(x))
    assert again.layers[0].sampling_rate == RATE


def test_a_movie_of_one_pixel_and_of_low_precision_has_statistics():
    layer = StimulusStatistics(RATE)
    assert np.isfinite(layer(movie(height=1, width=1))).all()
    assert layer(tf.zeros((1, 3, 4, 4, 1), tf.bfloat16)).dtype == tf.float32
