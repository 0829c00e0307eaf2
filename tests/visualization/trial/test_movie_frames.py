"""A few frames stand for a movie, each at its time."""

import numpy as np

from v1model.lgn import Movie
from v1model.stimuli.images import View
from visualization.trial.movie_frames import field_around, shown_in

VIEW = View(120.0, 60.0, 30.0, 20.0)


def test_pictures_are_shown_when_they_were_and_gray_is_not():
    frames = np.zeros((4, 120, 240))
    frames[1], frames[3] = 0.5, -1
    shown = shown_in(Movie(frames, [50, 100, 200, 250]), VIEW)
    assert [(one.start_ms, one.end_ms) for one in shown] == [(50, 150), (350, 600)]
    assert [one.name for one in shown] == ["100 ms", "250 ms"]
    assert shown[1].picture.shape == (20, 30) and (shown[1].picture == -1).all()


def test_of_many_frames_those_in_the_middle_of_equal_stretches_are_shown():
    frames = np.repeat(np.arange(1.0, 41), 120 * 240).reshape(40, 120, 240) / 40
    shown = shown_in(Movie(frames, [10] * 40), VIEW, most=4)
    assert [round(40 * float(one.picture.mean())) for one in shown] == [6, 16, 26, 36]
    assert [one.start_ms for one in shown] == [0, 100, 200, 300]
    assert shown[0].name == "at 50 ms"


def test_a_part_of_the_field_is_cut_at_its_edges_and_never_empty():
    assert field_around(2, 118, 10, 10) == [slice(0, 7), slice(113, 120)]
    columns, rows = field_around(120.4, 60.4, 0.1, 0.1)
    assert columns.stop - columns.start == rows.stop - rows.start == 1
