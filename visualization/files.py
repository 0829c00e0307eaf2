"""Figures as files and as bytes."""

import io
import pathlib

from v1model.atomic import atomic_path


def png_of(figure, dpi=None):
    """The figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def write_figure(figure, path, dpi=None):
    """Writes a figure atomically; the suffix decides how: .png, .pdf or .svg.

    Raises:
        WriteError: The file cannot be written.
        ValueError: Matplotlib knows no such format.
    """
    path = pathlib.Path(path)
    with atomic_path(path) as partial:
        figure.savefig(partial, format=path.suffix.removeprefix("."), dpi=dpi)
