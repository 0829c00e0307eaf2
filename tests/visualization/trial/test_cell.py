"""The figure of one cell shows the voltage, the currents and the levels it is given."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from v1model.activity import TrialActivity
from v1model.engine.cell_currents import CellCurrents
from v1model.network.neurons import Neurons
from visualization.trial.cell import MINUS, SOURCES, cell_trace

T = 100
NEURONS = Neurons(
    pop_name=np.array(["e23Cux2", "i4Pvalb"]),
    node_type_id=np.array([7, 8]),
    **{axis: np.array([10.0, 350.0]) for axis in "xyz"},
    V_th=np.array([-45.0, -50.0]),
    E_L=np.array([-75.0, -70.0]),
)


def trial_of(n_steps=T):
    return TrialActivity(
        n_steps=n_steps,
        n_neurons=2,
        inputs=np.zeros((n_steps, 1)),
        spike_step=[5, 60],
        spike_neuron=[1, 0],
        traced=[],
        voltages=np.zeros((n_steps, 0)),
        outputs=np.zeros((2, 2)),
        predictions=np.full((2, 2), 0.5),
        labels=[0, 1],
        is_asked=[False, True],
    )


def currents_of(size=100.0, reset=-75.0):
    rng = np.random.default_rng(0)
    parts = {name: size * rng.normal(size=T) for name in SOURCES}
    voltage = rng.uniform(-76, -44, T)
    levels = {"V_th": -45.0, "E_L": -75.0, "V_reset": reset}
    return CellCurrents(0, voltage, **parts, spike_step=np.array([60]), **levels)


def lines_of(axes):
    return [line.get_ydata() for line in axes.lines if len(line.get_xdata()) == T]


def test_the_lines_are_the_voltage_the_five_currents_and_their_sum():
    currents = currents_of()
    voltage, parts, total = cell_trace(trial_of(), NEURONS, currents).axes
    np.testing.assert_array_equal(lines_of(voltage), [currents.voltage])
    expected = [getattr(currents, name) for name in SOURCES]
    np.testing.assert_array_equal(lines_of(parts), expected)
    np.testing.assert_allclose(lines_of(total), [np.sum(expected, axis=0)])
    for axes in (parts, total):
        low, high = axes.get_ylim()
        assert low < min(map(np.min, lines_of(axes)))
        assert high > max(map(np.max, lines_of(axes)))


def test_spikes_are_marked_when_they_happened():
    (voltage, *_) = cell_trace(trial_of(), NEURONS, currents_of()).axes
    (marks,) = [line for line in voltage.lines if line.get_marker() == "|"]
    assert marks.get_xdata().tolist() == [60.5]


def test_threshold_rest_and_reset_are_named_at_their_level():
    for reset, words in ((-75.0, "reset, rest"), (-70.0, "reset")):
        figure = cell_trace(trial_of(), NEURONS, currents_of(reset=reset))
        heights = {t.get_text(): t.get_position()[1] for t in figure.axes[0].texts}
        assert heights[f"threshold {MINUS}45.0 mV"] == -45
        number = f"{MINUS}{-reset:.1f} mV"
        assert heights[f"{words} {number}"] == pytest.approx(reset, abs=2)


@pytest.mark.parametrize("size", [0.0, 100.0, 9999.0])
@pytest.mark.parametrize("reset", [-75.0, -74.9])
def test_texts_neither_overlap_nor_leave_the_figure(size, reset):
    figure = cell_trace(trial_of(), NEURONS, currents_of(size, reset))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    every = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    boxes = [
        (t.get_text(), t.get_window_extent(renderer)) for t in every if t.get_text()
    ]
    for name, box in boxes:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, name
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"'{one}' overlaps '{other}'"


def test_currents_of_another_trial_are_refused():
    with pytest.raises(ValueError, match="the trial has 70 steps, the currents 100"):
        cell_trace(trial_of(n_steps=70), NEURONS, currents_of())
