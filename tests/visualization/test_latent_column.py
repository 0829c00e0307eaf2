"""The figure of a column that a latent model predicts."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from tests.visualization.texts import assert_texts_are_apart
from v1model.network.populations import ROUGH_POPULATIONS
from visualization.latent.column import column_prediction

WINDOWS = {"5 ms": 5, "10–20 ms": 20, "505–1000 ms": 1000}


def made_up(stimuli=("pictures", "gratings")):
    rng = np.random.default_rng(0)
    rows = []
    for signal in ("voltages", "rates"):
        for stimulus in stimuli:
            for window, stop_ms in WINDOWS.items():
                for population in (*ROUGH_POPULATIONS, "all"):
                    ceiling = np.nan if population == "i5Sst" else rng.random()
                    rows.append(
                        {
                            "signal": signal,
                            "stimulus": stimulus,
                            "window": window,
                            "stop_ms": stop_ms,
                            "population": population,
                            "judged": 3,
                            "evolver": 0.8 * ceiling,
                            "linear": 0.7 * ceiling - 2 * (population == "e4"),
                            "constant": 0.1 - ceiling,
                            "ceiling": ceiling,
                        }
                    )
    return pd.DataFrame(rows)


def test_every_population_with_a_judged_neuron_has_a_mark_at_its_r2():
    table = made_up()
    figure = column_prediction(table, "evolver", "linear")
    last = figure.axes[2]
    rows = table[(table["signal"] == "voltages") & (table["window"] == "505–1000 ms")]
    for marks, name in zip(last.collections, ("pictures", "gratings"), strict=True):
        own = rows[(rows["stimulus"] == name) & (rows["population"] != "all")]
        expected = own["evolver"].dropna()
        np.testing.assert_allclose(marks.get_offsets()[:, 0], expected)
    assert len(last.collections[0].get_offsets()) == len(ROUGH_POPULATIONS) - 1


def test_lines_are_those_of_all_neurons():
    table = made_up()
    figure = column_prediction(table, "evolver", "linear")
    everybody = table[(table["signal"] == "rates") & (table["population"] == "all")]
    own = everybody[everybody["stimulus"] == "pictures"]
    drawn = [line.get_ydata() for line in figure.axes[3].lines]
    for name in ("ceiling", "linear", "evolver"):
        expected = np.clip(own[name], -0.25, None)
        assert any(
            len(y) == 3 and np.allclose(y, expected) for y in map(np.asarray, drawn)
        )


def test_words_are_apart_and_say_what_is_what():
    figure = column_prediction(made_up(), "evolver", "linear")
    words = {text.get_text() for text in figure.findobj(Text)}
    assert {"evolver", "linear", "ceiling (other noise)", "e23"} <= words
    assert "505–1000 ms later" in words
    assert_texts_are_apart(figure)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="no column 'evolver'"):
        column_prediction(made_up().drop(columns="evolver"), "evolver", "linear")
    with pytest.raises(ValueError, match=r"stimuli \['noise'\] are unknown"):
        column_prediction(made_up(("noise",)), "evolver", "linear")
