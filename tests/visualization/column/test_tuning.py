"""The figure of tuning shows medians, shares and offsets that are given to it."""

import numpy as np
import pytest

from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.network.physiology import physiology_targets
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.column.population_rows import population_rows
from visualization.column.tuning import Offsets, Selectivity, tuning_distributions

RNG = np.random.default_rng(0)
OFFSETS = Offsets(RNG.normal(180, 20, 300) % 360 - 180, RNG.normal(0, 9, 400))


def selectivities(n=200, rng=RNG):
    return {
        name: Selectivity(rng.beta(2, 6, n), rng.beta(2, 20, n), k / 100)
        for k, name in enumerate(ROUGH_POPULATIONS)
    }


def lines_of(axes, marker, colour):
    """Positions of the markers of a colour, in order of drawing."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if line.get_marker() == marker and line.get_color() == colour
    ]


def test_the_dots_are_the_medians_of_the_cells_and_of_chance():
    osi, dsi = selectivities(), selectivities()
    figure = tuning_distributions(osi, dsi, OFFSETS)
    for axes, values in zip(figure.axes[:2], (osi, dsi), strict=True):
        for name, y in population_rows().items():
            for part, colour, side in (
                (values[name].measured, style.colour_of(name), -0.15),
                (values[name].untuned, style.FAINT, 0.15),
            ):
                expected = pytest.approx((np.median(part), y + side))
                assert any(dot == expected for dot in lines_of(axes, "o", colour))


def test_the_bars_and_ticks_are_the_published_numbers():
    figure = tuning_distributions(selectivities(), selectivities(), OFFSETS)
    for axes, index in zip(figure.axes[:2], ("OSI", "DSI"), strict=True):
        drawn = [np.round(line.get_xdata(), 6).tolist() for line in axes.lines]
        for target in physiology_targets().values():
            quartiles = [target[f"np_{index}_q25"], target[f"np_{index}_q75"]]
            assert quartiles in drawn
            assert [target[f"np_{index}_median"]] in drawn
            assert 2 * [target[f"bil_{index}_median"]] in drawn


def test_the_share_beyond_chance_stands_beside_its_row():
    figure = tuning_distributions(selectivities(), selectivities(), OFFSETS)
    for axes in figure.axes[:2]:
        percents = [text for text in axes.texts if "%" in text.get_text()]
        shares = {text.get_position()[1]: text.get_text() for text in percents}
        for k, y in enumerate(population_rows().values()):
            assert shares[y] == f"{k} %"


def test_the_distribution_has_the_shape_of_the_values():
    osi = selectivities()
    osi["e4"] = Selectivity(np.full(50, 0.71), np.full(50, 0.31), 1.0)
    axes = tuning_distributions(osi, osi, OFFSETS).axes[0]
    y = population_rows()["e4"]
    peaks = []
    for shape in axes.collections:
        points = shape.get_paths()[0].vertices
        far = np.abs(points[:, 1] - y)
        if far.max() < 0.5:
            peaks.append(points[np.argmax(far), 0])
    assert sorted(peaks) == pytest.approx([0.31, 0.71], abs=0.011)


def test_the_offsets_are_the_shares_of_the_cells():
    figure = tuning_distributions({}, {}, OFFSETS)
    for axes, values in zip(figure.axes[3:], OFFSETS, strict=True):
        (stairs,) = axes.patches
        heights, edges, _ = stairs.get_data()
        assert heights.sum() == pytest.approx(100)
        turned = (values - edges[0]) % (edges[-1] - edges[0]) + edges[0]
        expected = 100 * np.histogram(turned, edges)[0] / len(values)
        np.testing.assert_allclose(heights, expected)
        assert f"{len(values)} excitatory cells" in axes.get_title("left")


def test_missing_and_silent_populations_are_said_in_words():
    osi = selectivities()
    osi["i5Htr3a"] = Selectivity(np.array([]), np.array([]), np.nan)
    del osi["i4Sst"]
    words = words_of(tuning_distributions(osi, osi, OFFSETS))
    assert words.count("silent") == words.count("no cells") == 2
    assert not any("nan" in word for word in words)


@pytest.mark.parametrize("n", [0, 1, 5, 200])
def test_texts_neither_overlap_nor_leave_the_figure(n):
    nothing = Offsets(np.array([]), np.array([]))
    values = selectivities(n)
    assert_texts_are_apart(
        tuning_distributions(values, values, OFFSETS if n else nothing)
    )


def test_impossible_selectivity_is_refused():
    with pytest.raises(ValueError, match=r"\['e9'\]"):
        tuning_distributions({"e9": selectivities()["e4"]}, {}, OFFSETS)
    wrong = Selectivity(np.array([0.1, 1.5]), np.array([]), 0.5)
    with pytest.raises(ValueError, match=r"of e4 must lie in 0..1, got 0.1 to 1.5"):
        tuning_distributions({}, {"e4": wrong}, OFFSETS)
