"""Differences with their intervals as SVG that grows with its place.

Places are percentages of the width, so that neither text nor dots are stretched, and a
page that forbids inline styles can show them.
"""

import html
import math

import numpy as np
from matplotlib.ticker import MaxNLocator

MIDDLE = 11  # pixels from the top of a row


class Scale:
    """Where differences lie: values to percent of the width, zero always among them."""

    def __init__(self, values):
        values = np.asarray([*values, 0.0], float)
        values = values[np.isfinite(values)]
        low, high = float(values.min()), float(values.max())
        margin = 0.06 * (high - low) or 1.0
        self.low, self.high = low - margin, high + margin

    def __call__(self, value):
        return 100 * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self):
        """About five round values."""
        found = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(
            self.low, self.high
        )
        inside = [tick for tick in found if self.low <= tick <= self.high]
        return [0.0 if abs(tick) < 1e-12 else float(tick) for tick in inside]


def scale_of(differences):
    """The Scale on which all rows of `Comparison.differences` lie."""
    names = ("difference", "low", "high", "low_new", "high_new")
    return Scale(differences[[*names]].to_numpy(float).ravel())


def bar_svg(row, scale, colour):
    """One interval: a dot on a line, a thin line for new groups, zero dashed.

    Args:
        row: Of `Comparison.differences`, a named tuple.
        scale: Scale.
        colour: Of the variant.
    """
    parts = [_line("zero", scale(0), scale(0), 0, 2 * MIDDLE)]
    for kind, low, high in (
        ("thin", row.low_new, row.high_new),
        ("thick", row.low, row.high),
    ):
        if math.isfinite(low) and math.isfinite(high):
            parts.append(_line(kind, scale(low), scale(high), MIDDLE, MIDDLE, colour))
    if math.isfinite(row.difference):
        at = scale(row.difference)
        parts.append(f'<circle cx="{at:.2f}%" cy="{MIDDLE}" r="4.5" fill="{colour}"/>')
    words = html.escape(interval_words(row))
    return (
        f'<svg class="interval" role="img" aria-label="{words}">{"".join(parts)}</svg>'
    )


def axis_svg(scale):
    """The axis below such intervals."""
    parts = []
    for tick in scale.ticks:
        at = scale(tick)
        parts.append(_line("tick", at, at, 0, 5))
        text = f"{tick:+g}".replace("-", "−") if tick else "0"
        # The whole text stays inside.
        anchor = "start" if at < 6 else "end" if at > 94 else "middle"
        parts.append(f'<text x="{at:.2f}%" y="18" text-anchor="{anchor}">{text}</text>')
    return f'<svg class="interval axis" aria-hidden="true">{"".join(parts)}</svg>'


def interval_words(row, unit=""):
    """A difference with its interval: "+0.021 (+0.015 to +0.027)".

    Args:
        row: Of `Comparison.differences`, a named tuple.
        unit: Stands behind the difference.
    """
    unit = f" {unit}" if unit else ""
    if not math.isfinite(row.difference):
        return "–"
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return f"{signed(row.difference)}{unit}"
    # Two digits of the interval's width are told; more would be noise.
    width = row.high - row.low
    decimals = max(0, 1 - math.floor(math.log10(width))) if width > 0 else 4
    numbers = (row.difference, row.low, row.high)
    middle, low, high = (_with_sign(f"{v:+.{min(decimals, 9)}f}") for v in numbers)
    return f"{middle}{unit} ({low} to {high})"


def signed(value):
    """A number with its sign and three digits; a dash where there is none."""
    return _with_sign(f"{value:+.3g}") if math.isfinite(value) else "–"


def _with_sign(text):
    """A number with the sign of prose, zero without any."""
    return text.replace("-", "−") if float(text) else text[1:]


def _line(kind, x1, x2, y1, y2, colour=None):
    stroke = f' stroke="{colour}"' if colour else ""
    return (
        f'<line class="{kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1}" y2="{y2}"'
        f"{stroke}/>"
    )
