"""The overview of the LGN shows every class and every response."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from v1model.lgn import draw_units
from v1model.lgn.classes import lgn_classes
from visualization.lgn import lgn_overview


@pytest.fixture(scope="module")
def units():
    """Two units of each class."""
    everything = draw_units(0)
    rows = [
        np.flatnonzero(everything.model_id == kind.model_id)[:2]
        for kind in lgn_classes()
    ]
    return everything.take(np.concatenate(rows))


def test_every_class_has_its_kernels_and_every_stimulus_its_responses(units):
    rates = np.random.default_rng(0).random((50, len(units)))
    figure = lgn_overview(units, {"picture": rates, "grating": 2 * rates})
    assert isinstance(figure, Figure)
    kernels, responses = figure.axes[:4], figure.axes[4:]
    drawn = [len(axes.get_legend().get_texts()) for axes in kernels]
    assert drawn == [4, 5, 3, 4]  # 12 plain classes, 2 composite ones of 2 subunits
    assert [axes.get_title(loc="left") for axes in responses] == ["picture", "grating"]
    for axes, factor in zip(responses, (1, 2), strict=True):
        mean = axes.get_lines()[-1].get_ydata()
        np.testing.assert_allclose(mean, factor * rates.mean(axis=1))
    for axes in figure.axes:
        assert "(ms)" in axes.get_xlabel()
    assert "(Hz" in kernels[0].get_ylabel()
    assert "(Hz)" in responses[0].get_ylabel()


def test_no_response_leaves_its_panel(units):
    rates = np.random.default_rng(0).random((50, len(units)))
    figure = lgn_overview(units, {"weak": rates, "strong": 10 * rates})
    for axes in figure.axes[4:]:
        bottom, top = axes.get_ylim()
        assert bottom == 0
        assert max(line.get_ydata().max() for line in axes.get_lines()) <= top


def test_classes_without_a_unit_are_left_out(units):
    few = units.take(units.model_id == "sON_TF4")
    figure = lgn_overview(few, {"gray": np.ones((5, len(few)))})
    assert [len(axes.get_lines()) > 1 for axes in figure.axes] == [
        *(True, False, False, False),
        True,
    ]


def test_responses_of_other_units_are_refused(units):
    with pytest.raises(ValueError, match=r"shape \(T, 28\), got \(5, 3\)"):
        lgn_overview(units, {"picture": np.ones((5, 3))})
    with pytest.raises(ValueError, match="at least one response"):
        lgn_overview(units, {})
