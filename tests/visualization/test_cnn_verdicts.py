"""The figure of verdicts: what it counts, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from v1model.judging.verdicts import VERDICTS
from visualization.cnn.verdicts import COLOURS, verdict_figure

N = 12


def table(**columns):
    given = {
        "verdict": [name for name in COLOURS for _ in range(2)],
        "bps": np.linspace(-1, 1, N),
        "n_spikes": np.arange(N) * 50,
        "cc_max": np.linspace(0, 1, N),
        "train_bps": np.linspace(0, 1.2, N),
    }
    return pd.DataFrame(given | columns)


def test_each_verdict_has_its_colour():
    assert set(COLOURS) == set(VERDICTS)


def test_bars_count_the_neurons_of_each_verdict():
    verdicts = ["fine"] * 7 + ["underfitted"] * 5
    figure = verdict_figure(table(verdict=verdicts), 100)
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert bars == [7, 0, 0, 0, 0, 5]
    assert "7 of them are fine" in figure.texts[1].get_text()


def test_every_neuron_has_a_mark_in_both_panels():
    figure = verdict_figure(table(), 100)
    assert len(figure.axes) == 3
    for axes in figure.axes[1:]:
        marks = [line for line in axes.lines if len(line.get_xdata()) == 2]
        filled = [line for line in marks if line.get_marker() not in ("None", "")]
        n_drawn = sum(len(line.get_xdata()) for line in filled)
        assert n_drawn == N + 2  # and rings of the two that are overfitted
        assert min(line.get_ydata().min() for line in filled) >= -0.5


def test_without_a_ceiling_there_is_one_panel_of_neurons():
    figure = verdict_figure(table().drop(columns=["cc_max", "train_bps"]), 100)
    assert len(figure.axes) == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"verdict": ["odd"] * N}, r"verdicts must be of .*, got \['odd'\]")],
)
def test_what_is_no_verdict_is_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        verdict_figure(table(**columns), 100)
    with pytest.raises(ValueError, match="has no neuron"):
        verdict_figure(table().iloc[:0], 100)
