"""Figures of comparisons show what they are given, and stand what is odd."""

import numpy as np
import pandas as pd
import pytest

from tests.comparison.fake_runs import fake_run, fake_runs
from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.comparison.comparing import compare
from visualization.comparison.curves import variant_curves
from visualization.comparison.figures import comparison_figures, write_figures
from visualization.comparison.forest import forest_plot
from visualization.comparison.prices import score_and_cost
from visualization.comparison.rates import differences_by_rate
from visualization.comparison.units import unit_scatter

ALL = ["differences", "rates", "units", "costs", "curves"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    options = {name: {"core": name} for name in ("resnet", "densenet", "plain")}
    fake_runs(folder, options, n_units=40, effects={"plain": 0.3})
    return compare([folder], against="resnet")


def test_all_figures_of_a_comparison_are_written(compared, tmp_path):
    paths = write_figures(compared, tmp_path)
    assert [path.stem for path in paths] == [f"comparison_{name}" for name in ALL]
    assert all(path.stat().st_size > 5000 for path in paths)


def test_a_row_for_each_variant_lies_at_its_difference(compared):
    figure = forest_plot(compared.differences, "resnet", "bits", "neuron")
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["plain", "densenet"]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    expected = compared.differences["difference"].iloc[1:]
    np.testing.assert_allclose(dots, expected)
    assert any("better; 100% of neurons better" in text for text in words_of(figure))


def test_wide_intervals_of_new_groups_end_in_arrows(compared):
    wide = compared.differences.assign(low_new=-50.0, high_new=50.0)
    axes = forest_plot(wide, "resnet", "bits").axes[0]
    low, high = axes.get_xlim()
    assert high - low < 2
    assert {"<", ">"} <= {line.get_marker() for line in axes.lines}


def test_bins_of_rate_are_drawn_for_each_variant(compared):
    names = list(compared.variants["variant"])
    figure = differences_by_rate(compared.by_rate, names, "bits")
    assert len(figure.axes) == 2
    assert figure.axes[0].get_xscale() == "log"
    own = compared.by_rate.query("variant == 'plain' and covariate == 'rate_hz'")
    drawn = [box.lines[0].get_ydata() for box in figure.axes[0].containers]
    assert any(np.allclose(y, own["difference"]) for y in drawn)


def test_a_bin_of_silent_neurons_is_drawn_beside_the_others(compared):
    by_rate = compared.by_rate[compared.by_rate["covariate"] == "rate_hz"].copy()
    first = by_rate["value"] == by_rate["value"].min()
    names = list(compared.variants["variant"])
    assert differences_by_rate(by_rate, names, "bits").axes[0].get_xscale() == "log"
    by_rate.loc[first, "value"] = 0.0
    axes = differences_by_rate(by_rate, names, "bits").axes[0]
    assert axes.get_xscale() == "linear"
    assert axes.get_xlim()[0] < 0


def test_curves_are_means_over_runs_and_bands_their_range():
    histories = {
        name: pd.DataFrame(
            {"epoch": [1, 2, 3], "seconds": [60, 120, 180], "val_bps": y}
        )
        for name, y in {"a": [1, 2, 3], "b": [3, 4, 5]}.items()
    }
    figure = variant_curves(histories, dict.fromkeys("ab", "x"), ["x"], "val_bps")
    epochs, minutes = figure.axes
    np.testing.assert_allclose(epochs.lines[0].get_ydata(), [2, 3, 4])
    np.testing.assert_allclose(minutes.lines[0].get_xdata(), [1, 2, 3])
    edges = epochs.collections[0].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == (1, 5)


def test_a_run_that_is_longer_goes_on_alone():
    frames = [
        pd.DataFrame({"epoch": range(1, n), "val_bps": range(1, n)}) for n in (4, 7)
    ]
    histories = dict(zip("ab", frames, strict=True))
    figure = variant_curves(histories, dict.fromkeys("ab", "x"), ["x"], "val_bps")
    assert len(figure.axes) == 1  # nobody knows the minutes
    assert [len(line.get_xdata()) for line in figure.axes[0].lines] == [4, 3]


def test_costs_of_all_variants_are_drawn_and_the_front_joined(compared):
    figure = score_and_cost(
        compared.variants, compared.runs, "operations_per_bin", "bits"
    )
    front = figure.axes[0].lines[0]
    assert len(front.get_xdata()) == compared.variants["is_pareto"].sum()
    assert np.all(np.diff(front.get_ydata()) >= 0)


def test_every_unit_is_a_point():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 300))
    figure = unit_scatter(first, second, ("a", "b"), "bits", rng.random(300) + 1)
    points = figure.axes[0].collections[0].get_offsets()
    assert len(points) == 300
    share = (second > first).mean()
    assert any(f"b is better in {share:.0%}" in text for text in words_of(figure))


