"""The panels of an animated trial: each draws itself once, then moves with time."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from v1model.activity import UNDECIDED
from v1model.lgn.current import rates_from_current
from visualization import style
from visualization.film.glow import Glow, Points
from visualization.trial.axes import (
    DPI,
    is_answer_due,
    mark_windows,
    say,
    set_time,
    signs_of,
)
from visualization.trial.dots import dot_picture, enlarged
from visualization.trial.laminar import heights, laminar_groups
from visualization.trial.movie_frames import field_around
from visualization.trial.raster import SPARSE

MARGIN = 1.6  # shown part of the visual field, in sizes of the view
BRIGHTEST = 99.5  # percentile of all rates of the LGN that is drawn brightest
SMOOTHING_MS = 20.0  # of LGN spikes; currents are rates already
SILENT = "#D9D9D9"  # a neuron that has not fired


class ScreenPanel:
    """What is on the screen, around what the column sees.

    Args:
        axes: Axes.
        movie: Movie, or None if nobody knows.
        view: View of the column.
    """

    def __init__(self, axes, movie, view):
        axes.set(xticks=[], yticks=[])
        self.artists = []
        if movie is None:
            say(axes, "what was shown is not known")
            return
        self._columns, self._rows = seen_part(axes, view)
        self._frames = movie.frames
        self._ends = np.cumsum(movie.durations_ms)
        limit = max(float(np.abs(movie.frames).max()), 1e-6)
        self._image = axes.imshow(
            self._frame(0),
            cmap="gray",
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            extent=_extent(self._columns, self._rows),
        )
        self.artists = [self._image, _frame_of(axes, view)]

    def _frame(self, number):
        return self._frames[number, self._rows, self._columns]

    def show(self, ms):
        """Moves to a time."""
        if self.artists:
            number = np.searchsorted(self._ends, ms, side="right")
            self._image.set_data(self._frame(min(number, len(self._frames) - 1)))


class LGNPanel:
    """Activity of the LGN units where they look.

    Args:
        axes: Axes.
        trial: TrialActivity.
        units: LGNUnits of the I inputs, or None if nobody knows.
        view: View of the column.
    """

    def __init__(self, axes, trial, units, view):
        axes.set(xticks=[], yticks=[], facecolor=matplotlib.colormaps["magma"](0.0))
        self.artists = []
        if units is None:
            say(axes, "where the inputs look is not known")
            return
        columns, rows = seen_part(axes, view)
        self._rates, self._dt_ms = input_rates(trial), trial.dt_ms
        self.is_active = bool(self._rates.any())
        self.brightest = max(float(np.percentile(self._rates, BRIGHTEST)), 1e-3)
        width, height = _pixels(axes)
        left, right, bottom, top = _extent(columns, rows)
        x = (units.x - left) / (right - left) * width
        y = (units.y - top) / (bottom - top) * height
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        self._inside = np.flatnonzero(inside)
        # A point for each unit that is seen; their density is that of the middle.
        room = np.sqrt(width * height / max(len(self._inside), 1))
        radius = float(np.clip(0.42 * room, 1.0, 5.0))
        self._points = Points(x[inside], y[inside], (height, width), radius)
        dark = np.array(matplotlib.colormaps["magma"](0.0, bytes=True)[:3])
        self._base = np.broadcast_to(dark, (height, width, 3)).astype(np.uint8)
        extent = (left, right, bottom, top)
        self._image = axes.imshow(self._base, extent=extent, aspect="auto")
        self.artists = [self._image, _frame_of(axes, view)]

    def show(self, ms):
        """Moves to a time."""
        if self.artists:
            step = min(int(ms / self._dt_ms), len(self._rates) - 1)
            rates = self._rates[step, self._inside]
            share = np.clip(rates / self.brightest, 0, 1)
            colours = matplotlib.colormaps["magma"](share, bytes=True)[:, :3]
            self._image.set_data(
                self._points.painted(self._base, colours, np.argsort(rates))
            )


class ColumnPanel:
    """The neurons where they are, from the side; they glow when they fire.

    Args:
        axes: Axes.
        trial: TrialActivity.
        neurons: Neurons.
    """

    def __init__(self, axes, trial, neurons):
        width, height = _pixels(axes)
        wide = max(float(np.abs(neurons.x).max()), 1.0) * 1.04
        top, bottom = neurons.y.min() - 12, neurons.y.max() + 12
        axes.set(xlim=(-wide, wide), ylim=(bottom, top))
        axes.set(xlabel="Across (µm)", ylabel="Depth below the pia (µm)")
        x = (neurons.x + wide) / (2 * wide) * width
        y = (neurons.y - top) / (bottom - top) * height
        colours = [style.colour_of(name) for name in neurons.pop_name]
        self._glow = Glow(x, y, (height, width), colours, trial, SILENT)
        extent = (-wide, wide, bottom, top)
        self._image = axes.imshow(
            self._glow.picture(-1.0), extent=extent, aspect="auto"
        )
        self.artists = [self._image, *_mark_layers(axes, neurons)]

    def show(self, ms):
        """Moves to a time."""
        self._image.set_data(self._glow.picture(ms))


class RasterPanel:
    """The laminar raster, as far as time has come.

    Args:
        axes: Axes.
        trial: TrialActivity.
        neurons: Neurons.
    """

    def __init__(self, axes, trial, neurons):
        self._trial = trial
        width, height = _pixels(axes)
        groups = laminar_groups(neurons)
        sizes = heights([len(group.members) for group in groups], height, least=5)
        ends = np.cumsum(sizes)
        row, colours = np.empty(trial.n_neurons), []
        for group, start, end in zip(groups, [0, *ends], ends, strict=False):
            n = len(group.members)
            row[group.members] = start + (np.arange(n) + 0.5) * (end - start) / n
            colours += [group.colour] * (end - start)
        pixel = np.minimum(row.astype(int), height - 1)[trial.spike_neuron]
        width = min(width, trial.n_steps)
        column = trial.spike_step.astype(np.int64) * width // trial.n_steps
        picture = dot_picture(pixel, column, colours, width, np.arange(height))
        is_sparse = len(column) < SPARSE * height * width
        self._picture = enlarged(picture) if is_sparse else picture
        mark_windows(axes, trial)
        extent = (0, trial.duration_ms, height, 0)
        self._image = axes.imshow(self._picture, extent=extent, aspect="auto")
        self._now = axes.axvline(0, color=style.INK, lw=0.8)
        self.artists = [self._image, self._now]
        self._name_layers(axes, groups, [0, *ends])
        axes.set_ylim(height, 0)
        axes.set_yticks([])
        set_time(axes, trial, is_labelled=False)
        if not len(trial.spike_step):
            say(axes, "no spikes")

    def _name_layers(self, axes, groups, edges):
        for layer in dict.fromkeys(group.layer for group in groups):
            inside = [k for k, group in enumerate(groups) if group.layer == layer]
            start, end = edges[inside[0]], edges[inside[-1] + 1]
            looks = {"transform": axes.get_yaxis_transform(), "va": "center"}
            words = {"ha": "right", "fontweight": "bold", **looks}
            axes.text(-0.02, (start + end) / 2, f"L{layer}", **words)
            if start:
                axes.axhline(start, color=style.FAINT, lw=0.5, zorder=1)

    def show(self, ms):
        """Moves to a time."""
        shown = self._picture.copy()
        width = shown.shape[1]
        first = int(np.ceil(ms / self._trial.duration_ms * width))
        shown[:, first:, 3] = 0
        self._image.set_data(shown)
        self._now.set_xdata([ms, ms])


class AnswerPanel:
    """Probability of each class, as far as the readout has spoken.

    Words say the likeliest class at the moment; from the first answer that was due on,
    the last such answer, and whether it was right.

    Args:
        axes: Axes.
        trial: TrialActivity.
    """

    def __init__(self, axes, trial):
        self._trial = trial
        n_chunks, n_classes = trial.predictions.shape
        edges = np.linspace(0, trial.duration_ms, n_chunks + 1)
        self._ends, self._x = edges[1:], np.repeat(edges, 2)[1:-1]
        self.artists, self._lines = [], []
        mark_windows(axes, trial)
        self._signs, is_due = signs_of(trial), is_answer_due(trial)
        for k in range(n_classes):
            is_right = is_due and k == trial.label
            looks = {"color": style.FAINT, "lw": 0.9}
            if is_right:
                looks = {"color": style.RIGHT, "lw": 2.2, "zorder": 4}
            self._lines += axes.plot([], [], **looks)
        place = {"transform": axes.transAxes, "va": "bottom", "fontsize": 8.5}
        self._says = axes.text(0, 1.04, "", fontweight="bold", **place)
        self._sign = axes.text(1, 1.04, "", fontweight="bold", ha="right", **place)
        self._now = axes.axvline(0, color=style.INK, lw=0.8)
        self.artists = [*self._lines, self._says, self._sign, self._now]
        axes.set(ylim=(-0.03, 1.03), ylabel="Probability")
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        set_time(axes, trial)
        if not trial.predictions.size:
            say(axes, "no readout")

    def show(self, ms):
        """Moves to a time."""
        self._now.set_xdata([ms, ms])
        if not self._trial.predictions.size:
            return
        n_done = int(np.searchsorted(self._ends, ms, side="right"))
        for line, values in zip(self._lines, self._trial.predictions.T, strict=True):
            line.set_data(self._x[: 2 * n_done], np.repeat(values[:n_done], 2))
        if not n_done:
            self._says.set_text("Readout: not yet")
            return
        due = np.flatnonzero(self._trial.is_asked[:n_done])
        if not len(due):
            self._says.set_text(f"Readout: {self._answer(n_done - 1) or 'undecided'}")
            return
        chunk = due[-1]
        said = f"Answer at {self._ends[chunk]:g} ms: {self._answer(chunk)}"
        self._says.set_text(said.rstrip())
        sign = self._signs[chunk]
        self._sign.set_text(str(sign))
        self._sign.set_color(sign.colour)

    def _answer(self, chunk):
        """The class in a chunk and its probability; nothing if classes tie."""
        answer = self._trial.answers[chunk]
        if answer == UNDECIDED:
            return ""
        return f"{answer} (p = {self._trial.predictions[chunk, answer]:.2f})"


def input_rates(trial):
    """Rates of the inputs over time, (T, I), Hz; spikes are smoothed over 20 ms."""
    values = np.asarray(trial.inputs, np.float32)
    if not np.array_equal(values, values.astype(bool)):
        return rates_from_current(values, trial.dt_ms)
    decay = np.exp(-trial.dt_ms / SMOOTHING_MS)
    rates, kept = np.empty_like(values), np.zeros(values.shape[1], np.float32)
    for step, spikes in enumerate(values):
        kept = decay * kept + (1 - decay) * spikes * (1000 / trial.dt_ms)
        rates[step] = kept
    return rates


def seen_part(axes, view):
    """Columns and rows of the visual field around a view, in the shape of the axes."""
    width, height = _pixels(axes)
    size = np.array([view.width, view.height]) * MARGIN
    size = np.maximum(size, size[::-1] * [width / height, height / width])
    return field_around(view.x, view.y, *size)


def _extent(columns, rows):
    return columns.start, columns.stop, rows.stop, rows.start


def _frame_of(axes, view):
    corner = view.x - view.width / 2, view.y - view.height / 2
    looks = {"fill": False, "lw": 1.2, "ec": style.WINDOW}
    return axes.add_patch(Rectangle(corner, view.width, view.height, **looks))


def _pixels(axes):
    """Width and height of axes, px."""
    box = axes.get_position()
    wide, high = axes.figure.get_size_inches() * DPI
    return round(box.width * wide), round(box.height * high)


def _mark_layers(axes, neurons):
    """Lines between the layers, and their names at the side."""
    layer, lines = neurons.layer, []
    for name in dict.fromkeys(layer[neurons.laminar_order()].tolist()):
        depth = neurons.y[layer == name]
        at_right = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(1.02, np.median(depth), f"L{name}", fontweight="bold", **at_right)
        lines.append(axes.axhline(depth.max(), color=style.FAINT, lw=0.5))
    return lines[:-1] if lines else []
