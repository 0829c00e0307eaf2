"""The overview of the LGN shows every class and every response."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from v1model.lgn import Movie, draw_units
from v1model.lgn.classes import lgn_classes
from v1model.stimuli.images import View
from visualization.lgn import GROUPS, lgn_movie_response, lgn_overview


@pytest.fixture(scope="module")
def units():
    """Two units of each class."""
    everything = draw_units(0)
    rows = [
        np.flatnonzero(everything.model_id == kind.model_id)[:2]
        for kind in lgn_classes()
    ]
    return everything.take(np.concatenate(rows))


def test_every_class_has_its_kernels_and_every_stimulus_its_responses(units):
    rates = np.random.default_rng(0).random((50, len(units)))
    figure = lgn_overview(units, {"picture": rates, "grating": 2 * rates})
    assert isinstance(figure, Figure)
    kernels, responses = figure.axes[:4], figure.axes[4:]
    drawn = [len(axes.get_legend().get_texts()) for axes in kernels]
    assert drawn == [4, 5, 3, 4]  # 12 plain classes, 2 composite ones of 2 subunits
    assert [axes.get_title(loc="left") for axes in responses] == ["picture", "grating"]
    for axes, factor in zip(responses, (1, 2), strict=True):
        mean = axes.get_lines()[-1].get_ydata()
        np.testing.assert_allclose(mean, factor * rates.mean(axis=1))
    for axes in figure.axes:
        assert "(ms)" in axes.get_xlabel()
    assert "(Hz" in kernels[0].get_ylabel()
    assert "(Hz)" in responses[0].get_ylabel()


def test_no_response_leaves_its_panel(units):
    rates = np.random.default_rng(0).random((50, len(units)))
    figure = lgn_overview(units, {"weak": rates, "strong": 10 * rates})
    for axes in figure.axes[4:]:
        bottom, top = axes.get_ylim()
        assert bottom == 0
        assert max(line.get_ydata().max() for line in axes.get_lines()) <= top


def test_classes_without_a_unit_are_left_out(units):
    few = units.take(units.model_id == "sON_TF4")
    figure = lgn_overview(few, {"gray": np.ones((5, len(few)))})
    assert [len(axes.get_lines()) > 1 for axes in figure.axes] == [
        *(True, False, False, False),
        True,
    ]


def test_responses_of_other_units_are_refused(units):
    with pytest.raises(ValueError, match=r"shape \(T, 28\), got \(5, 3\)"):
        lgn_overview(units, {"picture": np.ones((5, 3))})
    with pytest.raises(ValueError, match="at least one response"):
        lgn_overview(units, {})


def flash(n_ms=60, start=20):
    """Gray, then a bright square in the middle, then gray."""
    frames = np.zeros((3, 120, 240))
    frames[1, 50:70, 110:130] = 1
    return Movie(frames, [start, 10, n_ms - start - 10])


def test_the_response_to_a_movie_shows_the_rates_of_its_classes_and_maps(units):
    movie, rates = flash(), np.random.default_rng(0).random((60, len(units)))
    rates[:20] = rates[0]
    figure = lgn_movie_response(units, movie, rates, View(120, 60, 30, 20))
    screen, response, *maps, bar = figure.axes
    np.testing.assert_allclose(
        response.get_lines()[len(GROUPS)].get_ydata(), rates.mean(axis=1)
    )
    moments = [int(axes.get_title(loc="left").removesuffix(" ms")) for axes in maps]
    assert moments == sorted(moments) and moments[0] > 20  # not while nothing happens
    for axes, ms in zip(maps, moments, strict=True):
        (points,) = axes.collections
        place = np.asarray(points.get_offsets())
        order = np.argsort(rates[ms])
        np.testing.assert_allclose(place, np.c_[units.x, units.y][order])
        np.testing.assert_allclose(points.get_array(), rates[ms][order])
    assert bar.get_ylabel() == "Rate (Hz)"
    (picture,) = screen.child_axes
    assert picture.get_images()[0].get_array().max() == 1
    left, right = picture.get_position().intervalx
    start, stop = screen.transData.inverted().transform(
        screen.figure.transFigure.transform([(left, 0), (right, 0)])
    )[:, 0]
    assert 20 <= start < stop <= 30


@pytest.mark.parametrize("size", [0.0, 1.0, 500.0])
def test_the_response_to_a_movie_is_drawn_whatever_the_rates(units, size):
    rates = size * np.random.default_rng(0).random((60, len(units)))
    view = View(120, 60, 30, 20)
    figure = lgn_movie_response(units, flash(), rates, view)
    figure.canvas.draw()
    assert len([axes for axes in figure.axes if axes.collections]) >= 5


def test_rates_of_another_movie_are_refused(units):
    with pytest.raises(ValueError, match=r"must have shape \(60, 28\), got \(5, 28\)"):
        lgn_movie_response(units, flash(), np.ones((5, len(units))))
