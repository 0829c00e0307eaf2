"""The dependency picture: what each part of a package imports, level by level."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from visualization import style

WIDTH = 9.6  # inches
ROW, BOX, GAP = 0.66, 0.27, 0.13  # inches: between levels, height and distance of boxes
LEFT, TOP, BOTTOM = 0.45, 0.4, 0.15  # inches
LETTER, PADDING = 0.066, 0.16  # inches of a letter, of a box beside its words
COLOURS = {
    "column": "#D55E00",
    "latent": "#0072B2",
    "cnn": "#009E73",
    "decoder": "#A05080",
    "all rooms": style.FAINT,
}
SWEEPS = 12  # of the ordering


def dependency_picture(levels, imports, rooms, title="Who imports whom"):
    """Names as boxes, the lowest level at the bottom, and lines down to what they use.

    A line is left out where a path of other lines says the same.

    Args:
        levels: Names of each level, the lowest first.
        imports: Names that each name imports, dict of sets; all of them lie lower.
        rooms: Room of each name, a dict with values of COLOURS.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A name imports another of its own level or of one above.
    """
    _check(levels, imports)
    lines = without_shortcuts(imports)
    places = _places(ordered(levels, lines))
    height = TOP + BOTTOM + ROW * len(levels)
    with style.paper():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(0, height))
        axes.axis("off")
        for name, below in lines.items():
            for other in sorted(below):
                _draw_line(axes, places[name], places[other], COLOURS[rooms[name]])
        for name, place in places.items():
            _draw_box(axes, name, place, COLOURS[rooms[name]])
        for level in range(len(levels)):
            y = BOTTOM + ROW * level + BOX / 2
            axes.text(0.1, y, str(level), va="center", color=style.FAINT)
        _draw_heading(axes, height, title)
    return figure


def without_shortcuts(imports):
    """The imports that follow from no chain of other imports, a dict of sets."""
    reached = {}

    def below(name):
        if name not in reached:
            reached[name] = set()
            for other in imports.get(name, ()):
                reached[name] |= {other} | below(other)
        return reached[name]

    return {
        name: {
            other
            for other in direct
            if not any(other in below(third) for third in direct - {other})
        }
        for name, direct in imports.items()
    }


def ordered(levels, lines):
    """Names of each level from left to right, so that few lines cross.

    Each name moves to the mean place of those that it is joined with, several times.
    """
    joined = {name: set(below) for name, below in lines.items()}
    for name, below in lines.items():
        for other in below:
            joined.setdefault(other, set()).add(name)
    rows = [sorted(row) for row in levels]
    at = {name: (k + 0.5) / len(row) for row in rows for k, name in enumerate(row)}

    def wanted(name):
        near = [at[other] for other in joined.get(name, ())] or [at[name]]
        return sum(near) / len(near), at[name]

    for _ in range(SWEEPS):
        for level, row in enumerate(rows):  # one after the other: two would swap
            rows[level] = sorted(row, key=wanted)
            at |= {name: (k + 0.5) / len(row) for k, name in enumerate(rows[level])}
    return rows


def _check(levels, imports):
    level = {name: k for k, row in enumerate(levels) for name in row}
    for name, below in imports.items():
        for other in below:
            if level[other] >= level[name]:
                raise ValueError(f"'{name}' imports '{other}', which is not below it.")


def _places(rows):
    """Left, bottom and width of each box, inches."""
    places = {}
    for level, row in enumerate(rows):
        widths = [LETTER * len(name) + PADDING for name in row]
        free = WIDTH - LEFT - 0.1 - sum(widths)
        gap = free / len(row) if len(row) else 0.0
        x = LEFT + gap / 2
        for name, width in zip(row, widths, strict=True):
            places[name] = x, BOTTOM + ROW * level, width
            x += width + max(gap, GAP / 4)
    return places


def _draw_box(axes, name, place, colour):
    left, bottom, width = place
    box = FancyBboxPatch(
        (left, bottom),
        width,
        BOX,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor="white",
        edgecolor=colour,
        linewidth=1.1,
        zorder=3,
    )
    axes.add_patch(box)
    middle = left + width / 2, bottom + BOX / 2 - 0.01
    axes.text(*middle, name, ha="center", va="center", fontsize=7.2, zorder=4)


def _draw_line(axes, upper, lower, colour):
    start = upper[0] + upper[2] / 2, upper[1]
    stop = lower[0] + lower[2] / 2, lower[1] + BOX
    bend = min(0.4, (start[1] - stop[1]) / 2)
    corners = [start, (start[0], start[1] - bend), (stop[0], stop[1] + bend), stop]
    path = Path(corners, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    patch = PathPatch(path, fill=False, edgecolor=colour, linewidth=0.7, alpha=0.55)
    axes.add_patch(patch)


def _draw_heading(axes, height, title):
    axes.text(0.1, height - 0.12, title, weight="bold", fontsize=10, va="top")
    x = 0.1
    for room, colour in COLOURS.items():
        axes.text(x, height - 0.36, room, color=colour, va="top", weight="bold")
        x += 0.075 * len(room) + 0.2
    words = "each line points down; what follows from others is left out"
    axes.text(
        WIDTH - 0.1, height - 0.36, words, color=style.FAINT, va="top", ha="right"
    )
