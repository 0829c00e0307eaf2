"""The picture of the active cells shows each of them where it is."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.networks import small_network
from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.activity import TrialActivity
from v1model.network.neurons import neurons_of
from visualization import style
from visualization.column.population_rows import population_rows
from visualization.trial import positions
from visualization.trial.positions import active_cells, layer_borders, seen

T = 500


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(small_network(120))


def trial_of(counts):
    """A trial in which each neuron fires so often."""
    neuron = np.repeat(np.arange(len(counts)), counts)
    step = np.random.default_rng(0).integers(0, T, len(neuron))
    return TrialActivity(
        n_steps=T,
        n_neurons=len(counts),
        inputs=np.zeros((T, 1)),
        spike_step=step,
        spike_neuron=neuron,
        traced=np.zeros(0),
        voltages=np.zeros((T, 0)),
        outputs=np.zeros((1, 2)),
        predictions=np.zeros((1, 2)),
        labels=np.zeros(1),
        is_asked=np.ones(1, bool),
    )


def some_counts(n, rng=None):
    rng = rng or np.random.default_rng(1)
    return rng.poisson(2, n) * rng.integers(0, 2, n)


def test_every_active_cell_is_drawn_at_its_place_in_its_colour(neurons):
    counts = some_counts(len(neurons))
    dots = active_cells(trial_of(counts), neurons).axes[0].collections[0]
    view = seen(neurons)
    places = {
        tuple(np.round(place, 6)): k
        for k, place in enumerate(zip(view.across, view.down, strict=True))
    }
    drawn = [places[tuple(np.round(place, 6))] for place in dots.get_offsets()]
    assert sorted(drawn) == np.flatnonzero(counts).tolist()
    for cell, colour in zip(drawn, dots.get_facecolors(), strict=True):
        expected = to_rgb(style.colour_of(neurons.pop_name[cell]))
        np.testing.assert_allclose(colour[:3], expected)


def test_a_louder_cell_is_larger_and_more_opaque_and_near_cells_come_last(neurons):
    counts = some_counts(len(neurons))
    dots = active_cells(trial_of(counts), neurons).axes[0].collections[0]
    cells = np.flatnonzero(counts)
    cells = cells[np.argsort(seen(neurons).near[cells], kind="stable")]
    by_rate = np.argsort(counts[cells], kind="stable")
    assert (np.diff(dots.get_sizes()[by_rate]) >= 0).all()
    assert (np.diff(dots.get_facecolors()[by_rate, 3]) >= 0).all()
    assert np.ptp(dots.get_sizes()) > 0


def test_silent_cells_are_points(neurons):
    counts = some_counts(len(neurons))
    (points,) = [
        line
        for line in active_cells(trial_of(counts), neurons).axes[0].lines
        if line.get_marker() == "."
    ]
    np.testing.assert_array_equal(points.get_xdata(), seen(neurons).across[counts == 0])


def test_the_view_keeps_depth_and_turns_the_plane(neurons):
    view = seen(neurons)
    distance = np.hypot(neurons.x, neurons.z)
    np.testing.assert_allclose(
        np.hypot(view.across, view.near), view.stretch * distance
    )
    # Two cells one above the other differ on the picture in height only.
    deeper = seen(dataclasses.replace(neurons, y=neurons.y + 50))
    np.testing.assert_allclose(deeper.across, view.across)
    lower = deeper.down - view.down
    np.testing.assert_allclose(lower, lower[0])
    assert lower[0] > 0


def test_every_cell_lies_between_the_borders_of_its_layer(neurons):
    borders, layers = layer_borders(neurons)
    assert (np.diff(borders) > 0).all()
    for name, top, bottom in zip(layers, borders[:-1], borders[1:], strict=True):
        y = neurons.y[neurons.layer == name]
        assert top <= y.min() <= y.max() <= bottom


def test_the_bars_are_the_shares_that_fired(neurons):
    counts = some_counts(len(neurons))
    axes = active_cells(trial_of(counts), neurons).axes[1]
    bars = {
        round(patch.get_y() + patch.get_height() / 2, 6): patch.get_width()
        for patch in axes.patches  # the last one of a row lies in front
    }
    for k, (name, y) in enumerate(population_rows().items()):
        members = counts[neurons.group == k]
        if not len(members):
            assert "no cells" in {
                t.get_text() for t in axes.texts if t.get_position()[1] == y
            }
            continue
        assert bars[round(y, 6)] == pytest.approx(100 * np.mean(members > 0)), name


@pytest.mark.parametrize("rate", [0, 2, 250])
def test_texts_neither_overlap_nor_leave_the_figure(neurons, rate):
    figure = active_cells(trial_of(np.full(len(neurons), rate)), neurons)
    assert_texts_are_apart(figure)
    assert ("no cell fired" in words_of(figure)) == (rate == 0)


@pytest.mark.parametrize("crowd", [1000, 1])
def test_the_key_says_by_how_much_its_dots_are_larger_than_those_of_the_column(
    neurons, crowd, monkeypatch
):
    monkeypatch.setattr(positions, "CROWD", crowd)
    loud = trial_of(np.full(len(neurons), int(positions.LOUD_HZ * T / 1000)))
    figure = active_cells(loud, neurons)
    dots, key = figure.axes[0].collections
    assert key.get_sizes()[-1] >= positions.LEAST_KEY
    wider = np.sqrt(key.get_sizes()[-1] / dots.get_sizes()[0])
    said = [words for words in words_of(figure) if "dots enlarged" in words]
    if crowd == 1000:
        assert wider == pytest.approx(1) and not said
    else:
        assert wider > 1.5 and f"dots enlarged {wider:.1f} times" in said[0]
    assert_texts_are_apart(figure)


def test_the_trial_of_another_column_is_refused(neurons):
    with pytest.raises(ValueError, match="7 neurons, the column 120"):
        active_cells(trial_of(np.ones(7, int)), neurons)
