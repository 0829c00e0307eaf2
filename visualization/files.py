"""Figures as files and as bytes."""

import io
import pathlib

from v1model.atomic import atomic_path
from visualization import style

SUFFIXES = (".png", ".pdf", ".svg")


def check_figure_path(path):
    """The path of a figure, in a folder that is there from now on.

    For programs, before long work.

    Raises:
        ValueError: The suffix is none of SUFFIXES.
        OSError: The folder cannot be made.
    """
    path = pathlib.Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"figure {path}: the suffix must be one of {SUFFIXES}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def png_of(figure, dpi=None):
    """The figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    with style.paper():  # ticks are made now, in the settings of now
        figure.savefig(buffer, format="png", dpi=dpi or figure.dpi)
    return buffer.getvalue()


def write_figure(figure, path, dpi=None):
    """Writes a figure atomically; the suffix decides how: .png, .pdf or .svg.

    Words are words in .pdf and .svg: they can be searched and edited.

    Args:
        figure: matplotlib Figure.
        path: Where to.
        dpi: Dots per inch of what consists of dots; None for those of the figure.

    Raises:
        WriteError: The file cannot be written.
        ValueError: Matplotlib knows no such format.
    """
    path = pathlib.Path(path)
    kind = path.suffix.removeprefix(".")
    with atomic_path(path) as partial, style.paper():
        figure.savefig(partial, format=kind, dpi=dpi or figure.dpi)
