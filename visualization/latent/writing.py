"""A diagnosis as files, and as what TensorBoard shows."""

import json
import math
import pathlib

from v1model.atomic import write_frame, write_text
from visualization.files import png_of, write_figure
from visualization.latent.standard import diagnosis_figures

DPI = 130
VALIDATION = "Val/"  # published prefixes of tags
CROSS_VALIDATION = "CrossVal/"


def write_diagnosis(diagnosis, folder, others=None):
    """Writes a diagnosis: its figures, tables and numbers.

        scalars.json    numbers by published name; null where there is none
        types.csv       a row per cell type      neurons.csv   a row per neuron
        curves.csv      a row per step: errors, mean, lowest and highest of the starts
        NAME.png        the figures, by published name

    Args:
        diagnosis: Diagnosis.
        folder: Made if it is missing.
        others: RolloutErrors of other models from the same starts by name, or None.

    Returns:
        The numbers, a dictionary.

    Raises:
        WriteError: A file cannot be written.
    """
    folder = pathlib.Path(folder)
    numbers = diagnosis.scalars()
    write_text(folder / "scalars.json", json_of(numbers))
    for name, table in (
        ("types", diagnosis.types()),
        ("neurons", diagnosis.neurons()),
        ("curves", diagnosis.curves(others)),
    ):
        write_frame(folder / f"{name}.csv", table)
    for name, figure in diagnosis_figures(diagnosis, others):
        write_figure(figure, folder / f"{name}.png", dpi=DPI)
    return numbers


def json_of(numbers):
    """Numbers as JSON text, null where one is not finite."""
    plain = {
        name: (value if math.isfinite(value) else None)
        for name, value in numbers.items()
    }
    return json.dumps(plain, indent=1) + "\n"


def tags_of(numbers, prefix):
    """Numbers of a diagnosis by TensorBoard tag.

    Those that are not finite are left out, but the step of the first divergence says
    what became of them.

    Args:
        numbers: By published name.
        prefix: Of the tags: VALIDATION, or CROSS_VALIDATION and the recording's name
            and a slash.
    """
    return {
        f"{prefix}{name}": float(value)
        for name, value in numbers.items()
        if math.isfinite(value)
    }


def pictures_of(diagnosis, prefix):
    """Figures as bytes of PNG by TensorBoard tag, without those of single neurons.

    Published, these are drawn of the finished model only: they take longest.
    """
    return {
        f"{prefix}{name}": png_of(figure, DPI)
        for name, figure in diagnosis_figures(diagnosis, with_traces=False)
    }


def written_pictures(folder, prefix):
    """The figures that `write_diagnosis` has written, as `pictures_of`."""
    return {
        f"{prefix}{path.stem}": path.read_bytes()
        for path in sorted(pathlib.Path(folder).glob("*.png"))
    }
