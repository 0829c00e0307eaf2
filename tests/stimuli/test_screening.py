"""Screenings: stretches are the whole, and what is shown is what the tables say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.lgn import Movie, current_from_rates
from v1model.lgn.kernels import KERNEL_MS
from v1model.stimuli.flashes import flashed, natural_frames
from v1model.stimuli.grating_blocks import REFRESH_MS, drifting_gratings
from v1model.stimuli.gratings import Grating
from v1model.stimuli.picture_movie import (
    FRAME_MS,
    SCENE_MS,
    SPEED,
    drift,
    moving_pictures,
    repeated_movie,
)
from v1model.stimuli.screen import trial_movie
from v1model.stimuli.screening import BLANK, Screening, ScreenRates, Shown, gray
from v1model.stimuli.task_stream import task_stream

INTENSITY = 2.0


def shown_by_ms(screening):
    """Number of the frame in each ms, put down interval by interval."""
    return np.concatenate(
        [
            np.full(ms, number)
            for number, ms in zip(
                screening.numbers, screening.durations_ms, strict=True
            )
        ]
    )


def screenings(view):
    pictures = natural_frames(4, view, INTENSITY)
    film, _ = moving_pictures(600, view, INTENSITY, 0)
    return {
        "pictures": flashed(pictures, 3, 0, gray_ms=100),
        "gratings": drifting_gratings([0, 120], [0.8], 1, 0, shown_ms=600, gray_ms=300),
        "movie": repeated_movie(film, [FRAME_MS] * len(film), 2, "film", 0),
    }


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(1, 40)), min_size=1, max_size=9),
    st.data(),
)
def test_any_stretch_of_a_screening_is_that_stretch_of_the_whole(intervals, data):
    shown = [Shown([number], [ms], {"stimulus": "x"}) for number, ms in intervals]
    screening = Screening.of(lambda number: None, 4, shown)
    whole = shown_by_ms(screening)
    assert screening.duration_ms == len(whole)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    np.testing.assert_array_equal(screening.index(start, stop), whole[start:stop])
    cut = screening.cut(stop)
    np.testing.assert_array_equal(shown_by_ms(cut), whole[:stop])
    assert (cut.table["stop_ms"] <= stop).all()
    for row, (number, ms) in zip(screening.table.itertuples(), intervals, strict=True):
        assert row.stop_ms - row.start_ms == ms
        assert (whole[row.start_ms : row.stop_ms] == number).all()


@pytest.mark.parametrize("name", ["pictures", "gratings", "movie"])
def test_stretches_have_the_rates_of_the_whole_movie(name, lgn, view):
    screening = screenings(view)[name]
    movie = Movie(screening.frames(screening.numbers), screening.durations_ms)
    whole = lgn.rates(movie)
    assert np.ptp(whole, axis=0).max() > 5
    screen = ScreenRates(lgn, screening)
    for length in (KERNEL_MS + 77, 190):
        starts = range(0, screening.duration_ms, length)
        stops = [min(start + length, screening.duration_ms) for start in starts]
        parts = [screen.between(*ends) for ends in zip(starts, stops, strict=True)]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-3)


def test_rates_do_not_depend_on_how_many_frames_are_kept(lgn, view, monkeypatch):
    screening = screenings(view)["pictures"]
    roomy = ScreenRates(lgn, screening).between(0, 2000)
    monkeypatch.setattr("v1model.stimuli.screening._KEPT_BYTES", 0)
    tight = ScreenRates(lgn, screening)
    np.testing.assert_array_equal(tight.between(0, 2000), roomy)
    assert tight._n_bytes == 0


def test_every_picture_is_flashed_once_before_any_is_flashed_again(view):
    screening = flashed(natural_frames(5, view, INTENSITY), 4, seed=1, gray_ms=300)
    table = screening.table
    pictures = table[table["stimulus"] == "natural_scenes"]
    orders = pictures["frame"].to_numpy().reshape(4, 6)
    np.testing.assert_array_equal(np.sort(orders), np.tile(np.arange(-1, 5), (4, 1)))
    assert len({tuple(order) for order in orders}) > 1
    np.testing.assert_array_equal(pictures["repeat"], np.repeat(np.arange(4), 6))
    assert (pictures["stop_ms"] - pictures["start_ms"] == 250).all()
    assert (pictures["start_ms"].to_numpy()[1:] == pictures["stop_ms"][:-1]).all()
    assert list(table["stimulus"])[:: len(table) - 1] == ["spontaneous"] * 2


def test_gratings_are_drawn_at_every_refresh_and_every_condition_is_balanced():
    directions, contrasts = [0.0, 90.0, 225.0], [0.3, 0.9]
    screening = drifting_gratings(
        directions, contrasts, 2, 5, shown_ms=1000, gray_ms=200, temporal_frequency=3.0
    )
    table = screening.table[screening.table["stimulus"] == "drifting_gratings"]
    found = table.groupby(["direction", "contrast"]).size()
    assert len(found) == 6 and (found == 2).all()
    # 3 Hz come back after a second, 50 refreshes.
    assert screening.n_frames == 6 * 1000 // REFRESH_MS
    row = table.iloc[3]
    grating = Grating(row.direction, 0.04, 3.0, 0.0, row.contrast)
    expected = grating.movie(1000)
    for ms in (0, 19, 20, 517, 999):
        (number,) = screening.index(row.start_ms + ms, row.start_ms + ms + 1)
        drawn = expected[ms // REFRESH_MS * REFRESH_MS]
        np.testing.assert_allclose(screening.frame(number), drawn, atol=1e-5)


def test_the_movie_drifts_over_one_picture_and_then_another(view):
    frames, picture = moving_pictures(2 * SCENE_MS, view, INTENSITY, 3)
    assert frames.shape == (2 * SCENE_MS // FRAME_MS, 120, 240)
    assert np.abs(frames).max() <= INTENSITY
    assert len(set(picture)) == 2
    flat = frames.reshape(len(frames), -1)
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(flat[1:], flat[:-1], strict=True)]
    border = SCENE_MS // FRAME_MS - 1
    assert min(np.delete(alike, border)) > 0.85 > 0.5 > alike[border]
    again, _ = moving_pictures(2 * SCENE_MS, view, INTENSITY, 3)
    np.testing.assert_array_equal(again, frames)


def test_the_drift_has_its_speed():
    rng = np.random.default_rng(0)
    places = np.stack([drift(50, rng) for _ in range(300)])
    speed = np.diff(places, axis=1) * 1000 / FRAME_MS
    rms = np.sqrt((speed**2).sum(axis=2).mean())
    assert rms == pytest.approx(SPEED, rel=0.05)
    assert (places[:, 0] == 0).all()


@pytest.mark.parametrize("name", ["garrett", "vcd_grating", "evidence", "all"])
def test_a_stream_of_trials_shows_what_the_trials_show(name, make):
    task = make(name, seed=4)
    n, gray_ms = 5, 200
    screening = task_stream(task, "training", n, gray_ms)
    start = gray_ms
    for trial in range(n):
        member = task
        plan = None
        if name == "all":
            chosen, places = task.places("training", trial, 1, n)
            member = task.members[chosen[0]]
            plan = member.plans("training", places)
        else:
            plan = task.plan("training", trial, 1, n)
        movie = trial_movie(member, plan.pictures[0])
        index = screening.index(start, start + member.seq_len)
        shown = np.repeat(np.arange(len(movie.frames)), movie.durations_ms)
        for ms in range(0, member.seq_len, 10):
            expected = movie.frames[shown[ms]]
            np.testing.assert_allclose(
                screening.frames(index[ms : ms + 1])[0], expected, atol=1e-5
            )
        rows = screening.table[screening.table.get("trial") == trial]
        assert set(rows["stimulus"]) == {member.name}
        last = rows.iloc[-1]
        is_asked = plan.is_asked[0, -1]
        assert last["answer"] == (plan.answers[0, -1] if is_asked else -1)
        window_ms = 50 * member.timeline.windows[-1]
        assert last["answer_start_s"] == pytest.approx((start + window_ms) / 1000)
        start += member.seq_len
    assert screening.duration_ms == start + gray_ms


def test_a_stream_drives_the_lgn_as_the_trials_of_training_do(lgn, make):
    """garrett goes on from trial to trial in training, too."""
    task = make("garrett", seed=4)
    rates = ScreenRates(lgn, task_stream(task, "training", 5, 0)).between(1800, 2400)
    batch = task.batch("training", 3, 1, 5)
    np.testing.assert_allclose(current_from_rates(rates), batch.inputs[0], atol=1e-6)


def test_bars_that_move_in_a_task_move_in_the_stream(make):
    task = make("vcd_grating", seed=4, temporal_frequency=4.0)
    screening = task_stream(task, "training", 1, 0)
    row = screening.table[screening.table["stimulus"] == "vcd_grating"].iloc[0]
    numbers = screening.index(row.start_ms, row.stop_ms)
    assert len(set(numbers)) == (row.stop_ms - row.start_ms) // REFRESH_MS
    expected = task.rates.gratings[row.frame].movie(100)
    drawn = screening.frames(numbers[:: 2 * REFRESH_MS])
    np.testing.assert_allclose(drawn, expected[:: 2 * REFRESH_MS], atol=1e-5)


def test_what_a_row_does_not_say_is_told_from_what_it_says():
    rows = [*gray(10, 0), Shown([BLANK], [5], {"stimulus": "a", "block": 1, "k": 0.5})]
    table = Screening.of(lambda number: None, 0, rows).table
    assert table["k"].isna().tolist() == [True, False]
    assert table["block"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (lambda v: Screening.of(None, 0, []), "nothing is shown"),
        (lambda v: Screening.of(None, 1, [Shown([1], [5])]), r"-1\.\.0, got 1 to 1"),
        (lambda v: Screening.of(None, 1, [Shown([0], [0])]), "whole ms, got 0"),
        (lambda v: flashed(np.zeros((1, 120, 240)), 0, 0), "repeats .* got 0"),
        (lambda v: natural_frames(49, v, 1.0), r"pictures must lie in 1\.\.48, got 49"),
        (lambda v: drifting_gratings([0], [1], 1, 0, shown_ms=50), "got 50"),
        (lambda v: drifting_gratings([0], [1], 0, 0), "repeats .* got 0"),
        (lambda v: moving_pictures(30, v, 1.0, 0), "multiple of 40 ms, got 30"),
        (lambda v: repeated_movie(None, [], 0, "x"), "repeats .* got 0"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_value(shown, message, view):
    with pytest.raises(ValueError, match=message):
        shown(view)
