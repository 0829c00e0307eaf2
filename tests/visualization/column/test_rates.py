"""The figure of rates shows what it is given, and its texts do not collide."""

import itertools
import math

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from v1model.network.physiology import column_rates
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.column.rates import rate_comparison


def published(**changes):
    rates = {name: row["new_dg"] for name, row in column_rates().items()}
    return {**rates, **changes}


def texts(figure):
    axes = figure.axes[0]
    return [text for text in (*axes.texts, *figure.texts) if text.get_text()]


def test_every_population_has_a_row_with_its_rate():
    shown = [text.get_text() for text in texts(rate_comparison(published()))]
    for rate in published().values():
        assert any(text.startswith(f"{rate:.2f}") for text in shown)
    classes = [shown.count(name) for name in style.CLASS_COLOURS]
    assert sum(classes) == len(ROUGH_POPULATIONS)


def test_rates_outside_their_band_are_marked():
    figure = rate_comparison(published(i4Sst=0.05, e23=30.0, i5Sst=0.0))
    shown = [text.get_text() for text in texts(figure)]
    assert "0.05 low" in shown and "30.00 high" in shown and "0.00" in shown


def test_a_missing_rate_is_said_to_be_missing():
    rates = published(i6Sst=math.nan)
    del rates["e5"]
    shown = [text.get_text() for text in texts(rate_comparison(rates))]
    assert shown.count("no rate") == 2


@pytest.mark.parametrize(
    "rates", [published(), published(network=2.6, e6=90.0, i5Htr3a=0.0), {}]
)
def test_texts_neither_overlap_nor_leave_the_figure(rates):
    figure = rate_comparison(rates)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    labels = [label for tick, label in ticks if low <= tick <= high]
    every = [*texts(figure), axes.xaxis.label, *labels]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in every]
    for name, box in boxes:
        is_inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert is_inside, f"'{name}' leaves the figure"
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"'{one}' overlaps '{other}'"


@pytest.mark.parametrize(
    ("rates", "message"),
    [({"e9": 1.0}, r"\['e9'\]"), ({"e23": -1.0}, "rate of e23 .* got -1.0 Hz")],
)
def test_impossible_rates_are_refused(rates, message):
    with pytest.raises(ValueError, match=message):
        rate_comparison(rates)


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    rate_comparison(published())
    assert dict(matplotlib.rcParams) == before


def test_colours_follow_the_cell_class():
    assert style.class_of("e4Rorb") == style.class_of("e23") == "excitatory"
    assert style.colour_of("i5Sst") == style.CLASS_COLOURS["Sst"]
    with pytest.raises(ValueError, match="'i4Vip'"):
        style.class_of("i4Vip")
