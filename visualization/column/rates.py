"""Firing rates of a column beside those that were published and measured."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from v1model.network.physiology import column_rates, physiology_targets, rate_bands
from v1model.network.populations import ROUGH_POPULATIONS
from visualization import style
from visualization.column.population_rows import LAYER_GAP, draw_names, population_rows

LOWEST_RATE = 0.05  # Hz, left end of the axis; lower rates are drawn on it
# Offsets within a row, so that the marks of one population never hide each other.
NEUROPIXELS_LANE, PUBLISHED_LANE = -0.27, 0.27
PUBLISHED_RUNS = ("new_dg", "old_dg")  # columns of `column_rates`


def rate_comparison(rates, title="Mean rate under a drifting grating"):
    """Mean rate of each population against the published column and Neuropixels.

    One row per population. Grey box: band that an untrained column keeps to. Dot:
    `rates`. Two ticks: the two published runs of the column (Billeh et al. 2020).
    Line with a cross-bar: quartiles and median of Neuropixels units.

    Args:
        rates: Hz by population, keys of `ROUGH_POPULATIONS`, and "network" for the
            mean over all neurons. A missing or NaN rate leaves the row without a
            dot.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A key is not one of those, or a rate is negative.
    """
    with style.paper():
        figure = Figure(figsize=(6.4, 5.6))
        draw_rates(figure.add_axes((0.18, 0.09, 0.67, 0.78)), rates)
        figure.text(0.02, 0.955, title, fontsize=10, fontweight="bold")
    return figure


def draw_rates(axes, rates):
    """Draws what `rate_comparison` is made of into axes.

    Names stand to the left of the axes, numbers to the right, the key above. The axes
    need about 4 by 4 inches.
    """
    _check(rates)
    rows = _rows(with_network="network" in rates)
    _prepare(axes, rows, highest=_highest(rates))
    _draw_references(axes, rows)
    for name, y in rows.items():
        _draw_rate(axes, name, y, rates.get(name, math.nan))
    _draw_names(axes, rows)
    _draw_key(axes)


def _check(rates):
    unknown = sorted(set(rates) - {*ROUGH_POPULATIONS, "network"})
    if unknown:
        raise ValueError(f"rates of unknown populations {unknown}.")
    for name, rate in rates.items():
        if rate < 0:
            raise ValueError(f"rate of {name} must not be negative, got {rate} Hz.")


def _rows(with_network):
    """Height of each population's row, from the pia down."""
    rows = population_rows()
    if with_network:
        rows["network"] = max(rows.values()) + 1 + LAYER_GAP
    return rows


def _highest(rates):
    measured = [row["np_dg_q75"] for row in physiology_targets().values()]
    return 1.4 * max(*measured, *(r for r in rates.values() if not math.isnan(r)))


def _prepare(axes, rows, highest):
    axes.set_xscale("log")
    axes.set_xlim(LOWEST_RATE, highest)
    axes.set_ylim(max(rows.values()) + 0.8, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Mean firing rate (Hz)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    for rate in (0.1, 1, 10):
        axes.axvline(rate, color=style.BACKDROP, linewidth=0.6, zorder=0)


def _draw_references(axes, rows):
    """Bands, quartiles and published runs of all rows; one artist for each kind."""
    bands = [rate_bands()[name] for name in rows]
    left = np.maximum([band.low for band in bands], LOWEST_RATE)
    width = [band.high for band in bands] - left
    axes.barh([*rows.values()], width, left=left, height=0.86, color=style.BACKDROP)
    groups = [name for name in rows if name != "network"]
    y = np.array([rows[name] for name in groups])
    measured = [physiology_targets()[name] for name in groups]
    lane = y + NEUROPIXELS_LANE
    low = np.maximum([row["np_dg_q25"] for row in measured], LOWEST_RATE)
    high = [row["np_dg_q75"] for row in measured]
    axes.hlines(lane, low, high, color=style.FAINT, linewidth=1.2)
    medians = [row["np_dg_median"] for row in measured]
    axes.plot(medians, lane, "|", color=style.FAINT, ms=5, mew=1.6)
    runs = [[column_rates()[name][run] for name in groups] for run in PUBLISHED_RUNS]
    lane = y + PUBLISHED_LANE
    axes.hlines(lane, *runs, color=style.INK, linewidth=0.5)
    for run in runs:
        axes.plot(run, lane, "|", color=style.INK, ms=5, mew=0.9)


def _draw_rate(axes, name, y, rate):
    colour = style.INK if name == "network" else style.colour_of(name)
    at_right = {"transform": axes.get_yaxis_transform(), "va": "center"}
    if math.isnan(rate):
        axes.text(1.02, y, "no rate", color=style.FAINT, **at_right)
        return
    marker = "o" if rate >= LOWEST_RATE else "<"
    shown = max(rate, LOWEST_RATE)
    axes.plot(shown, y, marker, color=colour, ms=6, mec="white", clip_on=False)
    band = rate_bands()[name]
    is_outside = not band.low <= rate <= band.high
    verdict = (" low" if rate < band.low else " high") if is_outside else ""
    weight = "bold" if is_outside else "normal"
    axes.text(1.02, y, f"{rate:.2f}{verdict}", fontweight=weight, **at_right)


def _draw_names(axes, rows):
    draw_names(axes, {k: y for k, y in rows.items() if k != "network"})
    at_side = {"transform": axes.get_yaxis_transform(), "va": "center"}
    if "network" in rows:
        axes.text(-0.02, rows["network"], "all neurons", ha="right", **at_side)
    axes.text(1.02, -0.95, "Hz", fontweight="bold", **at_side)


def _draw_key(axes):
    """The marks, each beside its meaning, in one line above the rows."""
    y, wide = 1.05, 0.045
    place = {"transform": axes.transAxes, "clip_on": False}

    def explain(x, text):
        axes.text(x + wide + 0.015, y, text, va="center", transform=axes.transAxes)
        return [x, x + wide], x + wide / 2

    ends, _ = explain(-0.24, "band, if untrained")
    axes.plot(ends, [y, y], color=style.BACKDROP, lw=8, solid_capstyle="butt", **place)
    _, middle = explain(0.21, "this network")
    axes.plot(middle, y, "o", color=style.INK, ms=6, mec="white", **place)
    ends, _ = explain(0.46, "two published runs")
    pair = [ends[0] + 0.01, ends[1] - 0.01]
    axes.plot(pair, [y, y], "|-", color=style.INK, lw=0.5, ms=5, mew=0.9, **place)
    ends, middle = explain(0.81, "Neuropixels quartiles")
    axes.plot(ends, [y, y], color=style.FAINT, linewidth=1.2, **place)
    axes.plot(middle, y, "|", color=style.FAINT, ms=5, mew=1.6, **place)
