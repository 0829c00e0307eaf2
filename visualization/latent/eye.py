"""A simulated eye at work: what it sees, and one neuron of each type."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from visualization import style

N_FRAMES = 10
PER_COLUMN = 33  # traces below each other
ROW_INCHES, FRAME_INCHES, MARGIN_INCHES = 0.17, 0.85, 0.9
ACTIVE, SILENT = "#0072B2", "#C9C9C9"
_CORNERS = np.arange(6) * np.pi / 3


def eye_figure(activity, frames, positions, cell_types, dt_ms, title=""):
    """Frames on hexals over time, and a trace for each cell type.

    A trace is of the neuron of its type that varies most, scaled to its own range; the
    number beside it is its standard deviation. Where it is above 0 it is blue: there
    it reaches other neurons.

    Args:
        activity: (T, N) voltages.
        frames: (T, H) luminance in [0, 1].
        positions: (H, 2) places of the hexals; neighbours are 1 apart.
        cell_types: (N,) text.
        dt_ms: Length of a step.
        title: Of the figure.

    Returns:
        matplotlib Figure.
    """
    cell_types = np.asarray(cell_types, np.str_)
    spread = activity.std(axis=0)
    names = list(dict.fromkeys(cell_types.tolist()))
    chosen = [
        int(np.argmax(np.where(cell_types == name, spread, -1))) for name in names
    ]
    n_columns = -(-len(names) // PER_COLUMN)
    per_column = -(-len(names) // n_columns)
    height = MARGIN_INCHES + FRAME_INCHES + ROW_INCHES * per_column
    with style.paper():
        figure = Figure(figsize=(7.2, height))
        _draw_frames(figure, frames, positions, dt_ms, height)
        for column in range(n_columns):
            part = slice(column * per_column, (column + 1) * per_column)
            width = 0.93 / n_columns
            bounds = (
                0.07 + column * width,
                0.4 / height,
                width - 0.11,
                ROW_INCHES * per_column / height,
            )
            axes = figure.add_axes(bounds)
            traces = activity[:, chosen[part]]
            _draw_traces(axes, traces, names[part], per_column, dt_ms)
        figure.text(0.02, 1 - 0.2 / height, title, fontweight="bold", fontsize=9)
    return figure


def _draw_frames(figure, frames, positions, dt_ms, height):
    """Some frames, evenly spaced in time, each with its time."""
    steps = np.linspace(0, len(frames) - 1, N_FRAMES).astype(int)
    size = 1 / np.sqrt(3)  # from the middle of a hexal to its corner
    corners = size * np.stack([np.cos(_CORNERS), np.sin(_CORNERS)], axis=1)
    hexals = positions[:, None] + corners
    width = 0.96 / N_FRAMES
    bottom = (height - 0.3 - FRAME_INCHES) / height
    for k, step in enumerate(steps.tolist()):
        bounds = (0.02 + k * width, bottom, width * 0.94, FRAME_INCHES * 0.8 / height)
        axes = figure.add_axes(bounds)
        cells = PolyCollection(hexals, array=frames[step], cmap="gray", linewidths=0)
        cells.set_clim(0, 1)
        axes.add_collection(cells)
        low, high = hexals.min(axis=(0, 1)), hexals.max(axis=(0, 1))
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
        axes.axis("off")
        axes.set_title(f"{step * dt_ms / 1000:.1f} s", fontsize=7, loc="center", pad=2)


def _draw_traces(axes, traces, names, n_rows, dt_ms):
    """Traces (T, n) below each other, the first on top."""
    seconds = np.arange(len(traces)) * dt_ms / 1000
    low, high = traces.min(axis=0), traces.max(axis=0)
    scale = 0.85 / np.maximum(high - low, np.finfo(np.float32).tiny)
    for row, name in enumerate(names):
        trace = traces[:, row]
        level = n_rows - 1 - row + (trace - low[row]) * scale[row]
        axes.plot(seconds, level, color=SILENT, linewidth=0.7)
        active = np.where(trace > 0, level, np.nan)
        axes.plot(seconds, active, color=ACTIVE, linewidth=0.7)
        middle = n_rows - 0.6 - row
        end = seconds[-1] if len(seconds) > 1 else 1
        axes.text(-0.01 * end, middle, name, ha="right", va="center", fontsize=6)
        words = f"{trace.std():.2g}"
        axes.text(1.01 * end, middle, words, va="center", fontsize=6, color=style.FAINT)
    axes.set(ylim=(-0.1, n_rows), yticks=[], xlabel="time (s)")
    axes.set_xlim(0, max(seconds[-1], dt_ms / 1000))
    axes.spines["left"].set_visible(False)
