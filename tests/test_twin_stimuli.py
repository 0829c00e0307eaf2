"""Movies from which a twin of the column learns, and where they are on the screen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.column_recording import twin_stimuli
from v1model.column_recording.twin_stimuli import (
    CHECK_FRAMES,
    CHECKS,
    GREY_LEVEL,
    PHOTOGRAPHS,
    PICTURES,
    PIXELS,
    Patch,
    as_averaged,
    checks,
    contrast_of,
    draw_movie,
    gaze_of,
    movie_table,
)
from v1model.lgn.kernels import PIXELS_PER_DEGREE_X, PIXELS_PER_DEGREE_Y
from v1model.stimuli.images import View

PATCH = Patch.of(View(120.5, 60.2, 21.8, 20.2))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, PIXELS - 1), st.integers(0, PIXELS - 1))
def test_a_pixel_of_the_movie_is_on_the_screen_where_its_place_says(row, column):
    contrast = np.zeros((1, PIXELS, PIXELS), np.float32)
    contrast[0, row, column] = 1
    screen = PATCH.on_screen(contrast)[0].astype(np.float64)
    assert screen.sum() == pytest.approx(PATCH.side**2, rel=1e-5)
    y, x = (np.average(i, weights=screen) for i in np.indices(screen.shape))
    degrees = x / PIXELS_PER_DEGREE_X, y / PIXELS_PER_DEGREE_Y
    np.testing.assert_allclose(PATCH.pixels_of(*degrees), (row, column), atol=0.2)


def test_pixels_between_those_of_the_screen_are_mixed_by_area():
    patch = Patch(10.0, 20.0, 1.5)
    contrast = np.zeros((1, PIXELS, PIXELS), np.float32)
    contrast[0, 0, :2] = 1, 3
    row = patch.on_screen(contrast)[0, 21]  # 20.5 to 21.5, whole within the first row
    # The first pixel covers 10 to 11.5 of the line, the second one 11.5 to 13.
    np.testing.assert_allclose(row[9:15], [0, 0.5, 1, 3, 1.5, 0], atol=1e-6)


def test_the_movie_covers_the_view_with_a_margin():
    row, column = PATCH.pixels_of(120.5, 60.2)
    assert (row, column) == pytest.approx(((PIXELS - 1) / 2,) * 2)
    assert PATCH.degrees * PIXELS > 1.5 * 21.8


def test_no_photograph_is_in_two_parts():
    names = [name for part in PICTURES.values() for name in part]
    assert len(names) == len(set(names))
    table = movie_table(2.0, 4, 6, 0.3, 4800, 0)
    shown = table[table["type"] == PHOTOGRAPHS]
    for part, own in shown.groupby("part"):
        assert set(own["picture"]) <= set(PICTURES[part])


def test_movies_for_training_are_as_long_as_asked_for_and_those_of_the_test_repeat():
    table = movie_table(2.0, 4, 6, 0.4, 4800, 0)
    train = table[table["part"] == "train"]
    assert len(train) == 25 and (train["repeats"] == 1).all()
    assert (train["type"] == CHECKS).sum() == 10
    test = table[table["part"] == "test"]
    assert (test["repeats"] == 6).all()
    assert test["type"].value_counts().to_dict() == {PHOTOGRAPHS: 4, CHECKS: 4}


def test_a_movie_follows_from_its_number_alone():
    table = movie_table(1.0, 2, 2, 0.3, 4800, 0)
    number = int(np.flatnonzero(table["type"] == PHOTOGRAPHS)[0])
    row = table.iloc[number]
    one, again = (draw_movie(row, number, 30, 5) for _ in range(2))
    assert one.shape == (30, PIXELS, PIXELS) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert (draw_movie(row, number + 1, 30, 5) != one).mean() > 0.5
    assert (draw_movie(row, number, 30, 6) != one).mean() > 0.5


def test_photographs_have_contrast_around_grey():
    table = movie_table(2.0, 4, 2, 0.0, 4800, 0)
    rows = [draw_movie(table.iloc[k], k, 60, 0) for k in range(len(table))]
    contrast = contrast_of(np.concatenate(rows))
    assert abs(contrast.mean()) < 0.1
    assert 0.3 < contrast.std() < 0.7


def test_checks_stay_for_a_while_and_are_dark_grey_and_light_alike():
    movie = checks(3000, np.random.default_rng(0))
    levels, n = np.unique(movie, return_counts=True)
    assert levels.tolist() == [0, GREY_LEVEL, 2 * GREY_LEVEL]
    np.testing.assert_allclose(n / movie.size, 1 / 3, atol=0.01)
    changes = np.flatnonzero((movie[1:] != movie[:-1]).any(axis=(1, 2))) + 1
    np.testing.assert_array_equal(changes, np.arange(1, 1000) * CHECK_FRAMES)
    assert contrast_of(GREY_LEVEL) == 0


def test_the_eye_drifts_within_a_fixation_and_jumps_between(monkeypatch):
    gaze = gaze_of((200.0, 200.0), 2000, np.random.default_rng(0))
    moved = np.hypot(*np.diff(gaze, axis=0).T)
    is_jump = moved > 3
    longest = max(twin_stimuli.FIXATION_MS) / twin_stimuli.FRAME_MS
    assert np.diff(np.flatnonzero(is_jump)).max() < 3 * longest
    assert 40 < is_jump.sum() < 160
    speed = moved[~is_jump] * 1000 / twin_stimuli.FRAME_MS
    expected = np.sqrt(2) * twin_stimuli.DRIFT_SPEED
    assert np.sqrt((speed**2).mean()) == pytest.approx(expected, rel=0.15)


def test_checks_trigger_in_a_linear_neuron_what_is_expected_of_its_field():
    rng = np.random.default_rng(1)
    field = np.zeros((1, 6, PIXELS, PIXELS))
    field[0, 1:3, 8:13, 9:12] = rng.uniform(0.2, 2, (2, 5, 3))
    movie = contrast_of(checks(9000, rng)).reshape(9000, -1)
    drive = sum(
        np.pad(movie @ field[0, lag].ravel(), (lag, 0))[: len(movie)]
        for lag in range(6)
    )
    found = [drive[6:] @ movie[6 - lag : len(movie) - lag] for lag in range(6)]
    found = np.reshape(found, field.shape)
    expected = as_averaged(field, twin_stimuli.FRAME_MS)
    near = np.s_[:, :, 4:17, 5:16]  # elsewhere there is noise alone
    r, of_field = (
        np.corrcoef(found[near].ravel(), one[near].ravel())[0, 1]
        for one in (expected, field)
    )
    assert r > 0.97
    assert of_field < 0.9
