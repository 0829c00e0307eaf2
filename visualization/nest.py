"""A column beside its twin in NEST: voltages of single cells, rates of populations."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from visualization import style

COLOURS = {"published": "#D55E00", "exact": "#0072B2"}  # by integration
LOWEST_RATE = 0.1  # Hz, corner of the axes; lower rates are drawn on it


def voltage_traces(titles, nest, others, fired, start_ms=0):
    """Voltages of a few cells, and below each what differs from NEST's.

    In the step of a spike NEST has the voltage of the reset, the others have the one
    that crossed the threshold.

    Args:
        titles: One per cell.
        nest: Voltages in NEST, (T, cells), mV.
        others: Voltages (T, cells) by integration, a key of COLOURS.
        fired: Steps whose difference is left out, (T, cells) bool by integration.
        start_ms: Time of the first row of each cell, a number or (cells,).

    Returns:
        matplotlib Figure.
    """
    n = len(titles)
    starts = np.broadcast_to(start_ms, n)
    with style.paper():
        figure = Figure(figsize=(6.4, 1.75 * n + 0.6))
        margins = {"left": 0.1, "right": 0.985, "bottom": 0.45 / (1.75 * n + 0.6)}
        top = 1 - 0.5 / (1.75 * n + 0.6)
        grid = figure.add_gridspec(n, 1, hspace=0.42, top=top, **margins)
        for row, title in enumerate(titles):
            pair = grid[row].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.12)
            upper = figure.add_subplot(pair[0])
            lower = figure.add_subplot(pair[1], sharex=upper)
            _draw_cell(upper, lower, starts[row], nest, others, fired, row)
            upper.set_title(title)
        lower.set_xlabel("ms")
        _draw_key(figure, others)
    return figure


def _draw_cell(upper, lower, start, nest, others, fired, cell):
    time = start + np.arange(len(nest))
    upper.plot(time, nest[:, cell], color=style.INK, linewidth=1.4)
    lower.axhline(0, color=style.BACKDROP, linewidth=0.8)
    for name, voltages in others.items():
        line = {"color": COLOURS[name], "linewidth": 0.8}
        upper.plot(time, voltages[:, cell], **line)
        difference = voltages[:, cell] - nest[:, cell]
        lower.plot(time, np.where(fired[name][:, cell], np.nan, difference), **line)
    upper.set_ylabel("mV")
    upper.tick_params(labelbottom=False)
    lower.set_ylim(-6, 6)  # a spike that only one of the two has is far outside
    lower.set_yticks([-5, 0, 5])
    lower.set_ylabel("diff.")
    lower.set_xlim(time[0], time[-1])
    upper.figure.align_ylabels([upper, lower])


def _draw_key(figure, others):
    """The names in the colours of their lines, above the first cell."""
    names = [("NEST", style.INK), *((name, COLOURS[name]) for name in others)]
    for place, (name, colour) in enumerate(names):
        at = (0.1 + 0.13 * place, 1 - 0.08 / figure.get_figheight())
        figure.text(*at, name, color=colour, va="top", fontweight="bold")


def rate_agreement(populations, nest_rates, rates, series, bin_ms):
    """Mean rate of each population against NEST's, and the column's rate over time.

    Args:
        populations: Their names, (P,).
        nest_rates: Hz, (P,); NaN leaves a population out.
        rates: Rates (P,) in Hz by integration, a key of COLOURS.
        series: Rates of the whole column in bins, (bins,) Hz, by integration and
            "NEST".
        bin_ms: Width of a bin.

    Returns:
        matplotlib Figure.
    """
    with style.paper():
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
        _draw_rates(left, populations, nest_rates, rates)
        _draw_series(right, series, bin_ms)
    return figure


def _draw_rates(axes, populations, nest_rates, rates):
    highest = 1.5 * np.nanmax([nest_rates, *rates.values()], initial=1)
    axes.plot([LOWEST_RATE, highest], [LOWEST_RATE, highest], color=style.BACKDROP)
    markers = {"published": "o", "exact": "+"}
    for name, values in rates.items():
        x, y = (np.maximum(values, LOWEST_RATE) for values in (nest_rates, values))
        mark = {"color": COLOURS[name], "marker": markers[name], "linestyle": "none"}
        axes.plot(x, y, ms=4, clip_on=False, label=name, **mark)
    _name_the_farthest(axes, populations, nest_rates, rates)
    axes.set(xscale="log", yscale="log", aspect="equal")
    axes.set_xlim(LOWEST_RATE, highest)
    axes.set_ylim(LOWEST_RATE, highest)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("rate in NEST (Hz)")
    axes.set_ylabel("rate here (Hz)")
    axes.set_title("Populations")
    axes.legend(loc="upper left", handletextpad=0.1, borderpad=0)


def _name_the_farthest(axes, populations, nest_rates, rates):
    """Names the population whose published rate is farthest from NEST's."""
    values = np.maximum(rates["published"], LOWEST_RATE)
    is_shown = nest_rates > LOWEST_RATE
    if not is_shown.any():
        return
    ratio = np.log(values / np.maximum(nest_rates, LOWEST_RATE))
    at = int(np.argmax(np.where(is_shown, np.abs(ratio), -1)))
    # Away from the diagonal, where the others are.
    is_above = ratio[at] > 0
    axes.annotate(
        populations[at],
        (nest_rates[at], values[at]),
        xytext=(-5, 3) if is_above else (5, 4),
        textcoords="offset points",
        ha="right" if is_above else "left",
        color=style.FAINT,
        fontsize=7,
    )


def _draw_series(axes, series, bin_ms):
    for name, values in series.items():
        is_nest = name == "NEST"
        colour = style.INK if is_nest else COLOURS[name]
        time = bin_ms * (np.arange(len(values)) + 0.5)
        axes.plot(time, values, color=colour, linewidth=2.0 if is_nest else 0.9)
    axes.set_xlim(0, bin_ms * len(series["NEST"]))
    axes.set_ylim(0, None)
    axes.set_xlabel("ms")
    axes.set_ylabel(f"rate of all neurons (Hz, {bin_ms:g} ms bins)")
    axes.set_title("Column")
    for place, name in enumerate(series):
        colour = style.INK if name == "NEST" else COLOURS[name]
        at = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(1.0, 1.0 - 0.08 * place, name, color=colour, **at)
