"""One cell during a trial: its membrane voltage and the currents that move it."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style
from visualization.trial.axes import (
    DPI,
    TITLE_PX,
    check_neurons,
    draw_title,
    mark_windows,
    place,
    set_time,
)

# Field of CellCurrents: its name and colour (Okabe and Ito).
SOURCES = {
    "from_lgn": ("LGN", "#E69F00"),
    "from_excitatory": ("excitatory", style.CLASS_COLOURS["excitatory"]),
    "from_inhibitory": ("inhibitory", style.CLASS_COLOURS["Pvalb"]),
    "from_background": ("background", style.FAINT),
    "after_spike": ("after-spike", style.CLASS_COLOURS["Htr3a"]),
}
POTENTIALS = {
    "V_th": ("threshold", "--"),
    "V_reset": ("reset", "-."),
    "E_L": ("rest", ":"),
}
LEFT, WIDTH, RIGHT = 62, 560, 126  # px
VOLTAGE, CURRENTS, TOTAL = 150, 190, 90  # heights, px
GAP, FOOT = 34, 46  # px
NAME_SHARE = 0.075  # of the scale, that the name of a potential needs
MINUS = "\N{MINUS SIGN}"
LEAST_PA = 1.0  # half the scale of a cell without currents
SPIKE_LANE = 0.95  # of the height of the panel, where spikes are marked
KEY = (0, 0.17, 0.385, 0.605, 0.815)  # where the names of currents stand


def cell_trace(trial, neurons, currents):
    """Voltage of a cell above the currents that it is made of.

    The names above the currents give their means. Currents that push the cell towards
    its threshold are positive.

    Args:
        trial: TrialActivity.
        neurons: Neurons of the column.
        currents: CellCurrents of one of them.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: Neurons or currents are of another column or trial.
    """
    check_neurons(trial, neurons)
    if len(currents.voltage) != trial.n_steps:
        raise ValueError(
            f"cell: the trial has {trial.n_steps} steps, the currents "
            f"{len(currents.voltage)}."
        )
    high = TITLE_PX + 14 + VOLTAGE + GAP + CURRENTS + GAP + TOTAL + FOOT
    times = (np.arange(trial.n_steps) + 0.5) * trial.dt_ms
    with style.paper():
        figure = Figure(figsize=((LEFT + WIDTH + RIGHT) / DPI, high / DPI), dpi=DPI)
        draw_title(figure, trial, _name(trial, neurons, currents))
        top = TITLE_PX + 14
        voltage = place(figure, LEFT, top, WIDTH, VOLTAGE)
        _draw_voltage(voltage, trial, neurons, currents, times)
        top += VOLTAGE + GAP
        parts = place(figure, LEFT, top, WIDTH, CURRENTS)
        _draw_currents(parts, trial, currents, times)
        total = place(figure, LEFT, top + CURRENTS + GAP, WIDTH, TOTAL)
        _draw_total(total, trial, currents, times)
        for axes in (voltage, parts, total):
            mark_windows(axes, trial, say=axes is voltage)
            set_time(axes, trial, is_labelled=axes is total)
    return figure


def _name(trial, neurons, currents):
    k, n_spikes = currents.neuron, len(currents.spike_step)
    rate = n_spikes / (trial.duration_ms / 1000)
    spikes = f"{n_spikes} spike{'s' if n_spikes != 1 else ''}"
    return (
        f"Neuron {k:,}: {neurons.pop_name[k]}, cell type {neurons.node_type_id[k]}, "
        f"{neurons.y[k]:.0f} µm deep; {spikes} ({rate:.1f} Hz); "
        "numbers: means"
    )


def _draw_voltage(axes, trial, neurons, currents, times):
    axes.plot(times, currents.voltage, color=style.INK, lw=0.9)
    levels = {}  # rest and reset are the same in most cell types
    for name, (word, line) in POTENTIALS.items():
        level = getattr(currents, name)
        axes.axhline(level, color=style.FAINT, lw=0.8, ls=line, zorder=1)
        levels.setdefault(level, []).append(word)
    low = min(currents.voltage.min(), *levels)
    high = max(currents.voltage.max(), *levels)
    span = max(high - low, 1.0)
    axes.set_ylim(low - 0.06 * span, high + 0.18 * span)
    looks = {"va": "center", "fontsize": 7, "transform": axes.get_yaxis_transform()}
    for level, height in _apart(levels, NAME_SHARE * 1.24 * span).items():
        words = f"{', '.join(levels[level])} {level:.1f} mV".replace("-", MINUS)
        axes.text(1.012, height, words, **looks)
    fired = times[currents.spike_step]
    colour = style.colour_of(neurons.pop_name[currents.neuron])
    lane = np.full(len(fired), SPIKE_LANE)
    at_top = axes.get_xaxis_transform()
    axes.plot(fired, lane, "|", ms=8, mew=1.1, color=colour, transform=at_top)
    axes.set_ylabel("Voltage (mV)")


def _apart(levels, least):
    """Heights near the levels, at least this far from each other, by level, mV."""
    heights = {}
    for level in sorted(levels):
        heights[level] = max(level, max(heights.values(), default=-np.inf) + least)
    return heights


def _draw_currents(axes, trial, currents, times):
    for left, (field, (word, colour)) in zip(KEY, SOURCES.items(), strict=True):
        values = getattr(currents, field)
        axes.plot(times, values, color=colour, lw=1.0)
        _write_mean(axes, left, word, values, colour)
    _scale(axes, np.stack([getattr(currents, field) for field in SOURCES]))
    axes.set_ylabel("Current (pA)")


def _write_mean(axes, left, word, values, colour):
    number = f"{values.mean():.0f}".replace("-", MINUS)
    words = f"{word} {'0' if number == f'{MINUS}0' else number} pA"
    looks = {"transform": axes.transAxes, "va": "bottom", "fontsize": 7.5}
    axes.text(left, 1.03, words, color=colour, fontweight="bold", **looks)


def _draw_total(axes, trial, currents, times):
    total = currents.total
    for is_shown, field in ((total > 0, "excitatory"), (total < 0, "Pvalb")):
        colour = style.CLASS_COLOURS[field]
        axes.fill_between(
            times, total, 0, where=is_shown, color=colour, lw=0, alpha=0.4
        )
    axes.plot(times, total, color=style.INK, lw=0.8)
    _write_mean(axes, 0, "sum", total, style.INK)
    _scale(axes, total)
    axes.set_ylabel("Sum (pA)")


def _scale(axes, values):
    low, high = min(values.min(), 0), max(values.max(), 0)
    margin = max(0.06 * (high - low), LEAST_PA)
    axes.set_ylim(low - margin, high + margin)
    axes.axhline(0, color=style.FAINT, lw=0.6, zorder=1)
