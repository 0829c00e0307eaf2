"""Made-up trials to draw, and where the words of a figure lie."""

import itertools

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from v1model.activity import TrialActivity, events_of
from v1model.lgn.current import current_from_rates

RATES = {"none": 0.0, "normal": 4.0, "runaway": 350.0}  # Hz


def made_up(n_neurons, activity="normal", n_steps=200, traced=(), **changes):
    """A random trial with an answer due in the last of its chunks of 50 ms.

    Args:
        n_neurons: N.
        activity: One of RATES.
        n_steps: T, ms.
        traced: Neurons whose voltage is kept.
        changes: Fields of TrialActivity that are other than random.
    """
    rng = np.random.default_rng(n_neurons)
    fired = rng.random((n_steps, n_neurons)) < RATES[activity] / 1000
    step, neuron = events_of(fired)
    n_chunks = n_steps // 50
    raw = rng.random((n_chunks, 4)) + 0.1
    scale = 1 if RATES[activity] else 0
    fields = {
        "n_steps": n_steps,
        "n_neurons": n_neurons,
        "inputs": current_from_rates(scale * rng.gamma(2, 5, (n_steps, 30))),
        "spike_step": step,
        "spike_neuron": neuron,
        "traced": np.asarray(traced, int),
        "voltages": rng.normal(-60, 4 * scale, (n_steps, len(traced))),
        "outputs": scale * np.log(raw),
        "predictions": raw / raw.sum(axis=1, keepdims=True),
        "labels": rng.integers(0, 4, n_chunks),
        "is_asked": np.arange(n_chunks) == n_chunks - 1,
    }
    return TrialActivity(**{**fields, **changes})


def words_of(figure):
    """All words that a figure shows."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def boxes_of(figure):
    """The visible words of a figure and their boxes in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    hidden = {text for axes in figure.axes for text in _not_drawn(axes)}
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and text not in hidden
    ]


def _not_drawn(axes):
    """Labels of ticks beyond the limits and of an axis that is switched off."""
    for axis in (axes.xaxis, axes.yaxis):
        if not axes.axison:
            yield axis.label
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high or not axes.axison:
                yield from (tick.label1, tick.label2)


def check_words(figure):
    """Asserts that words neither overlap nor leave the figure."""
    boxes = boxes_of(figure)
    assert boxes
    for words, box in boxes:
        inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert inside, f"'{words}' leaves the figure"
        inside = figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert inside, f"'{words}' leaves the figure"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"'{one}' overlaps '{other}'"
