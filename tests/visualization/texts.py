"""The texts of a figure as they are drawn: where they lie, and whether they collide."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def words_of(figure):
    """What is written in a figure, without the labels of its axes."""
    axes = [*figure.axes]
    texts = [*figure.texts, *(text for ax in axes for text in ax.texts)]
    return [text.get_text() for text in texts]


def assert_texts_are_apart(figure):
    """Fails if a visible text overlaps another or leaves the figure."""
    boxes = _boxes(figure)
    assert boxes
    for text, box in boxes:
        is_inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        is_inside &= figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert is_inside, f"'{text}' leaves the figure"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"'{one}' overlaps '{other}'"


def _boxes(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    hidden = {id(text) for ax in figure.axes for text in _outside(ax)}
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def _outside(axes):
    """Labels of ticks that are not drawn: beyond the limits, or of hidden axes."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = axis.get_major_ticks() + axis.get_minor_ticks()
        for tick in ticks:
            is_drawn = axes.axison and low <= tick.get_loc() <= high
            for label in (tick.label1, tick.label2):
                if not is_drawn:
                    yield label
        if not axes.axison:
            yield from (axis.label, axis.offsetText)
