"""Figures of the benchmarks: they show their arrays, and nothing is cut."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from visualization.benchmarks import (
    DASHES,
    METHOD_COLOURS,
    Scan,
    engine_scaling,
    memory_against_length,
    step_times,
)

CASES = {
    "5,000 neurons\n1 trial": {"stepwise": 10.0, "portable": 0.5, "compiled": 0.2},
    "51,978 neurons\n1 trial": {"stepwise": 250.0, "portable, GPU": 8.0},
}


def scan(x, floors):
    x = np.array(x, float)
    together = np.where(x > x[0], x / 2, np.nan)
    return Scan(x, x, together, 1.1 * x, {name: x / 10 for name in floors})


def scaling():
    floors = {"forward": ("bytes", "flops"), "adjoint": tuple(DASHES)}
    by_size = {name: scan([500, 5000, 51_978], floors[name]) for name in floors}
    by_rate = {name: scan([0.1, 1, 30], floors[name]) for name in floors}
    return engine_scaling(by_size, by_rate, 5000, 8)


def steps():
    return step_times(CASES, "4 x some processor; no GPU")


def memory():
    ms = np.array([300, 600, 1200])
    points = {name: (ms, k * ms / 10) for k, name in enumerate(METHOD_COLOURS, 1)}
    times = {"whole": 2.0, "segments": 2.5, "truncated": 2.4}
    return memory_against_length(points, times, 300, "4 x some processor")


def test_lines_are_the_memory_and_bars_the_time_over_that_of_the_whole():
    lines, bars = memory().axes
    np.testing.assert_array_equal(lines.lines[2].get_ydata(), [90, 180, 360])
    heights = [patch.get_height() for patch in bars.patches]
    np.testing.assert_allclose(heights, [1, 1.25, 1.2])


def test_a_bar_is_as_long_as_its_step_and_says_how_much_faster_it_is():
    (axes,) = steps().axes
    widths = [patch.get_width() for patch in axes.patches]
    assert widths == [10.0, 0.5, 0.2, 250.0, 8.0]
    words = [text.get_text() for text in axes.texts]
    assert "20 times faster" in words[1] and "50 times faster" in words[2]
    assert "faster" not in words[0] and "faster" not in words[3]


def test_points_law_and_floors_are_drawn_in_their_panels():
    figure = scaling()
    assert [len(axes.lines) for axes in figure.axes] == [5, 5, 6, 6]
    points = figure.axes[2].lines[-1]
    np.testing.assert_array_equal(points.get_ydata(), [500, 5000, 51_978])


@pytest.mark.parametrize("make", [steps, scaling, memory])
def test_no_text_leaves_the_figure(make):
    figure = make()
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert len(texts) > 5
    for text in texts:
        if text.get_visible() and not _is_outside_limits(text):
            box = text.get_window_extent(renderer)
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text
            assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, text


def _is_outside_limits(text):
    """Tick labels beyond the limits exist, but are not drawn."""
    for axes in text.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if text in (tick.label1, tick.label2):
                    return not low <= tick.get_loc() <= high
    return False
