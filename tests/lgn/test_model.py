"""The LGN model against the published way of computing it."""

import dataclasses

import numpy as np
import pytest

from tests.lgn import reference
from v1model.lgn import (
    CURRENT_PER_PROBABILITY,
    LGN,
    Movie,
    current_from_rates,
    draw_units,
    spikes_from_rates,
)
from v1model.lgn.classes import lgn_classes
from v1model.lgn.current import rates_from_current
from v1model.lgn.kernels import make_subunits


@pytest.fixture(scope="module")
def units():
    """Two units of each class, one of them near a corner of the field."""
    everything = draw_units(11)
    rows = []
    for kind in lgn_classes():
        of_kind = np.flatnonzero(everything.model_id == kind.model_id)
        corner = (240 - everything.x + 120 - everything.y)[of_kind].argmin()
        rows += [of_kind[len(of_kind) // 2], of_kind[corner]]
    return everything.take(np.array(rows))


@pytest.fixture(scope="module")
def lgn(units):
    return LGN(units)


def noise(n_frames, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, (n_frames, 120, 240))


def test_rates_equal_the_published_algorithm(units, lgn):
    movie = noise(24).astype(np.float32)
    movie[:12] *= np.linspace(0, 4, 12, dtype=np.float32)[:, None, None]
    subunits = make_subunits(units)
    n, n_lags = len(units), subunits.kernel.shape[1]
    kernels, amplitudes = np.zeros((n, 2, n_lags)), np.ones((n, 2))
    kernels[:, 0] = subunits.kernel[:n]
    kernels[subunits.second, 1] = subunits.kernel[n:]
    expected = reference.rates(
        units, kernels, amplitudes, subunits.spontaneous[:n], movie
    )
    assert np.ptp(expected, axis=0).max() > 5
    np.testing.assert_allclose(lgn.rates(movie), expected, atol=1e-3)


def test_a_picture_that_stays_equals_its_frames_one_by_one(lgn):
    pictures = noise(3).astype(np.float32)
    movie = Movie(pictures, np.array([50, 100, 850]))
    whole = lgn.rates(movie)
    responses = np.repeat(lgn.spatial_responses(pictures), movie.durations_ms, axis=1)
    sampled = lgn.rates_from_spatial(responses, np.ones(1000, int))
    assert whole.shape == (1000, len(lgn.units))
    assert whole.dtype == np.float32
    assert np.ptp(whole) > 10
    np.testing.assert_allclose(whole, sampled, atol=1e-3)


def test_an_array_with_repeated_frames_is_recognised(lgn):
    pictures = noise(2).astype(np.float32)
    array = np.repeat(pictures, [30, 70], axis=0)
    movie = Movie.from_array(array)
    assert movie.durations_ms.tolist() == [30, 70]
    assert movie.duration_ms == 100
    np.testing.assert_array_equal(lgn.rates(array), lgn.rates(movie))


def test_a_gray_screen_gives_the_spontaneous_rates(units, lgn):
    published = {kind.model_id: kind.spontaneous_hz for kind in lgn_classes()}
    published |= {"sONsOFF_001": 4.0, "sONtOFF_001": 5.5}
    expected = [published[name] for name in units.model_id]
    rates = lgn.rates(np.zeros((20, 120, 240), np.float32))
    np.testing.assert_allclose(rates, np.tile(expected, (20, 1)), rtol=1e-6)
    np.testing.assert_allclose(lgn.spontaneous_rates, expected, rtol=1e-6)


@pytest.mark.parametrize("is_still", [True, False])
def test_the_response_never_depends_on_later_frames(lgn, is_still):
    movie = noise(160).astype(np.float32)
    if is_still:
        movie[:100], movie[100:] = movie[0], movie[130]
    changed = movie.copy()
    changed[100:] = 2
    before, after = lgn.rates(movie), lgn.rates(changed)
    np.testing.assert_allclose(before[:100], after[:100], atol=1e-3)
    assert np.abs(before[100:] - after[100:]).max() > 1


def test_time_shifts_with_the_stimulus(lgn):
    picture = noise(1).astype(np.float32)
    frames = np.concatenate([np.zeros_like(picture), picture])
    early = lgn.rates(Movie(frames, np.array([10, 290])))
    late = lgn.rates(Movie(frames, np.array([60, 290])))
    np.testing.assert_allclose(late[50:], early, atol=1e-4)


def test_on_units_like_light_and_off_units_dark(units, lgn):
    bright = np.full((1, 120, 240), 0.5, np.float32)
    light = lgn.rates(Movie(bright, np.array([60])))
    dark = lgn.rates(Movie(-bright, np.array([60])))
    inside = (np.abs(units.x - 120) < 100) & (np.abs(units.y - 60) < 40)
    for i in np.flatnonzero(inside & ~units.is_composite):
        prefers_light = light[:, i].max() > dark[:, i].max()
        assert prefers_light == ("ON" in units.model_id[i])


def test_a_selection_of_units_has_the_rates_of_the_whole(units, lgn):
    movie = Movie(noise(4).astype(np.float32), np.array([5, 40, 20, 100]))
    chosen = np.array([25, 8, 3])
    some = LGN(units.take(chosen))
    np.testing.assert_allclose(
        some.rates(movie), lgn.rates(movie)[:, chosen], atol=1e-4
    )


def test_a_plain_unit_alone_has_no_second_subunit(units):
    plain = LGN(units.take(np.flatnonzero(units.model_id == "sON_TF1")))
    assert plain.rates(noise(3).astype(np.float32)).shape == (3, 2)


def test_all_units_of_the_field_have_finite_rates():
    rates = LGN(draw_units(0)).rates(Movie(noise(1), np.array([3])))
    assert rates.shape == (3, 17400)
    assert np.isfinite(rates).all()


@pytest.mark.parametrize(
    ("frames", "durations", "message"),
    [
        (np.zeros((2, 60, 240)), [1, 1], r"must have shape \(F, 120, 240\), got"),
        (np.zeros((0, 120, 240)), [], "at least one frame"),
        (np.full((1, 120, 240), np.nan), [5], r"pixel \(0, 0\) of frame 0 is nan"),
        (np.zeros((2, 120, 240)), [1], r"2 frames need as many durations, got"),
        (np.zeros((2, 120, 240)), [1, 0], "positive whole numbers, got 0"),
        (np.zeros((1, 120, 240)), [1.5], "positive whole numbers, got 1.5"),
    ],
)
def test_an_impossible_movie_is_refused(frames, durations, message):
    with pytest.raises(ValueError, match=message):
        Movie(frames, np.array(durations))


@pytest.mark.parametrize("shape", [(120, 240), (0, 120, 240), (5, 240, 120)])
def test_an_array_of_the_wrong_shape_is_refused(lgn, shape):
    with pytest.raises(ValueError, match="movie: "):
        lgn.rates(np.zeros(shape))


def test_no_units_are_refused(units):
    with pytest.raises(ValueError, match="at least one unit"):
        LGN(units.take(slice(0, 0)))


def test_the_model_does_not_change_its_units(units):
    before = {
        field.name: getattr(units, field.name).copy()
        for field in dataclasses.fields(units)
    }
    LGN(units).rates(noise(2))
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(units, name), value)


def test_current_is_the_scaled_spike_probability():
    rates = np.array([[0.0, 1.0], [10.0, 500.0]])
    current = current_from_rates(rates)
    assert current.dtype == np.float32
    np.testing.assert_allclose(
        current, CURRENT_PER_PROBABILITY * (1 - np.exp(-rates / 1000)), rtol=1e-6
    )
    np.testing.assert_allclose(
        current_from_rates(rates, dt_ms=0.5),
        1.3 * (1 - np.exp(-rates / 2000)),
        rtol=1e-6,
    )


@pytest.mark.parametrize("dt_ms", [0.5, 1.0])
def test_the_rates_of_a_current_are_those_that_it_was_made_from(dt_ms):
    rates = np.array([[0.0, 0.01, 1.0], [10.0, 100.0, 500.0]])
    back = rates_from_current(current_from_rates(rates, dt_ms), dt_ms)
    np.testing.assert_allclose(back, rates, rtol=1e-4)


@pytest.mark.parametrize("rate", [0.5, 1.0, 5.0])
def test_spikes_have_the_rate_that_was_asked_for(rate):
    n = 4_000_000
    rates = np.full(n, rate, np.float32)
    spikes = spikes_from_rates(rates, np.random.default_rng(1))
    expected = 1 - np.exp(-rate / 1000)
    deviation = np.sqrt(expected * (1 - expected) / n)
    assert abs(spikes.mean(dtype=float) - expected) < 4 * deviation
    assert set(np.unique(spikes)) == {0.0, 1.0}
    assert spikes.dtype == np.float32
