"""The picture of the whole package: four rooms, and the one file between them."""

from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from visualization import style

SIZE = 9.2, 4.9  # inches; places below are in inches, too
PANEL = 0.08  # inches between a box and what is in it


class Place(NamedTuple):
    """Where a room is drawn, inches, and what is written in it."""

    left: float
    bottom: float
    width: float
    height: float
    heading: str
    words: str
    colour: str


ROOMS = {
    "column": Place(
        0.15,
        0.95,
        2.45,
        3.75,
        "The column",
        "GLIF3 neurons as measured\nlearn visual tasks",
        "#D55E00",
    ),
    "latent": Place(
        5.35,
        3.5,
        3.7,
        1.2,
        "Latent evolver",
        "all neurons through\n256 numbers",
        "#0072B2",
    ),
    "cnn": Place(
        5.35,
        2.225,
        3.7,
        1.2,
        "Read-out models",
        "one convolutional core,\nmany recordings",
        "#009E73",
    ),
    "decoder": Place(
        5.35, 0.95, 3.7, 1.2, "Decoders", "which picture\nwas it?", "#A05080"
    ),
}
FILE = 3.12, 2.225, 1.7, 1.2  # left, bottom, width, height
SOURCES = (
    "Neuropixels sessions\narrays, NWB, zarr\ncells and eyes whose\nrates are known"
)
RUNS = "v1-runs", "v1-grid", "v1-compare", "v1-evaluate", "TensorBoard"


def four_rooms(pictures):
    """The four rooms, what flows between them, and what they share.

    Args:
        pictures: A picture of each room's work, dict of (H, W, 3 or 4) arrays by the
            names of ROOMS.

    Returns:
        matplotlib Figure.

    Raises:
        KeyError: A room has no picture.
    """
    with style.paper():
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, SIZE[0]), ylim=(0, SIZE[1]))
        axes.axis("off")
        for name, place in ROOMS.items():
            _draw_room(figure, axes, place, pictures[name], name == "column")
        _draw_file(axes)
        _draw_arrows(axes)
        _draw_runs(axes)
    return figure


def _draw_room(figure, axes, place, picture, is_tall):
    left, bottom, width, height, heading, words, colour = place
    _draw_box(axes, (left, bottom, width, height), colour)
    top = bottom + height - 0.1
    axes.text(left + 0.12, top, heading, color=colour, weight="bold", size=10, va="top")
    axes.text(left + 0.12, top - 0.24, words, va="top", linespacing=1.25)
    if is_tall:
        room = left + PANEL, bottom + PANEL, width - 2 * PANEL, height - 0.8
    else:
        side = height - 2 * PANEL
        room = left + width - 1.75 - PANEL, bottom + PANEL, 1.75, side
    at = [value / SIZE[k % 2] for k, value in enumerate(room)]
    inside = figure.add_axes(at)
    inside.imshow(picture, aspect="auto", interpolation="antialiased")
    inside.set(xticks=[], yticks=[])
    for spine in inside.spines.values():
        spine.set_visible(False)


def _draw_file(axes):
    left, bottom, width, height = FILE
    _draw_box(axes, FILE, style.INK)
    middle = left + width / 2
    axes.text(
        middle,
        bottom + height - 0.12,
        "Recording",
        weight="bold",
        ha="center",
        va="top",
        size=10,
    )
    words = "one HDF5 file:\nactivity, stimulus,\ntrials, neurons, validity"
    top = bottom + height - 0.42
    axes.text(middle, top, words, ha="center", va="top", linespacing=1.25)
    axes.text(middle, 4.62, SOURCES, ha="center", va="top", linespacing=1.25)


def _draw_arrows(axes):
    left, bottom, width, height = FILE
    centre, right = bottom + height / 2, left + width
    column = ROOMS["column"]
    _arrow(axes, (column.left + column.width, centre), (left, centre))
    axes.text(2.86, centre + 0.07, "spikes", ha="center", size=7, color=style.FAINT)
    _arrow(axes, (left + width / 2, 3.92), (left + width / 2, bottom + height))
    for name in ("latent", "cnn", "decoder"):
        room = ROOMS[name]
        end = room.left, room.bottom + room.height / 2
        start = right, centre + (end[1] - centre) * 0.25
        _arrow(axes, start, end)


def _draw_runs(axes):
    _draw_box(axes, (0.15, 0.15, SIZE[0] - 0.3, 0.55), style.FAINT)
    words = "Every training leaves the same run folder"
    axes.text(0.3, 0.425, words, weight="bold", va="center")
    axes.text(
        SIZE[0] - 0.3,
        0.425,
        "  ·  ".join(RUNS),
        va="center",
        ha="right",
        family="monospace",
    )


def _draw_box(axes, place, colour):
    left, bottom, width, height = place
    box = FancyBboxPatch(
        (left, bottom),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor="white",
        edgecolor=colour,
        linewidth=1.2,
    )
    axes.add_patch(box)


def _arrow(axes, start, end):
    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=10,
        color=style.INK,
        shrinkA=2,
        shrinkB=2,
    )
    axes.add_patch(arrow)
