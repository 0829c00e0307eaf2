"""Voltages are drawn as they were kept, with the spikes and the threshold of each."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.visualization.trials import made_up, words_of
from v1model.network import build_column, neurons_of
from visualization import style
from visualization.trial.voltages import COLUMNS, voltage_traces


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(build_column(500, seed=1))


def traces_of(figure):
    """Voltage lines in order of their panels, as (start of the panel, values)."""
    lines = [
        line
        for axes in figure.axes
        for line in axes.lines
        if line.get_color() == style.INK and line.get_marker() == "None"
    ]
    return [(line.get_xdata()[0] - 0.5, line.get_ydata()) for line in lines]


def test_twenty_neurons_are_drawn_in_four_rows_of_five(neurons):
    trial = made_up(500, traced=neurons.examples(25))
    figure = voltage_traces(trial, neurons)
    drawn = traces_of(figure)
    assert len(drawn) == 20 and len(figure.axes) == 4
    for k, (start, values) in enumerate(drawn):
        np.testing.assert_array_equal(values, trial.voltages[:, k])
        assert start == pytest.approx(drawn[k % COLUMNS][0])
    names = words_of(figure)
    for neuron in trial.traced[:20]:
        assert f"{neurons.pop_name[neuron]}  {neuron}" in names


def test_ticks_are_the_spikes_of_the_neuron_below_them(neurons):
    traced = np.argsort(made_up(500).spike_counts)[::-100]
    trial = made_up(500, traced=traced)
    figure = voltage_traces(trial, neurons)
    starts = [start for start, _ in traces_of(figure)]
    (axes,) = figure.axes
    ticks = [line.get_xdata() for line in axes.lines if line.get_marker() == "|"]
    assert len(ticks) == len(traced) == 5 and len(ticks[0]) > 2 > len(ticks[-1])
    for neuron, start, times in zip(traced, starts, ticks, strict=True):
        expected = [
            step
            for step, who in zip(trial.spike_step, trial.spike_neuron, strict=True)
            if who == neuron
        ]
        np.testing.assert_allclose(times - start - 0.5, expected)


def test_lines_lie_at_the_threshold_and_at_the_rest_of_each_neuron(neurons):
    traced = neurons.examples(3)
    (axes,) = voltage_traces(made_up(500, traced=traced), neurons).axes
    heights = [
        [segment[0][1] for segment in lines.get_segments()]
        for lines in axes.collections
        if lines.get_linestyle()[0][1] is not None
    ]
    np.testing.assert_allclose(heights, [neurons.V_th[traced], neurons.E_L[traced]])


def test_without_neurons_no_threshold_is_drawn_and_this_is_said():
    figure = voltage_traces(made_up(500, traced=[3, 14]))
    assert "thresholds are not known" in " ".join(words_of(figure))
    assert {"neuron 3", "neuron 14"} <= set(words_of(figure))
    dashed = [
        segment
        for lines in figure.axes[0].collections
        if lines.get_linestyle()[0][1] is not None
        for segment in lines.get_segments()
        if len(segment) and np.isfinite(segment).all()
    ]
    assert dashed == []


def test_a_trace_that_would_flatten_the_others_is_cut_off_and_says_so(neurons):
    traced = neurons.examples(10)
    voltages = made_up(500, traced=traced).voltages.copy()
    voltages[50, 4] = -512.0
    figure = voltage_traces(made_up(500, traced=traced, voltages=voltages), neurons)
    cut = [word for word in words_of(figure) if "down" in word or "up" in word]
    assert cut == ["down to −512 mV"]
    assert figure.axes[0].get_ylim()[0] > -120


def test_voltages_of_exploded_weights_have_a_scale_that_covers_no_name(neurons):
    """A factor of 1e32 over the axes hid the name of the first neuron of each row."""
    traced = neurons.examples(20)
    voltages = made_up(500, traced=traced).voltages * np.float32(1e31)
    figure = voltage_traces(made_up(500, traced=traced, voltages=voltages), neurons)
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        assert axes.yaxis.get_offset_text().get_text() == ""
        shown = {text.get_text() for text in axes.get_yticklabels()}
        assert any("e+3" in text for text in shown) and "0" in shown


def test_all_voltages_are_within_the_scale_where_none_is_far_away(neurons):
    traced = neurons.examples(20)
    trial = made_up(500, traced=traced)
    low, high = voltage_traces(trial, neurons).axes[0].get_ylim()
    assert low < min(trial.voltages.min(), neurons.E_L[traced].min())
    assert high > max(trial.voltages.max(), neurons.V_th[traced].max())