def test_units_that_are_all_alike_are_drawn():
    unit_scatter(np.ones(5), np.ones(5), ("a", "b"), "bits", np.zeros(5))


def test_runs_without_scores_have_curves_alone(tmp_path):
    units = {"group": ["m"], "unit": ["n"]}
    for name in ("a", "b"):
        fake_run(tmp_path / name, {"core": name}, units, None, state="failed")
    names = [name for name, _ in comparison_figures(compare([tmp_path]))]
    assert names == ["curves"]


def test_nothing_to_draw_is_said(compared):
    alone = compared.differences.iloc[:1]
    with pytest.raises(ValueError, match="beside the baseline, resnet"):
        forest_plot(alone, "resnet", "bits")
    with pytest.raises(ValueError, match="neither rate_hz nor reliability"):
        differences_by_rate(compared.by_rate.iloc[:0], ["resnet"], "bits")
    with pytest.raises(ValueError, match="no run has an epoch"):
        variant_curves({}, {}, ["a"], "val_bps")
    with pytest.raises(ValueError, match="scores of the same units"):
        unit_scatter([1.0], [1.0, 2.0], ("a", "b"), "bits")
    with pytest.raises(ValueError, match="both a score and parameters"):
        lost = compared.variants.assign(parameters=np.nan)
        score_and_cost(lost, compared.runs, "parameters", "bits")


@pytest.mark.parametrize(("n_variants", "length"), [(2, 2), (3, 60), (12, 20)])
def test_texts_are_apart_whatever_variants_are_called(tmp_path, n_variants, length):
    options = {f"v{k}": {"core": f"{k:02d}" + "x" * length} for k in range(n_variants)}
    fake_runs(tmp_path, options, seeds=(1, 2), effects={"v1": 3.0})
    for _, figure in comparison_figures(compare([tmp_path])):
        assert_texts_are_apart(figure)


def test_scores_of_few_values_are_discs_with_their_numbers():
    first = np.repeat([0.0, 0.0, 1.0, 1.0], [30, 20, 40, 10])
    second = np.repeat([0.0, 1.0, 1.0, 0.0], [30, 20, 40, 10])
    axes = unit_scatter(first, second, ("a", "b"), "share", unit="trial").axes[0]
    (discs,) = axes.collections
    numbers = {(*text.xy,): text.get_text() for text in axes.texts}
    assert numbers == {(0, 0): "30", (0, 1): "20", (1, 0): "10", (1, 1): "40"}
    areas = dict(zip(map(tuple, discs.get_offsets()), discs.get_sizes(), strict=True))
    assert areas[0, 1] == pytest.approx(areas[1, 1] / 2)


def test_texts_beside_rows_with_equal_units_lie_in_the_figure(tmp_path):
    rows = pd.DataFrame(
        {"variant": ["base", "other"], "difference": 0.0, "low": 0.0, "high": 0.0}
        | {"low_new": np.nan, "high_new": np.nan, "verdict": "not told apart"}
        | {"share_better": 0.21, "share_worse": 0.22, "n_groups": 1, "n_units": 200}
    )
    figure = forest_plot(rows, "base", "share", "presentation", "session")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (text,) = axes.texts
    assert "21% of presentations better, 22% worse" in text.get_text()
    assert text.get_window_extent().x1 < figure.bbox.x1
    ticks = [t.get_window_extent() for t in axes.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in zip(ticks, ticks[1:], strict=False))
