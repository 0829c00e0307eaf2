"""Membrane voltages of some neurons over a trial."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style
from visualization.trial_axes import (
    DPI,
    TITLE_PX,
    check_neurons,
    draw_title,
    mark_windows,
    place,
    say,
    set_time,
)

N_TRACES, COLUMNS = 20, 5
LEFT, RIGHT, FOOT = 46, 14, 40  # px
WIDTH, HEIGHT, GAP_X, GAP_Y = 138, 92, 12, 22  # of a panel, px
SPIKE_LANE = 0.93  # of the height of a panel, where spikes are marked
# Shares of all voltages between which the scale lies; beyond it traces are cut off,
# or one neuron at -500 mV would flatten all others.
CENTRAL = (0.005, 0.995)


def voltage_traces(trial, neurons=None):
    """Voltage of up to 20 neurons, four rows of five, all on one scale.

    Ticks at the top mark the spikes. With neurons, a dashed line is the threshold and
    a dotted one the rest of the cell type. A trace that leaves the scale says how far.

    Args:
        trial: TrialActivity; the first 20 traced neurons are drawn.
        neurons: Neurons of the column; without them thresholds are not known.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The neurons are of another column.
    """
    check_neurons(trial, neurons)
    shown = trial.traced[:N_TRACES]
    n_rows = max(-(-len(shown) // COLUMNS), 1)
    wide = LEFT + COLUMNS * (WIDTH + GAP_X) - GAP_X + RIGHT
    high = TITLE_PX + n_rows * (HEIGHT + GAP_Y) + FOOT
    with style.paper():
        figure = Figure(figsize=(wide / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, _explanation(trial, neurons))
        if not len(shown):
            axes = place(figure, LEFT, TITLE_PX, wide - LEFT - RIGHT, HEIGHT)
            axes.set_axis_off()
            say(axes, "no voltages were kept")
            return figure
        limits = _limits(trial, shown, neurons)
        for k, neuron in enumerate(shown):
            row, column = divmod(k, COLUMNS)
            left = LEFT + column * (WIDTH + GAP_X)
            top = TITLE_PX + GAP_Y + row * (HEIGHT + GAP_Y)
            axes = place(figure, left, top, WIDTH, HEIGHT)
            _draw_trace(axes, trial, k, neurons, limits)
            axes.set_title(_name(neuron, neurons), fontsize=7.5, pad=3)
            axes.title.set_color(_colour(neuron, neurons))
            set_time(axes, trial, is_labelled=k + COLUMNS >= len(shown))
            if column:
                axes.tick_params(labelleft=False)
            elif row == (n_rows - 1) // 2:
                axes.set_ylabel("Voltage (mV)")
    return figure


def _explanation(trial, neurons):
    words = f"Voltage of {min(len(trial.traced), N_TRACES)} neurons; ticks: spikes"
    if neurons is None:
        return f"{words}; thresholds are not known"
    return f"{words}; dashed: threshold; dotted: rest"


def _name(neuron, neurons):
    if neurons is None:
        return f"neuron {neuron:,}"
    return f"{neurons.pop_name[neuron]}  {neuron:,}"


def _colour(neuron, neurons):
    return style.INK if neurons is None else style.colour_of(neurons.pop_name[neuron])


def _limits(trial, shown, neurons):
    """Lowest and highest voltage of the scale, mV."""
    values = trial.voltages[:, : len(shown)]
    values = values[np.isfinite(values)]
    ends = list(np.quantile(values, CENTRAL)) if len(values) else [-80.0, -40.0]
    if neurons is not None:
        ends += [*neurons.E_L[shown], *neurons.V_th[shown]]
    low, high = min(ends), max(ends)
    span = max(high - low, 1)
    return low - 0.08 * span, high + 0.25 * span


def _draw_trace(axes, trial, k, neurons, limits):
    neuron, trace = trial.traced[k], trial.voltages[:, k]
    colour = _colour(neuron, neurons)
    mark_windows(axes, trial)
    if neurons is not None:
        axes.axhline(neurons.V_th[neuron], color=style.FAINT, lw=0.8, ls="--")
        axes.axhline(neurons.E_L[neuron], color=style.FAINT, lw=0.8, ls=":")
    middle = (np.arange(trial.n_steps) + 0.5) * trial.dt_ms
    axes.plot(middle, trace, color=style.INK, lw=0.7)
    fired = middle[trial.spike_step[trial.spike_neuron == neuron]]
    lane = np.full(len(fired), SPIKE_LANE)
    looks = {"transform": axes.get_xaxis_transform(), "color": colour}
    axes.plot(fired, lane, "|", ms=5, mew=0.9, **looks)
    axes.set_ylim(*limits)
    _tell_what_is_cut(axes, trace, limits)


def _tell_what_is_cut(axes, trace, limits):
    finite = trace[np.isfinite(trace)]
    words = []
    if len(finite) and finite.min() < limits[0]:
        words.append(f"down to {finite.min():.0f} mV")
    if len(finite) and finite.max() > limits[1]:
        words.append(f"up to {finite.max():.0f} mV")
    if len(finite) < len(trace):
        words.append("not all finite")
    place = {"transform": axes.transAxes, "fontsize": 6.5, "va": "bottom"}
    axes.text(0.99, 0.02, ", ".join(words), ha="right", **place)
