"""Figures of units show the numbers that are given to them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.presentations.responses import MeanResponses
from visualization import style
from visualization.presentations import correlations, unit_responses, unit_rows
from visualization.presentations.correlations import correlation_matrix
from visualization.presentations.unit_responses import tuning_curve, unit_psth
from visualization.presentations.unit_rows import firing_rates, noise_ceilings

RNG = np.random.default_rng(0)
AREAS = np.array(["VISp"] * 40 + ["VISl"] * 30 + ["LP"] * 20)
N = len(AREAS)


def responses(n_bins=None, n_classes=12):
    shape = (n_classes, 2) if n_bins is None else (n_classes, n_bins, 2)
    mean = RNG.gamma(2, 5, shape)
    classes = np.arange(n_classes) - 1
    return MeanResponses(classes, mean, mean / 5, np.full((n_classes, 2), 50))


def dots(axes, colour):
    lines = [ln for ln in axes.lines if ln.get_marker() == "o"]
    lines = [ln for ln in lines if to_hex(ln.get_color()) == colour.lower()]
    return np.concatenate([ln.get_xydata() for ln in lines])


def test_the_map_of_a_psth_has_the_rates_with_the_best_class_at_the_top():
    given = responses(n_bins=7)
    figure = unit_psth(given, 1, 0.25, "Unit 5")
    order = np.argsort(-given.mean[:, :, 1].mean(axis=1))
    axes = figure.axes[0]
    shown = axes.collections[0].get_array().reshape(12, 7)
    np.testing.assert_allclose(shown, given.mean[order, :, 1])
    assert axes.yaxis_inverted()
    assert f"class {given.classes[order[0]]}" in words_of(figure)
    assert_texts_are_apart(figure)


def test_the_courses_of_a_psth_are_the_best_class_and_the_mean():
    given = responses(n_bins=7)
    axes = unit_psth(given, 0, 0.25).axes[-1]
    rates = given.mean[:, :, 0]
    best = rates[rates.mean(axis=1).argmax()]
    drawn = [patch.get_data() for patch in axes.patches]
    for expected in (best, rates.mean(axis=0)):
        assert any(np.allclose(data.values, expected) for data in drawn)
    np.testing.assert_allclose(drawn[0].edges, np.linspace(0, 250, 8))


def test_a_tuning_curve_falls_and_names_the_best_classes():
    given = responses()
    figure = tuning_curve(given, 0, "Unit 5", blank=-1)
    order = np.argsort(-given.mean[:, 0])
    best = ", ".join(map(str, given.classes[order[: unit_responses.NAMED]]))
    words = words_of(figure)
    assert f"best: {best}" in words
    assert f"blank, {given.mean[0, 0]:.1f} Hz" in words
    shown = dots(figure.axes[0], style.INK)
    np.testing.assert_allclose(shown[:, 1], given.mean[order, 0])
    bars = figure.axes[0].collections[0].get_segments()
    lengths = [bar[1, 1] - bar[0, 1] for bar in bars]
    np.testing.assert_allclose(lengths, 2 * given.sem[order, 0])
    assert_texts_are_apart(figure)


def test_a_unit_that_was_never_valid_and_an_unknown_blank_are_refused():
    given = responses()
    with pytest.raises(ValueError, match="blank 99 is none of 12 classes"):
        tuning_curve(given, 0, blank=99)
    nothing = given._replace(mean=np.full_like(given.mean, np.nan))
    with pytest.raises(ValueError, match="valid in no presentation"):
        tuning_curve(nothing, 0)


def a_correlation():
    values = RNG.normal(0, 0.1, (N, N))
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1)
    return values


def test_the_matrix_is_ordered_by_area_and_keeps_every_pair():
    given, mixed = a_correlation(), RNG.permutation(N)
    figure = correlation_matrix(given, AREAS[mixed], "Noise", "Noise correlation")
    axes = figure.axes[0]
    shown = np.ma.filled(axes.images[0].get_array(), np.nan)
    order = np.argsort(AREAS[mixed], kind="stable")
    expected = given[np.ix_(order, order)]
    off = ~np.eye(N, dtype=bool)
    np.testing.assert_array_equal(shown[off], expected[off])
    assert np.isnan(np.diag(shown)).all()
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["LP", "VISl", "VISp"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["20", "30", "40"]
    low, high = axes.images[0].get_clim()
    assert low == -high
    assert_texts_are_apart(figure)


def test_medians_within_and_between_areas_are_written():
    given = a_correlation()
    pairs = np.triu_indices(N, 1)
    is_within = AREAS[pairs[0]] == AREAS[pairs[1]]
    words = words_of(correlation_matrix(given, AREAS))
    for name, chosen in (("within an area", is_within), ("between", ~is_within)):
        median = np.median(given[pairs][chosen])
        expected = f"{name}: median {median:.3f}\n{chosen.sum():,} pairs"
        assert expected in words


def test_one_area_has_no_pairs_between_and_wrong_shapes_are_refused():
    figure = correlation_matrix(a_correlation(), ["VISp"] * N)
    assert not any("between" in word for word in words_of(figure))
    assert correlations.BETWEEN not in {ln.get_color() for ln in figure.axes[-1].lines}
    with pytest.raises(ValueError, match=r"must be \(3, 3\).* got \(90, 90\)"):
        correlation_matrix(a_correlation(), AREAS[:3])
    with pytest.raises(ValueError, match="of at least two"):
        correlation_matrix(np.ones((1, 1)), ["VISp"])


def test_every_unit_that_fires_is_a_dot_at_its_rate():
    rates = RNG.lognormal(1, 1, N)
    rates[[0, 50]] = 0, np.nan
    figure = firing_rates(rates, AREAS)
    axes = figure.axes[0]
    shown = dots(axes, unit_rows.DOTS)
    expected = np.concatenate([rates[a == AREAS] for a in ("VISp", "VISl", "LP")])
    np.testing.assert_allclose(shown[:, 0], expected[expected > 0])
    rows = np.repeat([0, 1, 2], [39, 29, 20])
    np.testing.assert_array_equal(np.round(shown[:, 1]), rows)
    words = words_of(figure)
    assert f"{rates[:40].mean():.1f}" in words and words.count("1") == 1
    medians = [ln.get_xdata()[0] for ln in axes.lines if ln.get_marker() == "|"]
    here = rates[:40][rates[:40] > 0]
    assert 10 ** np.median(np.log10(here)) == pytest.approx(medians[0])
    assert_texts_are_apart(figure)


def test_dots_of_a_row_do_not_lie_on_each_other():
    rates = np.where(np.arange(N) == 0, 500.0, 5.0)
    shown = dots(firing_rates(rates, AREAS).axes[0], unit_rows.DOTS)
    assert len(np.unique(shown.round(6), axis=0)) == N


def a_table():
    return pd.DataFrame(
        {
            "area": AREAS,
            "reliability": np.append(RNG.uniform(-0.2, 1, N - 1), np.nan),
            "explainable_variance": RNG.uniform(0, 0.5, N),
            "cc_max": RNG.uniform(0, 1, N),
        }
    )


def test_every_ceiling_has_its_units_and_medians():
    table = a_table()
    figure = noise_ceilings(table)
    words = words_of(figure)
    for axes, (column, title) in zip(figure.axes, unit_rows.CEILINGS, strict=True):
        assert axes.get_xlabel() == title
        shown = dots(axes, unit_rows.DOTS)
        np.testing.assert_allclose(
            np.sort(shown[:, 0]), np.sort(table[column].dropna())
        )
        for area in ("VISp", "VISl", "LP"):
            median = table[column][area == AREAS].median()
            assert f"{median:.2f}" in words
    assert_texts_are_apart(figure)


def test_a_ceiling_that_no_unit_has_is_empty():
    figure = noise_ceilings(a_table().assign(reliability=np.nan))
    assert not [ln for ln in figure.axes[0].lines if ln.get_marker() == "o"]
    assert len(dots(figure.axes[1], unit_rows.DOTS)) == N


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: firing_rates(np.zeros(N), AREAS), "some must be positive"),
        (lambda: firing_rates(np.full(N, np.nan), AREAS), "some must be positive"),
        (lambda: firing_rates(np.full(N, -1.0), AREAS), "must not be negative"),
        (lambda: firing_rates(np.ones(3), AREAS), r"got \(3,\) and \(90,\)"),
        (lambda: firing_rates([], []), "every unit needs"),
        (lambda: noise_ceilings(a_table().drop(columns="area")), r"lacks .*'area'"),
    ],
)
def test_impossible_units_are_refused(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()


def test_long_names_of_classes_and_areas_stay_in_the_figures():
    names = np.array([f"a long name of picture {k}.jpg" for k in range(12)])
    over_time = responses(n_bins=7)._replace(classes=names)
    assert_texts_are_apart(unit_psth(over_time, 0, 0.25, "Unit 5"))
    assert_texts_are_apart(tuning_curve(responses()._replace(classes=names), 0))
    areas = np.array(["a_long_name_of_area", "VISp"])[np.arange(30) % 2]
    assert_texts_are_apart(firing_rates(RNG.gamma(2, 5, 30), areas))


def test_lines_between_very_many_areas_do_not_cover_the_matrix():
    few = correlation_matrix(np.eye(N), AREAS)
    assert len(few.axes[0].lines) == 4
    assert not correlation_matrix(np.eye(N), np.arange(N)).axes[0].lines
