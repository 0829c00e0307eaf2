"""Neurons as points of a picture that glow when they fire."""

import numpy as np
from matplotlib.colors import to_rgb

DECAY_MS = 20.0  # in which a glow falls to a third
FAINTEST = 0.1  # glow that is no longer drawn
LASTING_MS = DECAY_MS * np.log(1 / FAINTEST)
SHADES = 5  # of a glow: with more, the film of a core that runs away is too large
LARGEST_DOT = 3.2  # radius, px
SMALLEST_GLOW = 1.0  # radius of a neuron that fired; silent ones may be smaller, px


class Points:
    """N points in a picture.

    Args:
        x, y: Where, (N,), px from the left and from the top.
        shape: Height and width of the picture, px.
        radius: Of a point, px.
    """

    def __init__(self, x, y, shape, radius):
        self.shape = shape
        reach = np.arange(-int(radius), int(radius) + 1)
        rows, columns = np.meshgrid(reach, reach, indexing="ij")
        is_inside = rows**2 + columns**2 <= radius**2 + 0.3
        self._offsets = np.column_stack([rows[is_inside], columns[is_inside]])
        self._row = np.asarray(y, int)
        self._column = np.asarray(x, int)

    def painted(self, picture, colours, order):
        """A copy of the picture with some of the points.

        Args:
            picture: (h, w, 3) uint8.
            colours: Of all points, (N, 3) uint8.
            order: Points that are painted, one over the other, (n,) int.
        """
        picture = picture.copy()
        height, width = self.shape
        for down, right in self._offsets:
            row, column = self._row[order] + down, self._column[order] + right
            is_in = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            picture[row[is_in], column[is_in]] = colours[order[is_in]]
        return picture


class Glow:
    """Neurons that light up in the colour of their class at a spike, and decay.

    Args:
        x, y, shape: As of Points; N neurons.
        colours: Of each, (N,) of anything that Matplotlib takes.
        trial: TrialActivity.
        at_rest: Colour of a silent neuron.
        backdrop: Colour behind them.
    """

    def __init__(self, x, y, shape, colours, trial, at_rest, backdrop="white"):
        self._trial = trial
        room = np.sqrt(shape[0] * shape[1] / max(len(x), 1))
        radius = float(np.clip(0.3 * room, 0.5, LARGEST_DOT))
        self._points = Points(x, y, shape, max(radius, SMALLEST_GLOW))
        palette = {colour: to_rgb(colour) for colour in set(colours)}
        self._colours = np.array([palette[colour] for colour in colours]) * 255
        self._at_rest = np.array(to_rgb(at_rest)) * 255
        empty = np.full((*shape, 3), np.rint(255 * np.array(to_rgb(backdrop))))
        everyone = np.arange(trial.n_neurons)
        silent = np.broadcast_to(self._at_rest.astype(np.uint8), (len(everyone), 3))
        small = Points(x, y, shape, radius)
        self._base = small.painted(empty.astype(np.uint8), silent, everyone)

    def brightness(self, ms):
        """Glow of each neuron, (N,): 1 at a spike, less after it, 0 once faint."""
        step, dt = self._trial.spike_step, self._trial.dt_ms
        ends = np.floor(np.array([ms - LASTING_MS, ms]) / dt + 1e-9)
        # Of the same type, otherwise all of perhaps millions of spikes are converted.
        first, end = np.searchsorted(step, ends.astype(step.dtype), side="right")
        last = np.full(self._trial.n_neurons, -np.inf)
        # Spikes are in order of time, and of equal indices the last value stays.
        last[self._trial.spike_neuron[first:end]] = step[first:end] * dt
        return np.exp((last - ms) / DECAY_MS)

    def picture(self, ms):
        """The picture at a time, (h, w, 3) uint8."""
        glow = self.brightness(ms)
        order = np.flatnonzero(glow > FAINTEST)
        order = order[np.argsort(glow[order], kind="stable")]
        share = np.rint(glow * SHADES)[:, None] / SHADES
        colours = share * self._colours + (1 - share) * self._at_rest
        return self._points.painted(
            self._base, np.rint(colours).astype(np.uint8), order
        )
