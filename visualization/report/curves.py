"""Curves of a report: line charts as SVG text, without styles or scripts of their own.

Colours are attributes and the rest is said by classes, so that a page which forbids
inline styles can show them in light and in dark.
"""

import dataclasses
import html
import json

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT = 360, 210  # units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 10, 34  # margins around the axes
MOST_POINTS = 400  # of a curve
MARKED_POINTS = 30  # up to so many, each point has a dot
DASHES = ("", "6 3", "2 2", "8 3 2 3")  # so that curves differ without colour too


@dataclasses.dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Args:
        name: What it is.
        y: Its values, (n,); those that are not finite are left out.
        colour: Colour as #RRGGBB.
        dash: Index into DASHES.
        low, high: Ends of an interval around it, (n,), or None.
    """

    name: str
    y: np.ndarray
    colour: str
    dash: int = 0
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Chart:
    """Some curves over the same steps.

    Args:
        title: Of the chart.
        unit: Of the vertical axis, as text; empty where there is none.
        steps: Horizontal axis, (n,), increasing.
        curves: Tuple of Curve.
        limits: Ends of the vertical axis that are shown at least, or None.
    """

    title: str
    unit: str
    steps: np.ndarray
    curves: tuple
    limits: tuple | None = None

    @property
    def is_empty(self):
        return not any(np.isfinite(curve.y).any() for curve in self.curves)


def thinned(n):
    """Which of n points are drawn: at most MOST_POINTS, the first and last among them.

    Returns:
        Increasing positions, (k,) int.
    """
    if n <= MOST_POINTS:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, MOST_POINTS).round().astype(int))


def chart_html(chart):
    """A chart as an HTML figure: title, legend, drawing, and the last values in words.

    A script finds what it needs to show the values under the pointer in `data-chart`.
    """
    rows = thinned(len(chart.steps))
    steps = np.asarray(chart.steps, float)[rows]
    curves = [_at(curve, rows) for curve in chart.curves if np.isfinite(curve.y).any()]
    x, y = _axes(steps, curves, chart.limits)
    title = html.escape(chart.title)
    drawing = [_grid(x, y)]
    drawing += [_band(curve, steps, x, y) for curve in curves if curve.low is not None]
    drawing += [_line(curve, steps, x, y) for curve in curves]
    data = {
        "steps": _numbers(steps),
        "pixels": _numbers(x.place(steps)),
        "curves": [{"name": c.name, "y": _numbers(c.y)} for c in curves],
    }
    return (
        f'<figure class="chart" data-chart="{html.escape(json.dumps(data))}">'
        f"<figcaption>{title} <small>{html.escape(chart.unit)}</small></figcaption>"
        f'<ul class="legend">{"".join(map(_key, curves))}</ul>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}: {html.escape(_last_values(steps, curves))}">'
        f"{''.join(drawing)}"
        f'<line class="cursor" x1="-9" x2="-9" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        "</svg>"
        f'<p class="readout">{html.escape(_last_values(steps, curves))}</p></figure>'
    )


@dataclasses.dataclass(frozen=True)
class _Axis:
    """A linear axis: the values `first` and `last` lie at `start` and `end`."""

    first: float
    last: float
    start: float
    end: float
    ticks: tuple

    def place(self, values):
        share = (np.asarray(values, float) - self.first) / (self.last - self.first)
        return self.start + share * (self.end - self.start)


def _axes(steps, curves, limits):
    """Both axes: the horizontal one ends with the data, the vertical one with ticks."""
    first, last = float(steps[0]), float(steps[-1])
    last = last if last > first else first + 1
    ticks = _ticks(5, first, last, whole=True)
    margin = 1e-9 * (last - first)
    ticks = [tick for tick in ticks if first - margin <= tick <= last + margin]
    x = _Axis(first, last, LEFT, WIDTH - RIGHT, tuple(ticks))
    parts = [curve.y for curve in curves]
    parts += [end for curve in curves if curve.low is not None for end in _ends(curve)]
    values = np.concatenate([*parts, np.asarray(limits or (), float)])
    values = values[np.isfinite(values)]
    ticks = _ticks(4, values.min(), values.max())
    return x, _Axis(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP, tuple(ticks))


def _ticks(most, low, high, whole=False):
    locator = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole)
    return [float(tick) for tick in locator.tick_values(low, high)]


def _ends(curve):
    return curve.low, curve.high


def _at(curve, rows):
    ends = (None, None) if curve.low is None else (curve.low[rows], curve.high[rows])
    low, high = ends
    return dataclasses.replace(curve, y=np.asarray(curve.y)[rows], low=low, high=high)


def _grid(x, y):
    parts = []
    for tick in y.ticks:
        at = f"{y.place(tick):.1f}"
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
            f'<text x="{LEFT - 5}" y="{at}" dy="0.35em" text-anchor="end">'
            f"{tick:g}</text>"
        )
    floor = HEIGHT - BOTTOM
    for tick in x.ticks:
        at = x.place(tick)
        parts.append(
            f'<line class="tick" x1="{at:.1f}" x2="{at:.1f}" y1="{floor}" '
            f'y2="{floor + 4}"/><text x="{at:.1f}" y="{floor + 15}" '
            f'text-anchor="middle">{tick:g}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 3}" text-anchor="middle">step</text>'
    )
    return "".join(parts)


def _line(curve, steps, x, y):
    is_there = np.isfinite(curve.y)
    points = [*zip(x.place(steps[is_there]), y.place(curve.y[is_there]), strict=True)]
    places = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dash = f' stroke-dasharray="{DASHES[curve.dash]}"' if curve.dash else ""
    line = f'<polyline class="curve" stroke="{curve.colour}"{dash} points="{places}"/>'
    if len(points) > MARKED_POINTS or (curve.dash and len(points) > 1):
        return line
    dots = (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2"/>' for a, b in points)
    return f'{line}<g fill="{curve.colour}">{"".join(dots)}</g>'


def _band(curve, steps, x, y):
    is_there = np.isfinite(curve.low) & np.isfinite(curve.high)
    across = x.place(steps[is_there])
    low, high = y.place(curve.low[is_there]), y.place(curve.high[is_there])
    there = [f"{a:.1f},{b:.1f}" for a, b in zip(across, high, strict=True)]
    back = [f"{a:.1f},{b:.1f}" for a, b in zip(across, low, strict=True)]
    points = " ".join(there + back[::-1])
    return f'<polygon class="band" fill="{curve.colour}" points="{points}"/>'


def _key(curve):
    dash = f' stroke-dasharray="{DASHES[curve.dash]}"' if curve.dash else ""
    return (
        '<li><svg viewBox="0 0 24 8" class="key" aria-hidden="true"><line x1="0" '
        f'x2="24" y1="4" y2="4" class="curve" stroke="{curve.colour}"{dash}/></svg>'
        f"{html.escape(curve.name)}</li>"
    )


def _last_values(steps, curves):
    """The last step and what each curve was there, or where it was known last."""
    parts = []
    for curve in curves:
        known = np.flatnonzero(np.isfinite(curve.y))
        late = "" if known[-1] == len(steps) - 1 else f" (step {steps[known[-1]]:g})"
        parts.append(f"{curve.name} {curve.y[known[-1]]:.4g}{late}")
    return f"step {steps[-1]:g}: {', '.join(parts)}"


def _numbers(values):
    """Values as JSON has them, seven digits each; None where one is not finite."""
    return [float(f"{v:.7g}") if np.isfinite(v) else None for v in values]
