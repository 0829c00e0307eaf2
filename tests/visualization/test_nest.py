"""Figures of the comparison with NEST: they show their arrays, and nothing is cut."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from visualization.nest import LOWEST_RATE, rate_agreement, voltage_traces

TITLES = ["e23Cux2, neuron 142", "i5Pvalb, neuron 29712"]


def traces(n_steps=400):
    rng = np.random.default_rng(0)
    nest = np.cumsum(rng.normal(size=(n_steps, 2)), axis=0) - 60
    fired = np.zeros((n_steps, 2), bool)
    fired[100] = True
    others = {"published": nest + 1.0, "exact": nest + 50.0 * fired}
    figure = voltage_traces(
        TITLES, nest, others, dict.fromkeys(others, fired), np.array([0, 250])
    )
    return figure, nest


def rates(nest_rates=(2.0, 0.0, 5.0)):
    nest_rates = np.array(nest_rates)
    here = {"published": 1.2 * nest_rates, "exact": nest_rates}
    series = dict.fromkeys(("NEST", "published", "exact"), np.array([1.0, 3.0, 2.0]))
    return rate_agreement(["e4", "i4Sst", "i6Htr3a"], nest_rates, here, series, 10)


def test_differences_are_drawn_without_the_steps_of_spikes():
    figure, nest = traces()
    upper, lower, *_ = figure.axes
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), nest[:, 0])
    by_name = dict(zip(("zero", "published", "exact"), lower.lines, strict=True))
    np.testing.assert_allclose(np.nanmax(by_name["published"].get_ydata()), 1.0)
    drawn = by_name["exact"].get_ydata()
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [100]
    assert not np.nanmax(np.abs(drawn))


def test_every_cell_has_its_own_time():
    figure, _ = traces()
    starts = [axes.get_xlim()[0] for axes in figure.axes[::2]]
    assert starts == [0, 250]


def test_rates_below_the_axis_lie_on_it():
    left, _ = rates().axes
    published = next(line for line in left.lines if line.get_label() == "published")
    np.testing.assert_allclose(published.get_xdata(), [2, LOWEST_RATE, 5])
    np.testing.assert_allclose(published.get_ydata(), [2.4, LOWEST_RATE, 6])
    low, high = left.get_ylim()
    assert low == LOWEST_RATE and high > 6


@pytest.mark.parametrize("nest_rates", [(0, 0, 0), (np.nan, 1, 2), (9, 0.2, 30)])
def test_any_rates_can_be_drawn(nest_rates):
    FigureCanvasAgg(rates(nest_rates)).draw()


@pytest.mark.parametrize("make", [lambda: traces()[0], rates])
def test_no_text_leaves_the_figure(make):
    figure = make()
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert any(titles)
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    labels = [t for t in texts if t.get_visible() and not _is_outside_limits(t)]
    for text in labels:
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
