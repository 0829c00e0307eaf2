"""Membrane voltages of some neurons over a trial."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from visualization import style
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    check_neurons,
    draw_title,
    place,
    say,
    windows,
    write,
)

N_TRACES, COLUMNS = 20, 5
LEFT, RIGHT, FOOT = 44, 20, 46  # px
WIDTH, HEIGHT, GAP_X, GAP_Y = 128, 92, 18, 22  # of a panel, px
SPIKE_LANE = 0.93  # of the height of a panel, where spikes are marked
# Where all voltages together take more than twice the scale of these shares of them,
# the rest is cut off: one neuron at -500 mV would flatten all others.
CENTRAL = (0.005, 0.995)


class Trace(NamedTuple):
    """What a panel shows of a neuron.

    voltage: (T,), mV.  spike_ms: Times of its spikes, (n,).
    name: Population and number.  colour: Of its class.
    threshold, rest: mV, NaN if they are not known.
    """

    voltage: np.ndarray
    spike_ms: np.ndarray
    name: str
    colour: str
    threshold: float = np.nan
    rest: float = np.nan


def voltage_traces(trial, neurons=None):
    """Voltage of up to 20 neurons, four rows of five, all on one scale.

    Ticks at the top mark the spikes. With neurons, a dashed line is the threshold and
    a dotted one the rest of the cell type. A trace that leaves the scale says how far.

    Args:
        trial: TrialActivity; the first 20 traced neurons are drawn.
        neurons: Neurons of the column; without them thresholds are not known.

    Returns:
        matplotlib Figure, one axes per row of panels: twenty would take a second.

    Raises:
        ValueError: The neurons are of another column.
    """
    check_neurons(trial, neurons)
    spikes = _spikes_of(trial, trial.traced[:N_TRACES])
    traces = [_trace(trial, k, times, neurons) for k, times in enumerate(spikes)]
    n_rows = max(-(-len(traces) // COLUMNS), 1)
    wide = LEFT + COLUMNS * (WIDTH + GAP_X) - GAP_X + RIGHT
    high = TITLE_PX + n_rows * (HEIGHT + GAP_Y) + FOOT
    with style.paper():
        figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, _explanation(len(traces), neurons))
        limits = _limits(traces)
        for row in range(n_rows):
            top = TITLE_PX + GAP_Y + row * (HEIGHT + GAP_Y)
            axes = place(figure, LEFT, top, wide - LEFT - RIGHT, HEIGHT)
            shown = traces[row * COLUMNS : (row + 1) * COLUMNS]
            below = traces[(row + 1) * COLUMNS : (row + 2) * COLUMNS]
            _draw_row(axes, trial, shown, limits, labelled=slice(len(below), None))
        if traces:
            write(figure, 8, TITLE_PX + 4, "mV")
    return figure


def _explanation(n_traces, neurons):
    words = f"Voltage of {n_traces} neurons; ticks: spikes"
    if neurons is None:
        return f"{words}; thresholds are not known"
    return f"{words}; dashed: threshold; dotted: rest"


def _spikes_of(trial, chosen):
    """Times of the spikes of each of these neurons, list of (n,), ms."""
    is_chosen = np.zeros(trial.n_neurons, bool)
    is_chosen[chosen] = True
    theirs = is_chosen[trial.spike_neuron]  # a few of perhaps millions
    who = trial.spike_neuron[theirs]
    times = (trial.spike_step[theirs] + 0.5) * trial.dt_ms
    return [times[who == neuron] for neuron in chosen]


def _trace(trial, k, spike_ms, neurons):
    """The panel of traced neuron k."""
    neuron = trial.traced[k]
    found = trial.voltages[:, k], spike_ms
    if neurons is None:
        return Trace(*found, f"neuron {neuron:,}", style.INK)
    name = str(neurons.pop_name[neuron])
    return Trace(
        *found,
        f"{name}  {neuron:,}",
        style.colour_of(name),
        float(neurons.V_th[neuron]),
        float(neurons.E_L[neuron]),
    )


def _limits(traces):
    """Lowest and highest voltage of the scale, mV."""
    values = np.array([trace.voltage for trace in traces])
    values = values[np.isfinite(values)]
    ends = [-80.0, -40.0]
    if len(values):
        ends = [*np.quantile(values, CENTRAL)]
        if np.ptp(values) <= 2 * (ends[1] - ends[0]):
            ends = [values.min(), values.max()]
    marks = [v for trace in traces for v in (trace.threshold, trace.rest)]
    ends += [v for v in marks if np.isfinite(v)]
    low, high = min(ends), max(ends)
    span = max(high - low, 1)
    return low - 0.08 * span, high + 0.25 * span


def _draw_row(axes, trial, traces, limits, labelled):
    """Panels side by side in one axes; time begins anew in each of them.

    `labelled` says which of the panels have numbers at their time axis.
    """
    duration = trial.duration_ms
    pitch = duration * (WIDTH + GAP_X) / WIDTH
    axes.set(xlim=(0, pitch * COLUMNS - pitch + duration), ylim=limits)
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)  # it would cover the numbers of the row above
    if not traces:
        axes.set(xticks=[], yticks=[])
        say(axes, "no voltages were kept")
        return
    starts = pitch * np.arange(len(traces))
    for start, trace in zip(starts, traces, strict=True):
        _draw_trace(axes, trial, trace, start, limits)
    for name, dashes in (("threshold", (0, (4, 2))), ("rest", (0, (1, 1.5)))):
        heights = [getattr(trace, name) for trace in traces]
        looks = {"colors": style.FAINT, "lw": 0.8, "ls": [dashes]}
        axes.hlines(heights, starts, starts + duration, **looks)
    frame = {"colors": style.INK, "lw": 0.6, "clip_on": False}
    axes.hlines([limits[0]] * len(starts), starts, starts + duration, **frame)
    axes.vlines(starts, *limits, **frame)
    _set_ticks(axes, duration, starts, labelled)


def _set_ticks(axes, duration, starts, labelled):
    axes.yaxis.set_major_locator(MaxNLocator(3))
    # Matplotlib would write a common factor over the name of the neuron.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _millivolts(v)))
    times = [t for t in MaxNLocator(3).tick_values(0, duration) if 0 <= t < duration]
    ends = starts[labelled]
    words = [f"{t:g}" for t in times] * len(ends)
    axes.set_xticks(np.add.outer(ends, times).ravel(), words)
    for start in ends:
        middle = start + duration / 2
        looks = {"textcoords": "offset points", "ha": "center", "va": "top"}
        axes.annotate(
            "Time (ms)",
            (middle, 0),
            xytext=(0, -16),
            xycoords=("data", "axes fraction"),
            **looks,
        )


def _draw_trace(axes, trial, trace, start, limits):
    for window in windows(trial):
        look = {"color": style.WINDOW, "alpha": 0.45, "lw": 0, "zorder": 0}
        axes.axvspan(*(start + window), **look)
    times = start + (np.arange(trial.n_steps) + 0.5) * trial.dt_ms
    axes.plot(times, trace.voltage, color=style.INK, lw=0.7)
    lane = np.full(len(trace.spike_ms), SPIKE_LANE)
    looks = {"transform": axes.get_xaxis_transform(), "color": trace.colour}
    axes.plot(start + trace.spike_ms, lane, "|", ms=5, mew=0.9, **looks)
    looks |= {"fontsize": 7.5, "va": "bottom"}
    axes.text(start, 1.03, trace.name, **looks)
    words = _what_is_cut(trace.voltage, limits)
    if words:
        end = start + trial.duration_ms
        looks |= {"color": style.INK, "fontsize": 6.5, "ha": "right"}
        box = {"fc": "white", "ec": "none", "pad": 0.8, "alpha": 0.85}
        axes.text(end, 0.03, words, bbox=box, **looks)


def _what_is_cut(voltage, limits):
    finite = voltage[np.isfinite(voltage)]
    words = []
    if len(finite) and finite.min() < limits[0]:
        words.append(f"down to {_millivolts(round(finite.min()))} mV")
    if len(finite) and finite.max() > limits[1]:
        words.append(f"up to {_millivolts(round(finite.max()))} mV")
    if len(finite) < len(voltage):
        words.append("not all finite")
    return ", ".join(words)


def _millivolts(value):
    """A voltage as text: -512, or -8e+32 where the weights have exploded."""
    return f"{value:.6g}".replace("-", "−")
