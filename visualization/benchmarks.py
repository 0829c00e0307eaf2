"""What training costs: seconds of a step, how they grow, and memory of long trials."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from visualization import style

ENGINE_COLOURS = {"stepwise": style.FAINT, "portable": "#009E73", "compiled": "#0072B2"}
FORWARD, ADJOINT = "#D55E00", "#0072B2"
METHOD_COLOURS = {"whole": style.INK, "segments": "#0072B2", "truncated": "#D55E00"}
METHOD_MARKS = {"whole": "o", "segments": "s", "truncated": "x"}
# Floors are grey; their dashes tell them apart.
DASHES = {"bytes": (0, (5, 2)), "flops": (0, (1, 1.5)), "lines": (0, (5, 2, 1, 2))}
FLOOR_NAMES = {
    "bytes": "floor: reading in order",
    "flops": "floor: arithmetic",
    "lines": "floor: a random line per synapse",
}


class Scan(NamedTuple):
    """Cost of one pass along one axis, microseconds per simulated ms and trial.

    x: Neurons or rates, (points,).
    alone, together: With one trial and, where measured, with several, (points,); NaN
        where it was not.
    law: What a law fitted to `alone` says, (points,).
    floors: By name, keys of DASHES, (points,) of one trial.
    """

    x: np.ndarray
    alone: np.ndarray
    together: np.ndarray
    law: np.ndarray
    floors: dict


def step_times(cases, note=""):
    """Seconds of a training step of 600 ms by engine, on a logarithmic axis.

    Args:
        cases: Seconds by engine and, where it is not the CPU, device ("compiled",
            "portable, GPU"), by title of the case. The first is the yardstick.
        note: A line below the axis.

    Returns:
        matplotlib Figure.
    """
    rows = [(title, name) for title, found in cases.items() for name in found]
    with style.paper():
        height = 0.24 * len(rows) + 0.3 * len(cases) + 0.75
        figure = Figure(figsize=(6.4, height), layout="constrained")
        axes = figure.subplots()
        y, middles = 0.0, []
        for title, found in cases.items():
            middles.append((title, y + (len(found) - 1) / 2))
            y = _draw_case(axes, found, y) + 0.9
        _prepare_steps(axes, cases, middles)
        if note:
            figure.supxlabel(note, fontsize=7, color=style.FAINT)
    return figure


def _draw_case(axes, found, y):
    """Bars of one case from y on; returns where the next may begin."""
    yardstick, slow = next(iter(found.items()))
    for name, seconds in found.items():
        axes.barh(y, seconds, height=0.8, color=ENGINE_COLOURS[name.split(",")[0]])
        ratio = "" if name == yardstick else f"   {slow / seconds:.3g} times faster"
        words = f" {seconds:.3g} s  {name}{ratio}"
        axes.text(seconds, y, words, va="center", fontsize=7.5)
        y += 1
    return y


def _prepare_steps(axes, cases, middles):
    seconds = [value for found in cases.values() for value in found.values()]
    axes.set_xscale("log")
    # Room for the words behind the longest bar.
    axes.set_xlim(min(seconds) / 3, max(seconds) * 12)
    axes.invert_yaxis()
    axes.set_yticks([middle for _, middle in middles], [title for title, _ in middles])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("seconds of a training step of 600 ms")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def engine_scaling(by_size, by_rate, neurons, trials):
    """Cost of forward pass and adjoint against size and rate, with the floors.

    Args:
        by_size, by_rate: Scan by pass, "forward" and "adjoint".
        neurons: Size at which the rates were imposed.
        trials: Number of those that were run together.

    Returns:
        matplotlib Figure.
    """
    with style.paper():
        figure = Figure(figsize=(7.2, 5.4), layout="constrained")
        panels = figure.subplots(2, 2, sharex="col", sharey="row")
        for row, (name, colour) in enumerate(
            {"forward": FORWARD, "adjoint": ADJOINT}.items()
        ):
            for column, scans in enumerate((by_size, by_rate)):
                _draw_scan(panels[row, column], scans[name], colour)
            panels[row, 0].set_ylabel("µs per simulated ms and trial")
        panels[0, 0].set_title("Forward pass, at the natural rate")
        panels[0, 1].set_title(f"Forward pass, {neurons:,} neurons")
        panels[1, 0].set_title("Exact adjoint, at the natural rate")
        panels[1, 1].set_title(f"Exact adjoint, {neurons:,} neurons")
        panels[1, 0].set_xlabel("neurons")
        panels[1, 1].set_xlabel("imposed rate (Hz)")
        _draw_scaling_key(figure, trials)
    return figure


def _draw_scan(axes, scan, colour):
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name, values in scan.floors.items():
        axes.plot(scan.x, values, color=style.FAINT, linestyle=DASHES[name])
    axes.plot(scan.x, scan.law, color=colour, linewidth=5, alpha=0.2)
    axes.plot(scan.x, scan.together, color=colour, linewidth=0.7)
    axes.plot(scan.x, scan.alone, "o", color=colour, ms=3.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(color=style.BACKDROP, linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_scaling_key(figure, trials):
    """The lines, each with its meaning, in two rows below the panels."""
    marks = {
        "1 trial": {"color": style.INK, "linestyle": "none", "marker": "o", "ms": 3.5},
        "its law": {"color": style.INK, "linewidth": 5, "alpha": 0.2},
    }
    if trials > 1:
        marks[f"{trials} trials together"] = {"color": style.INK, "linewidth": 0.7}
    for name, words in FLOOR_NAMES.items():
        marks[words] = {"color": style.FAINT, "linestyle": DASHES[name]}
    lines = [Line2D([], [], **mark) for mark in marks.values()]
    figure.legend(lines, list(marks), loc="outside lower center", ncols=3)


def memory_against_length(points, step_times, segment_ms, note=""):
    """Memory of a training step against the length of the trial, and what it costs.

    Args:
        points: (ms, megabytes), arrays, by method, keys of METHOD_COLOURS; "whole" is
            the yardstick.
        step_times: Seconds of a step at one length, by method.
        segment_ms: Length of a segment.
        note: A line below the axes.

    Returns:
        matplotlib Figure.
    """
    with style.paper():
        figure = Figure(figsize=(6.8, 3.1), layout="constrained")
        memory, times = figure.subplots(1, 2, width_ratios=(2.2, 1))
        for method, (ms, megabytes) in points.items():
            colour, mark = METHOD_COLOURS[method], METHOD_MARKS[method]
            memory.plot(ms, megabytes, color=colour, marker=mark, ms=4)
            ratio = step_times[method] / step_times["whole"]
            times.bar(method, ratio, width=0.6, color=colour)
        _prepare_memory(memory, points)
        names = {
            "whole": "whole trial",
            "segments": f"segments of {segment_ms} ms",
            "truncated": "truncated at their borders",
        }
        words = [names[method] for method in points]
        memory.legend(memory.lines, words, frameon=False)
        times.axhline(1, color=style.FAINT, linewidth=0.6)
        times.tick_params(axis="x", length=0, labelsize=7)
        times.set_title("Time of a step")
        times.set_ylabel("times that of the whole trial")
        if note:
            figure.supxlabel(note, fontsize=7, color=style.FAINT)
    return figure


def _prepare_memory(axes, points):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(next(iter(points.values()))[0])
    axes.set_xlabel("length of the trial (ms)")
    axes.set_ylabel("MB beyond the network")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.set_title("Memory of a training step")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(color=style.BACKDROP, linewidth=0.6)
    axes.set_axisbelow(True)
