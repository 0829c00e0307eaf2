"""The figure of a twin of the column."""

import numpy as np
import pandas as pd
import pytest

from tests.visualization.texts import assert_texts_are_apart
from v1model.network.populations import ROUGH_POPULATIONS
from visualization.cnn.column import column_twin


def made_up():
    rng = np.random.default_rng(0)
    rows = []
    for kind in ("backimage", "noise"):
        for population in (*ROUGH_POPULATIONS, "all"):
            ceiling = rng.uniform(0.6, 1)
            rows.append(
                {
                    "type": kind,
                    "population": population,
                    "judged": 123,
                    "corr_mean": ceiling * rng.uniform(0.5, 1),
                    "corr_other": 0.1,
                    "cc_max": ceiling,
                }
            )
    wired = rng.uniform(8, 16, (60, 2))
    fields = pd.DataFrame({"population": np.resize(ROUGH_POPULATIONS, 60)})
    fields[["wired_y", "wired_x"]] = wired
    fields[["model_y", "model_x"]] = wired + rng.normal(0, 1, (60, 2))
    fields[["data_y", "data_x"]] = wired + rng.normal(0, 1, (60, 2))
    for name in ("sta_corr", "wired_corr", "model_wired_corr"):
        fields[name] = rng.uniform(0.3, 1, 60)
    maps = {f"e4 {k}": (*rng.normal(0, 1, (3, 24, 24)), (10.0, 12.0)) for k in range(8)}
    return pd.DataFrame(rows), fields, maps


def test_bars_are_as_high_as_the_correlations_and_their_ceilings():
    scores, fields, maps = made_up()
    axes = column_twin(scores, fields, maps).axes[0]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    for number, kind in enumerate(("backimage", "noise")):
        own = scores[scores["type"] == kind]
        np.testing.assert_allclose(heights[2 * number], own["cc_max"])
        np.testing.assert_allclose(heights[2 * number + 1], own["corr_mean"])
        lines = axes.collections[number].get_segments()
        np.testing.assert_allclose([line[:, 1] for line in lines], 0.1)


def test_every_neuron_with_wiring_is_a_dot():
    scores, fields, maps = made_up()
    fields.loc[:9, ["wired_y", "wired_x"]] = np.nan
    axes = column_twin(scores, fields, maps).axes[1]
    dots = axes.collections[0].get_offsets()
    np.testing.assert_allclose(dots, fields.loc[10:, ["wired_x", "model_x"]])


def test_maps_are_drawn_with_their_places():
    scores, fields, maps = made_up()
    axes = column_twin(scores, fields, maps).axes
    pictures = [one for one in axes if one.images]
    assert len(pictures) == 3 * len(maps)
    first = maps["e4 0"]
    np.testing.assert_array_equal(pictures[1].images[0].get_array(), first[1])
    assert pictures[0].lines[0].get_xydata().tolist() == [[12.0, 10.0]]


def test_words_do_not_overlap():
    assert_texts_are_apart(column_twin(*made_up()))


def test_a_missing_column_is_named():
    scores, fields, maps = made_up()
    with pytest.raises(ValueError, match="no column 'cc_max'"):
        column_twin(scores.drop(columns="cc_max"), fields, maps)
    with pytest.raises(ValueError, match="no column 'sta_corr'"):
        column_twin(scores, fields.drop(columns="sta_corr"), maps)
    with pytest.raises(ValueError, match="at least one map"):
        column_twin(scores, fields, {})
