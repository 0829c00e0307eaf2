"""Spike-triggered averages beside their definition, and fields that are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from v1model.cnn.field_shapes import energy_center, field_shapes, parabolic_peak
from v1model.cnn.receptive_fields import map_correlation, sta_ste

HZ = 100.0


class Shown:
    """A recording of a movie in two trials, with a hole between them."""

    path = "shown.h5"

    def __init__(self, frames, counts, valid=None, n_trials=2):
        self.frames, self.counts = frames[..., None], counts.astype(np.float32)
        self.valid = np.ones(counts.shape, bool) if valid is None else valid
        self.spec = SimpleNamespace(
            frame_shape=self.frames.shape[1:], sampling_rate=HZ, n_neurons=len(counts.T)
        )
        borders = np.linspace(0, len(frames), n_trials + 1).astype(int)
        self.trials = pd.DataFrame({"start": borders[:-1], "stop": borders[1:] - 7})

    def movie(self, start, stop):
        return self.frames[start:stop]

    def trials_of(self, parts=None, types=None):
        return self.trials


def noise(n_bins=4000, side=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.3, (n_bins, side, side)).astype(np.float32)


def gabor(side, center, phase=0.0, width=1.5, period=5.0):
    y, x = np.mgrid[:side, :side] - np.reshape(center, (2, 1, 1))
    return np.exp(-(y**2 + x**2) / (2 * width**2)) * np.cos(
        2 * np.pi * x / period + phase
    )


def filtered(frames, kernel, field):
    """The frames' projection on a field, through a causal kernel in time."""
    drive = np.tensordot(frames, field, 2)
    return np.convolve(drive, kernel)[: len(frames)]


def test_averages_follow_their_definition():
    frames = noise(120, 3)
    rng = np.random.default_rng(1)
    counts, valid = rng.poisson(0.5, (120, 2)), rng.random((120, 2)) < 0.8
    recording = Shown(frames, counts, valid)
    found = sta_ste(recording, n_lags=4)
    rows = np.concatenate([np.arange(0, 53), np.arange(60, 113)])
    z = frames - frames[rows].mean(axis=0)
    judged = [t for t in rows if t % 60 >= 3]
    for n in range(2):
        y = np.array([counts[t, n] * valid[t, n] for t in judged])
        for lag in range(4):
            past = np.stack([z[t - lag] for t in judged])
            for own, power in ((found.sta, 1), (found.ste, 2)):
                expected = np.tensordot(y, past**power, 1) / y.sum()
                np.testing.assert_allclose(own[n, lag], expected, atol=1e-5)
        assert found.n_effective[n] == pytest.approx(y.sum() ** 2 / (y**2).sum())


def test_a_linear_neuron_has_its_filter_as_average_at_the_lags_of_its_kernel():
    frames, field = noise(20_000), gabor(6, (2, 3))
    kernel = np.array([0, 0, 0.3, 1.0, 0.5, 0.0])
    rates = np.exp(filtered(frames, kernel, field))[:, None] * 0.1
    counts = np.random.default_rng(2).poisson(rates)
    truth = (kernel[:, None, None] * field)[None]
    for signal in (counts, rates):
        found = sta_ste(Shown(frames, counts), signal, n_lags=6)
        assert map_correlation(found.sta, truth)[0] > (
            0.85 if signal is counts else 0.99
        )
        assert np.argmax(found.sta[0].std(axis=(1, 2))) == 3


def test_the_energy_of_a_complex_cell_is_where_its_filters_are_and_its_average_flat():
    side, center = 12, (4.0, 7.0)
    frames = noise(20_000, side)
    kernel = np.array([0, 0.2, 1.0, 0.6])
    pair = [
        filtered(frames, kernel, gabor(side, center, phase)) for phase in (0, np.pi / 2)
    ]
    rates = (0.02 + 0.3 * (pair[0] ** 2 + pair[1] ** 2))[:, None]
    counts = np.random.default_rng(3).poisson(rates)
    found = field_shapes(sta_ste(Shown(frames, counts), n_lags=6), HZ)
    assert found.is_by_energy[0] and found.simple_index[0] > 0.2
    np.testing.assert_allclose(found.centers[0], center, atol=0.6)
    assert found.latency_ms[0] == pytest.approx(1000 / HZ * 2.2, abs=4)


