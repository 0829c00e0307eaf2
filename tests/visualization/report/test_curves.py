"""Charts of a report put each value where its axes say."""

import html
import json
import re

import numpy as np
import pytest

from visualization.report.curves import MOST_POINTS, Chart, Curve, chart_html, thinned


def chart(steps, *values, limits=None):
    curves = (
        Curve(f"curve {k}", np.array(y, float), "#000000") for k, y in enumerate(values)
    )
    return Chart("title", "Hz", np.asarray(steps), tuple(curves), limits)


def ruler(text, pattern, axis):
    """The axis read from its labels: a function from pixels to values."""
    found = re.findall(pattern, text)
    pixels, values = np.array([[float(a), float(b)] for a, b in found]).T
    assert len(values) >= 2, f"{axis} has fewer than two labels"
    slope, shift = np.polyfit(pixels, values, 1)
    np.testing.assert_allclose(slope * pixels + shift, values, atol=abs(slope))
    return lambda pixel: slope * pixel + shift, abs(slope)


def read_back(text):
    """Points of each curve, read with the labels of the axes, and their precision."""
    across, dx = ruler(
        text, r'<text x="([\d.]+)" y="\d+" text-anchor="middle">([\d.e+-]+)<', "x"
    )
    up, dy = ruler(
        text, r'y="([\d.]+)" dy="0.35em" text-anchor="end">([\d.e+-]+)<', "y"
    )
    lines = re.findall(r'<polyline [^>]*points="([^"]*)"', text)
    points = [np.array([p.split(",") for p in line.split()], float) for line in lines]
    return [(across(p[:, 0]), up(p[:, 1])) for p in points], dx, dy


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_points_lie_where_the_labels_of_the_axes_say(scale):
    steps = [0, 50, 100, 400]
    first, second = (
        scale * np.array([3.0, 1, 4, 1.5]),
        scale * np.array([-2.0, 7, 1, 8]),
    )
    curves, dx, dy = read_back(chart_html(chart(steps, first, second)))
    for (x, y), values in zip(curves, (first, second), strict=True):
        np.testing.assert_allclose(x, steps, atol=dx)
        np.testing.assert_allclose(y, values, atol=dy)


def test_values_that_are_not_finite_are_left_out():
    text = chart_html(chart([0, 1, 2, 3], [1, np.nan, np.inf, 2], [np.nan] * 4))
    curves, *_ = read_back(text)
    ((x, _),) = curves
    np.testing.assert_allclose(x, [0, 3], atol=0.05)
    assert "curve 1" not in text
    assert "nan" not in text and "inf" not in text


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [2.0, np.nan]])
def test_one_point_or_one_value_has_axes_too(values):
    text = chart_html(chart(np.arange(len(values)), values))
    curves, _, dy = read_back(text)
    np.testing.assert_allclose(curves[0][1], values[0], atol=dy)


def test_limits_are_inside_the_axis():
    text = chart_html(chart([0, 1], [0.4, 0.6], limits=(0, 1)))
    labels = re.findall(r'text-anchor="end">([\d.]+)<', text)
    assert {float(label) for label in labels} >= {0.0, 1.0}


def test_an_interval_is_drawn_around_its_curve():
    y = np.array([0.5, 0.6])
    curve = Curve("c", y, "#000000", low=y - 0.1, high=y + 0.3)
    text = chart_html(Chart("t", "", np.array([0, 1]), (curve,), (0, 1)))
    up, dy = ruler(text, r'y="([\d.]+)" dy="0.35em" text-anchor="end">([\d.]+)<', "y")
    points = re.search(r'<polygon [^>]*points="([^"]*)"', text).group(1).split()
    heights = up(np.array([float(p.split(",")[1]) for p in points]))
    np.testing.assert_allclose(heights, [0.8, 0.9, 0.5, 0.4], atol=dy)


def test_the_script_gets_the_values_that_are_drawn():
    steps, y = [0, 10, 123456], [1.25, np.nan, 3.5]
    text = chart_html(chart(steps, y))
    data = json.loads(html.unescape(re.search(r'data-chart="([^"]*)"', text).group(1)))
    assert data["steps"] == steps
    assert data["curves"] == [{"name": "curve 0", "y": [1.25, None, 3.5]}]
    drawn = re.search(r'points="([^"]*)"', text).group(1).split()
    pixels = [float(point.split(",")[0]) for point in drawn]
    np.testing.assert_allclose([data["pixels"][0], data["pixels"][2]], pixels, atol=0.1)


@pytest.mark.parametrize("n", [1, MOST_POINTS, MOST_POINTS + 1, 100_000])
def test_long_curves_are_thinned_but_keep_their_ends(n):
    rows = thinned(n)
    assert len(rows) == min(n, MOST_POINTS)
    assert rows[0] == 0 and rows[-1] == n - 1
    assert np.all(np.diff(rows) > 0)
    assert np.ptp(np.diff(rows)) <= 1 if n > 1 else True


def test_the_vertical_axis_ends_with_labels():
    for low, high in ((0.0039, 0.0226), (2.35, 2.69), (1.0, 1.5), (-3, 970)):
        text = chart_html(chart([0, 1], [low, high]))
        labels = re.findall(r'text-anchor="end">([\d.e+-]+)<', text)
        assert float(labels[0]) <= low and float(labels[-1]) >= high
        assert len(labels) <= 6
