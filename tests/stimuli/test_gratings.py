"""Gratings are measured on the movie itself."""

import numpy as np
import pytest

from v1model.stimuli.gratings import (
    Grating,
    GratingSet,
    drifting_grating,
    static_grating,
)


def test_a_grating_is_gray_on_average():
    period_ms = 500
    movie = drifting_grating(period_ms, 37.0, temporal_frequency=2.0, contrast=2.0)
    assert movie.shape == (500, 120, 240)
    assert movie.dtype == np.float32
    np.testing.assert_allclose(movie.mean(axis=0), 0, atol=1e-5)
    assert abs(movie.mean()) < 1e-6
    assert movie.max() == pytest.approx(2.0, abs=1e-3)
    assert movie.min() == pytest.approx(-2.0, abs=1e-3)


@pytest.mark.parametrize("orientation", [0.0, 36.0, 90.0, 120.0])
@pytest.mark.parametrize("frequency", [0.05, 0.1])
def test_the_spatial_frequency_is_in_cycles_per_degree(orientation, frequency):
    size = (1200, 1200)  # zeros around the frame, for a finer grid of frequencies
    frame = static_grating(orientation, spatial_frequency=frequency)
    power = np.abs(np.fft.rfft2(frame, size))
    row, column = np.unravel_index(power.argmax(), power.shape)
    across = np.array([np.fft.rfftfreq(size[1])[column], np.fft.fftfreq(size[0])[row]])
    assert np.hypot(*across) == pytest.approx(frequency, abs=1.5e-3)
    found = np.rad2deg(np.arctan2(across[1], across[0]))
    assert (found - orientation + 90) % 180 - 90 == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize("phase", [0.0, 90.0, 200.0, 340.0])
def test_the_phase_covers_the_full_period(phase):
    frame = static_grating(0.0, spatial_frequency=0.05, phase=phase)
    at_frequency = np.fft.fft(frame[0])[12]  # 240 pixels hold 12 cycles
    found = np.rad2deg(np.angle(at_frequency)) + 90  # a sine lags a cosine by 90
    assert (found - phase + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("direction", [0.0, 90.0, 135.0, 180.0, 250.0])
def test_a_grating_moves_in_its_direction_at_its_speed(direction):
    frequency, temporal = 0.05, 4.0
    movie = drifting_grating(
        2, direction, spatial_frequency=frequency, temporal_frequency=temporal
    ).astype(float)
    # Optical flow by least squares: dI/dt + v . grad I = 0, up to one dimension.
    change = movie[1] - movie[0]
    d_row, d_column = np.gradient(movie[0])
    inside = (slice(1, -1), slice(1, -1))
    along = np.cos(np.deg2rad(direction)) * d_column + (
        np.sin(np.deg2rad(direction)) * d_row
    )
    speed = -(change * along)[inside].sum() / (along**2)[inside].sum()
    expected = temporal / frequency / 1000  # degrees per ms
    assert speed == pytest.approx(expected, rel=0.03)
    across = -np.sin(np.deg2rad(direction)) * d_column + (
        np.cos(np.deg2rad(direction)) * d_row
    )
    assert np.abs(across[inside]).max() < 0.02 * np.abs(along[inside]).max()


def test_a_pixel_sees_the_temporal_frequency():
    movie = drifting_grating(1000, 20.0, temporal_frequency=3.0)
    power = np.abs(np.fft.rfft(movie[:, 60, 120])) ** 2
    assert power.argmax() == 3
    assert power[3] > 0.999 * power.sum()


def test_a_static_grating_is_the_first_frame_of_a_drifting_one():
    moving = drifting_grating(3, 70.0, phase=33.0, contrast=0.5)
    np.testing.assert_array_equal(
        static_grating(70.0, phase=33.0, contrast=0.5), moving[0]
    )


def test_every_frame_is_a_weighted_sum_of_two():
    moving = Grating(33.0, 0.08, 5.0, phase=210.0, contrast=0.7)
    frames = np.tensordot(moving.weights([0, 7, 20]), moving.quadrature(), (0, 0))
    np.testing.assert_allclose(frames, moving.movie(21)[[0, 7, 20]], atol=1e-6)


def grating_set(**changes):
    shape = {
        "orientations": np.array([10.0, 100.0, 131.5]),
        "phases": np.arange(0, 360, 30),
        "centre": (93, 41),
        "spatial_frequency": 0.05,
        "temporal_frequency": 0.0,
        "contrast": 2.0,
    }
    return GratingSet(**(shape | changes))


def test_the_phase_of_a_set_is_that_in_its_centre_whatever_the_orientation():
    gratings = grating_set()
    for number in range(36):
        frame = gratings[number].movie(1)[0]
        phase = np.deg2rad(gratings.phases[number % 12])
        assert frame[41, 93] == pytest.approx(2 * np.sin(phase), abs=1e-4)
        assert gratings[number].direction == gratings.orientations[number // 12]


def test_a_set_that_no_pixels_can_show_is_refused():
    with pytest.raises(ValueError, match="spatial_frequency must lie in .* got 0.6"):
        grating_set(spatial_frequency=0.6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration_ms": 0}, "duration_ms must be a positive whole number, got 0"),
        ({"duration_ms": 1.5}, "duration_ms must be a positive whole number, got 1.5"),
        ({"direction": np.nan}, "direction must be finite, got nan"),
        ({"spatial_frequency": 0.0}, "spatial_frequency must lie in .* got 0.0"),
        ({"spatial_frequency": 0.7}, "spatial_frequency must lie in .* got 0.7"),
        ({"contrast": -1.0}, "contrast must not be negative, got -1.0"),
    ],
)
def test_an_impossible_grating_is_refused(change, message):
    arguments = {"duration_ms": 5, "direction": 0.0} | change
    with pytest.raises(ValueError, match=message):
        drifting_grating(**arguments)