def test_whitening_takes_half_of_the_blur_of_correlated_pixels_away():
    frames = ndimage.gaussian_filter(noise(20_000, 8), (0, 1.0, 1.0)) * 4
    field = gabor(8, (4, 3), width=1.0, period=3.0)
    rates = 0.2 * np.exp(1.5 * filtered(frames, [0, 1.0], field))[:, None]
    recording = Shown(frames, np.random.default_rng(4).poisson(rates))
    truth = (np.array([0, 1.0, 0])[:, None, None] * field)[None]
    scores = [
        map_correlation(sta_ste(recording, rates, n_lags=3, is_whitened=w).sta, truth)
        for w in (False, True)
    ]
    assert scores[1] > scores[0] + 0.1


def test_pixels_without_spikes_are_noise_of_unit_variance():
    frames = noise(20_000)
    counts = np.random.default_rng(5).poisson(0.3, (20_000, 4))
    found = sta_ste(Shown(frames, counts), n_lags=3)
    assert found.z_sta.std() == pytest.approx(1, abs=0.1)
    assert found.z_ste.std() == pytest.approx(1, abs=0.1)


def test_masks_and_missing_rates_do_not_count():
    frames = noise(400)
    rates = np.random.default_rng(6).gamma(1, 1, (400, 2))
    mask = np.random.default_rng(7).random((400, 2)) < 0.5
    recording = Shown(frames, rates)
    hidden = sta_ste(recording, np.where(mask, rates, np.nan), n_lags=3)
    masked = sta_ste(recording, rates, mask, n_lags=3)
    np.testing.assert_allclose(hidden.sta, masked.sta)


def test_a_silent_neuron_has_no_field():
    counts = np.zeros((400, 2))
    counts[::7, 1] = 1
    averages = sta_ste(Shown(noise(400), counts), n_lags=3)
    found = field_shapes(averages, HZ)
    assert np.isnan([found.center_y[0], found.latency_ms[0], found.snr_sta[0]]).all()
    assert np.isfinite(found.center_y[1])


@pytest.mark.parametrize("phase", [0, 0.8, np.pi / 2])
def test_the_middle_of_a_gabors_energy_is_its_centre(phase):
    field = gabor(24, (9.3, 14.6), phase, width=2.5, period=8.0)
    for noise in (0.0, 0.5):  # everywhere alike, it does not pull
        found = energy_center(field**2 + noise)
        np.testing.assert_allclose(found, (9.3, 14.6), atol=0.7)
    assert np.isnan(energy_center(np.zeros((5, 5)))).all()


def test_a_parabola_finds_the_peak_between_bins():
    t = np.arange(8)
    course = np.stack([10 - (t - 3.3) ** 2, 10 - (t - 5.0) ** 2, -t * 1.0])
    np.testing.assert_allclose(parabolic_peak(course), [3.3, 5.0, 0.0])


def test_what_cannot_be_averaged_is_refused():
    recording = Shown(noise(60), np.ones((60, 2)))
    with pytest.raises(ValueError, match="has n_lags 30 bins"):
        sta_ste(recording, n_lags=30)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        sta_ste(recording, -np.ones((60, 2)))
    with pytest.raises(ValueError, match=r"must be \(T, N\) of 60 bins"):
        sta_ste(recording, np.ones((59, 2)))


def test_maps_of_large_frames_are_of_squares_of_pixels_and_centres_of_the_frame():
    """Frames of 120 x 240 pixels once took hours: all pixels were decorrelated."""
    rng = np.random.default_rng(0)
    frames = np.repeat(np.repeat(rng.normal(size=(3000, 6, 7)), 5, 1), 5, 2)
    frames = np.pad(frames, ((0, 0), (0, 3), (0, 1))).astype(np.float32)
    drive = np.roll(frames[:, 22, 12], 2)  # 2 bins later; of square 4, 2
    counts = rng.poisson(np.exp(drive))[:, None]
    options = {"n_lags": 4, "is_whitened": True}
    found = sta_ste(Shown(frames, counts), most_pixels=50, **options)
    assert found.pixel == 5
    assert found.sta.shape == (1, 4, 6, 7)
    small = sta_ste(Shown(frames[:, 2:30:5, 2:35:5], counts), **options)
    np.testing.assert_allclose(found.sta, small.sta, atol=1e-5)
    np.testing.assert_allclose(field_shapes(found, HZ).centers, [[22, 12]], atol=0.5)
