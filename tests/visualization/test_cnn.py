"""Figures of read-out models show the numbers that they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.cnn.receptive_fields import TriggeredAverages
from v1model.cnn.saccades import SaccadeResponses
from visualization.cnn.curves import training_curves, transfer_curves
from visualization.cnn.fields import field_maps
from visualization.cnn.matrix import PANELS, generalisation_heatmap
from visualization.cnn.options import BETTER, UNSURE, WORSE, option_deltas
from visualization.cnn.oracle import oracle_scatter
from visualization.cnn.saccades import saccade_curves
from visualization.cnn.traces import example_traces

RNG = np.random.default_rng(0)


def scores(n=12):
    best = np.linspace(0.6, 1.5, n)
    share = np.linspace(0.2, 0.95, n)
    kinds = np.resize(["simple", "complex", "normalised"], n)
    return pd.DataFrame(
        {"bps": share * best, "oracle_bps": best, "oracle_share": share, "kind": kinds}
    )


def averages(n=3, lag=2):
    maps = np.zeros((n, 5, 6, 6))
    maps[:, lag, 2, 3] = 1 + np.arange(n)
    power = np.full((6, 6), 0.1)
    return TriggeredAverages(maps, maps**2 + power, power, np.full(n, 50.0))


def test_a_point_per_neuron_and_the_median_share_of_each_kind():
    table = scores()
    table.loc[1, "bps"] = np.nan
    figure = oracle_scatter(table)
    scatter, beside = figure.axes
    drawn = np.concatenate(
        [line.get_xydata() for line in scatter.lines if line.get_linestyle() == "None"]
    )
    known = table.dropna()
    expected = known[["oracle_bps", "bps"]].sort_values("oracle_bps")
    np.testing.assert_allclose(drawn[np.argsort(drawn[:, 0])], expected)
    median = table[table["kind"] == "simple"]["oracle_share"].median()
    assert f"{median:.2f}" in [text.get_text() for text in beside.texts]
    assert any("1 without spikes are left out" in words for words in words_of(figure))
    assert_texts_are_apart(figure)


def test_neurons_of_unknown_kinds_are_drawn_too():
    assert_texts_are_apart(oracle_scatter(scores().drop(columns="kind")))
    with pytest.raises(ValueError, match="no neuron has both"):
        oracle_scatter(scores().assign(bps=np.nan))


def test_traces_are_in_hertz_over_seconds():
    counts = RNG.poisson(0.1, (240, 3))
    rates = np.full((240, 3), 0.25)
    rates[:10] = np.nan
    names = ["best", "median", "worst"]
    figure = example_traces(counts, rates, 120.0, names, rates / 2)
    truth, model = figure.axes[0].lines
    np.testing.assert_allclose(model.get_ydata()[10:], 30)
    np.testing.assert_allclose(truth.get_ydata()[10:], 15)
    assert model.get_xdata()[-1] == pytest.approx(239 / 120)
    assert set(names) <= set(words_of(figure))
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="2 neurons cannot have shapes"):
        example_traces(counts, rates, 120.0, ["one", "two"])


def test_maps_are_those_of_the_peak_lag_with_the_true_centre():
    data, model = averages(), averages(lag=3)
    centers = np.array([[2.0, 3.0]] * 3)
    figure = field_maps(data, model, ["a", "b", "c"], 100.0, centers)
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.images[0].get_array(), data.sta[0, 2])
    np.testing.assert_array_equal(second.images[0].get_array(), model.sta[0, 2])
    assert first.lines[0].get_xydata().tolist() == [[3.0, 2.0]]
    assert_texts_are_apart(figure)
    assert "cross" not in "".join(words_of(field_maps(data, model, ["a"] * 3, 100.0)))
    with pytest.raises(ValueError, match="2 names cannot be of 3 and 3"):
        field_maps(data, model, ["a", "b"], 100.0)


@pytest.mark.parametrize(("n_spikes", "fading"), [(5.0, 2**0.5), (5e4, 1.0)])
def test_maps_are_pale_where_those_of_the_spikes_are_near_noise(n_spikes, fading):
    own = averages(1)._replace(n_effective=np.full(1, n_spikes))
    axes = field_maps(own, own, ["a"], 100.0).axes
    for (image,) in (one.images for one in axes[:2]):
        # 1 is 7.07 standard errors of 5 spikes' mean; 10 are saturated.
        assert image.norm.vmax == pytest.approx(fading)


def test_curves_around_saccades_are_in_hertz():
    times = np.arange(-20, 41) * 10.0
    one = SaccadeResponses(times, np.full((5, 61), 0.1), 40)
    other = SaccadeResponses(times, np.full((5, 61), 0.2), 40)
    figure = saccade_curves(one, other, list("abcde"), 100.0)
    pale, grey, blue = figure.axes[0].lines[1:]
    np.testing.assert_allclose(pale.get_ydata(), 10)
    np.testing.assert_allclose(grey.get_ydata(), 10)
    np.testing.assert_allclose(blue.get_ydata(), 20)
    assert len(figure.axes) == 5
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="1 names cannot be"):
        saccade_curves(one, other, ["a"], 100.0)


def test_one_column_has_room_for_words_and_the_worst_score_does_not_take_all_colours():
    numbers = {name: [0.8, -6.0] for name, *_ in PANELS}
    matrix = pd.DataFrame({"train": ["a", "b"], "test": "gaborium", **numbers})
    figure = generalisation_heatmap(matrix)
    assert_texts_are_apart(figure)
    image = figure.axes[0].images[0]
    assert (image.norm.vmin, image.norm.vmax) == (-0.8, 0.8)


def test_the_heat_map_writes_each_number_in_its_cell():
    rows = [
        {"train": a, "test": b, "bps_mean": k / 4, "corr_mean": np.nan}
        for k, (a, b) in enumerate(
            [(a, b) for a in ("natural", "gabor") for b in ("gabor", "natural")]
        )
    ]
    figure = generalisation_heatmap(pd.DataFrame(rows))
    assert len(figure.axes) == 1, "a panel without numbers is left out"
    texts = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert texts == {(0, 0): "0.00", (1, 0): "0.25", (0, 1): "0.50", (1, 1): "0.75"}
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no row"):
        generalisation_heatmap(pd.DataFrame({"train": []}))


def test_options_are_compared_with_the_baseline_of_their_seed():
    rows = [
        {
            "option": option,
            "seed": s,
            "bps_mean": bps + 0.1 * s,
            "minutes": minutes,
        }
        for option, bps, minutes in (
            ("baseline", 0.5, 3.0),
            ("better", 0.6, 4.0),
            ("worse", 0.4, 3.0),
        )
        for s in (1, 2, 3)
    ]
    figure = option_deltas(pd.DataFrame(rows))
    bits, minutes = figure.axes
    widths = [bar.get_width() for bar in bits.patches]
    np.testing.assert_allclose(widths, [0.1, -0.1])
    colours = [bar.get_facecolor()[:3] for bar in (*bits.patches, *minutes.patches)]
    assert colours == [to_rgb(c) for c in (BETTER, WORSE, WORSE, UNSURE)]
    dots = [line for line in bits.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [3, 3]
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match=r"without one: \[1, 2, 3\]"):
        option_deltas(pd.DataFrame(rows), baseline="none")


def test_what_one_seed_says_has_no_colour_and_very_long_bars_are_cut_off():
    changes = {"baseline": 0.0, "a": 0.01, "b": -0.02, "c": 0.02, "far": -5.0}
    table = pd.DataFrame(
        {"option": option, "seed": 1, "bps_mean": 1 + x, "corr_mean": 0.3}
        for option, x in changes.items()
    )
    bits, flat = option_deltas(table).axes
    assert {bar.get_facecolor()[:3] for bar in bits.patches} == {to_rgb(UNSURE)}
    low, high = bits.get_xlim()
    assert -high == low > -0.1
    assert [text.get_text() for text in bits.texts] == ["-5"]
    assert not flat.texts  # where nothing changes


def test_training_curves_leave_copies_and_missing_columns_out():
    table = {
        "epoch": [1, 2, 3],
        "total": [3.0, 2.0, 1.0],
        "poisson": [3.0, 2.0, 1.0],
        "val_bps": [0.1, 0.2, 0.3],
        "val_bps_one": [0.1, 0.3, 0.4],
        "learning_rate": [1e-3, 1e-3, 1e-4],
    }
    figure = training_curves(table)
    assert [len(axes.lines) for axes in figure.axes] == [1, 2, 1]
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), table["val_bps"])
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no epoch"):
        training_curves({"epoch": []})


def test_transfer_curves_are_means_over_recordings_by_share():
    rows = [
        {
            "share": share,
            "method": method,
            "recording": recording,
            "bps_mean": share * gain,
            "corr_mean": share,
            "seconds": 10 * share,
        }
        for share in (0.01, 0.1, 1.0)
        for method, gain in (("refit", 1.0), ("from scratch", 0.5))
        for recording in "ab"
    ]
    figure = transfer_curves(pd.DataFrame(rows))
    line = next(
        one for one in figure.axes[0].lines if one.get_label() == "from scratch"
    )
    np.testing.assert_allclose(line.get_ydata(), [0.005, 0.05, 0.5])
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no row"):
        transfer_curves(pd.DataFrame())
