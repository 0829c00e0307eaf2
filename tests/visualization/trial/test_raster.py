"""The raster shows every spike once, at its time and in its group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from tests.visualization.trials import made_up, words_of
from v1model.network import build_column, neurons_of
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.trial import raster
from visualization.trial.dots import FAINTEST, dot_picture, enlarged
from visualization.trial.laminar import LABEL_PX, heights, laminar_groups
from visualization.trial.raster import RASTER, spike_raster
from visualization.trial.stimulus import Shown


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(build_column(500, seed=1))


@pytest.fixture(scope="module")
def trial():
    return made_up(500)


def rows_of(neurons):
    """First and last pixel row of the group of each neuron, (N, 2)."""
    groups = laminar_groups(neurons)
    ends = np.cumsum(heights([len(group.members) for group in groups], RASTER))
    starts = [0, *ends[:-1]]
    rows = np.empty((len(neurons), 2))
    for group, start, end in zip(groups, starts, ends, strict=True):
        rows[group.members] = start, end
    return rows


def test_few_spikes_are_dots_at_their_time_in_the_rows_of_their_group(trial, neurons):
    axes = spike_raster(trial, neurons).axes[0]
    found = {}
    for line in axes.lines:
        if line.get_marker() == "o":
            found[line.get_color()] = line.get_xydata()
    class_of = np.array([style.colour_of(name) for name in neurons.pop_name])
    assert sum(map(len, found.values())) == len(trial.spike_step) > 100
    rows = rows_of(neurons)[trial.spike_neuron]
    for colour, points in found.items():
        mine = class_of[trial.spike_neuron] == colour
        np.testing.assert_allclose(points[:, 0], trial.spike_step[mine] + 0.5)
        first, last = rows[mine].T
        assert np.all((first < points[:, 1]) & (points[:, 1] < last))


def test_many_spikes_fill_the_pixels_of_their_neurons_and_no_others(
    trial, neurons, monkeypatch
):
    """Drawn one by one and put together, spikes lie at the same places."""
    dots = [line.get_xydata() for line in spike_raster(trial, neurons).axes[0].lines]
    points = np.concatenate([line for line in dots if len(line) > 2])
    expected = np.zeros((RASTER, trial.n_steps), bool)
    expected[points[:, 1].astype(int), points[:, 0].astype(int)] = True
    monkeypatch.setattr(raster, "MOST_DOTS", 0)
    monkeypatch.setattr(raster, "SPARSE", 0)
    (image,) = spike_raster(trial, neurons).axes[0].images
    drawn = image.get_array()[..., 3] > 0
    assert drawn[expected].all()
    # A neuron with room is drawn up to three rows high.
    near = expected | np.roll(expected, 1, axis=0) | np.roll(expected, -1, axis=0)
    assert not drawn[~near].any()
    assert list(image.get_extent()) == [0, 200, RASTER, 0]


def test_each_row_has_the_colour_of_its_group(neurons, monkeypatch):
    monkeypatch.setattr(raster, "MOST_DOTS", 0)
    (image,) = spike_raster(made_up(500, "runaway"), neurons).axes[0].images
    picture = np.asarray(image.get_array())
    for neuron, (first, last) in enumerate(rows_of(neurons).astype(int)):
        expected = to_rgb(style.colour_of(neurons.pop_name[neuron]))
        np.testing.assert_allclose(picture[first, 0, :3] / 255, expected, atol=0.002)
        np.testing.assert_array_equal(picture[last - 1, 0, :3], picture[first, 0, :3])


def test_rates_below_the_raster_count_every_spike(trial, neurons):
    strip = spike_raster(trial, neurons).axes[1]
    classes = np.array([style.class_of(name) for name in neurons.pop_name])
    assert len(strip.patches) >= len(style.CLASS_COLOURS)
    stairs = [patch for patch in strip.patches if hasattr(patch, "get_data")]
    for name, patch in zip(style.CLASS_COLOURS, stairs, strict=True):
        rates, edges, _ = patch.get_data()
        n_spikes = np.sum(rates * np.diff(edges) / 1000) * np.sum(classes == name)
        assert n_spikes == pytest.approx(trial.spike_counts[classes == name].sum())


def test_groups_are_named_with_their_sizes_from_the_pia_down(trial, neurons):
    axes = spike_raster(trial, neurons).axes[0]
    groups = laminar_groups(neurons)
    assert sum(len(group.members) for group in groups) == 500
    order = [ROUGH_POPULATIONS.index(group.name) for group in groups]
    assert order == sorted(order)
    for group in groups:
        assert np.all(np.diff(neurons.y[group.members]) >= 0)
    names = {text.get_text(): text.get_position()[1] for text in axes.texts}
    labels = [f"{group.class_name} {len(group.members):,}" for group in groups]
    assert set(labels) <= set(names)
    assert names["L1"] < names["L2/3"] < names["L4"] < names["L5"] < names["L6"]


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=17))
def test_heights_fill_the_raster_leave_room_for_names_and_grow_with_the_size(sizes):
    rows = heights(sizes, RASTER)
    assert rows.sum() == RASTER
    assert rows.min() >= LABEL_PX - 1  # the borders are rounded
    order = np.argsort(sizes)
    assert np.all(np.diff(rows[order]) >= -1)


def test_a_lone_dot_is_visible_and_more_dots_are_never_fainter():
    column = np.repeat(np.arange(6), [1, 2, 3, 10, 100, 1000])
    row = np.zeros(len(column), int)
    picture = dot_picture(row, column, ["red", "blue"], 7, np.arange(2))
    opacity = picture[0, :, 3].astype(int)
    assert opacity[0] >= int(255 * FAINTEST)
    assert np.all(np.diff(opacity[:6]) > 0) and opacity[5] == 255
    assert opacity[6] == 0 and not picture[1, :, 3].any()
    np.testing.assert_array_equal(picture[0, 0, :3], [255, 0, 0])


def test_a_dot_is_enlarged_to_two_by_two_pixels_within_its_colour():
    colours = ["red", "red", "blue"]
    picture = dot_picture(*np.array([[0, 1], [1, 3]]), colours, 5, np.arange(3))
    grown = enlarged(picture)[..., 3] > 0
    expected = [[0, 1, 1, 0, 0], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(grown, expected)


def test_a_stimulus_is_drawn_at_its_time_below_the_raster(trial, neurons):
    picture = np.linspace(-1, 1, 50).reshape(5, 10)
    shown = [Shown("gray", 0, 50), Shown("a seven", 50, 150, picture)]
    axes = spike_raster(trial, neurons, shown).axes[2]
    (inset,) = axes.child_axes
    np.testing.assert_array_equal(inset.images[0].get_array(), picture)
    names = {text.get_text(): text.get_position()[0] for text in axes.texts}
    assert names == {"gray": 25, "a seven": 100}
    assert axes.get_xlim() == (0, 200)


def test_a_curve_is_drawn_below_the_raster(trial, neurons):
    curve = np.arange(200.0)
    (line,) = spike_raster(trial, neurons, curve).axes[2].lines
    np.testing.assert_array_equal(line.get_ydata(), curve)
    with pytest.raises(ValueError, match=r"shape \(200,\), got \(199,\)"):
        spike_raster(trial, neurons, curve[1:])


def test_a_stimulus_outside_the_trial_is_refused(trial):
    with pytest.raises(ValueError, match="'late' .* got 300 to 400 ms"):
        spike_raster(trial, None, [Shown("late", 300, 400)])


def test_the_time_in_which_an_answer_is_due_is_marked(trial, neurons):
    axes = spike_raster(trial, neurons).axes[0]
    (span,) = axes.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (150, 200)
    unasked = made_up(500, is_asked=np.zeros(4, bool))
    figure = spike_raster(unasked, neurons)
    assert not figure.axes[0].patches and "answer due" not in words_of(figure)
