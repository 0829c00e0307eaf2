"""The figure of an eye at work."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from tests.visualization.texts import assert_texts_are_apart
from v1model.voltage_networks.hexals import hexagon, positions_of
from visualization.files import png_of
from visualization.latent.eye import N_FRAMES, PER_COLUMN, eye_figure

PLACES = positions_of(*hexagon(1).T)


def drawn(activity, types, n_steps=60):
    frames = np.random.default_rng(0).random((n_steps, len(PLACES)))
    return eye_figure(activity, frames, PLACES, types, 20.0, "An eye"), frames


def axes_with_traces(figure):
    return [one for one in figure.axes if one.lines]


def test_frames_are_those_of_their_times():
    figure, frames = drawn(np.zeros((60, 2)), ["a", "b"])
    shown = [
        one.collections[0].get_array()
        for one in figure.axes
        if one.collections and isinstance(one.collections[0], PolyCollection)
    ]
    assert len(shown) == N_FRAMES
    np.testing.assert_array_equal(shown[0], frames[0])
    np.testing.assert_array_equal(shown[-1], frames[-1])
    texts = [one.get_title(loc="center") for one in figure.axes][:N_FRAMES]
    assert texts[0] == "0.0 s"
    assert texts[-1] == "1.2 s"


def test_each_type_is_shown_by_the_neuron_that_varies_most():
    activity = np.zeros((60, 4))
    activity[:, 1] = np.sin(np.arange(60) / 5)
    activity[:, 3] = 3.0 * np.sin(np.arange(60) / 7)
    figure, _ = drawn(activity, ["a", "a", "b", "b"])
    [axes] = axes_with_traces(figure)
    words = [text.get_text() for text in axes.texts]
    assert words == [
        "a",
        f"{activity[:, 1].std():.2g}",
        "b",
        f"{activity[:, 3].std():.2g}",
    ]


def test_only_what_is_above_0_is_drawn_as_active():
    activity = np.linspace(-1, 1, 60)[:, None]
    figure, _ = drawn(activity, ["a"])
    [axes] = axes_with_traces(figure)
    whole, active = (line.get_ydata() for line in axes.lines)
    np.testing.assert_array_equal(np.isfinite(active), activity[:, 0] > 0)
    np.testing.assert_array_equal(active[30:], whole[30:])


@pytest.mark.parametrize("n_types", [1, PER_COLUMN, PER_COLUMN + 1, 65])
def test_many_types_take_several_columns_and_one_frame_is_enough(n_types):
    activity = np.random.default_rng(0).standard_normal((1, n_types))
    figure, _ = drawn(activity, [f"t{k}" for k in range(n_types)], 1)
    assert len(axes_with_traces(figure)) == -(-n_types // PER_COLUMN)
    assert png_of(figure)[1:4] == b"PNG"


def test_long_names_of_all_types_of_a_fly_stay_apart():
    rng = np.random.default_rng(0)
    activity = 0.00123 * rng.standard_normal((750, 65))
    figure, _ = drawn(activity, [f"CT1(M{k:02d})" for k in range(65)], 750)
    assert_texts_are_apart(figure)
