"""The published csv format of the LGN units."""

import itertools
import pathlib

import numpy as np

from v1model.atomic import write_text
from v1model.lgn.unit_record import LGNUnits

_PAIRS = (
    *("kpeaks_dom", "weight_dom", "delay_dom"),
    *("kpeaks_non_dom", "weight_non_dom", "delay_non_dom"),
)
_SINGLE = ("x", "y", "spatial_size", "tuning_angle", "sf_sep")
_HEADER = (
    *("id", "model_id", "x", "y", "ei", "location", "spatial_size"),
    *(f"{name}_{bump}" for name in _PAIRS for bump in (0, 1)),
    *("tuning_angle", "sf_sep"),
)
_NUMBERS = tuple(
    name for name in _HEADER if name not in ("id", "model_id", "ei", "location")
)


def write_units(units, path):
    """Writes units in the format of the published `lgn_full_col_cells_3.csv`.

    One space between columns, "nan" for a value that a unit has not; floats are
    written so that reading them gives the same bits.
    """
    numbers = {name: getattr(units, name) for name in _SINGLE}
    for name in _PAIRS:
        for bump in (0, 1):
            numbers[f"{name}_{bump}"] = getattr(units, name)[:, bump]
    text = {name: map(repr, column.tolist()) for name, column in numbers.items()}
    text |= {"id": map(str, range(len(units))), "model_id": units.model_id}
    text |= {"ei": itertools.repeat("e"), "location": itertools.repeat("LGN")}
    rows = zip(*(text[name] for name in _HEADER), strict=False)
    lines = [" ".join(_HEADER), *map(" ".join, rows)]
    write_text(path, "\n".join(lines) + "\n")


def read_units(path, n_units=None):
    """Reads units from a csv in the published format.

    Args:
        path: Space-separated file with the columns of `lgn_full_col_cells_3.csv`,
            in any order.
        n_units: Number of units that the file must hold, or None for any.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: A column is missing, a row is cut short, the class of a unit is
            unknown, a value that the unit needs is missing or impossible, or the
            number of units is not `n_units`.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"LGN units: {path} does not exist.")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    header, *rows = (line.split(" ") for line in lines or [""])
    missing = [name for name in ("model_id", *_NUMBERS) if name not in header]
    if missing:
        raise ValueError(f"{path}: column {missing[0]!r} is missing.")
    for index, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(
                f"{path}: row {index} has {len(row)} values, expected {len(header)}."
            )
    if n_units not in (None, len(rows)):
        raise ValueError(f"{path}: {len(rows)} LGN units, expected {n_units}.")
    if not rows:
        raise ValueError(f"{path}: no LGN units, the table is empty.")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    table = {name: _numbers(path, name, columns[name]) for name in _NUMBERS}
    pairs = {
        name: np.stack([table[f"{name}_{bump}"] for bump in (0, 1)], axis=-1)
        for name in _PAIRS
    }
    single = {name: table[name] for name in _SINGLE}
    try:
        return LGNUnits(model_id=columns["model_id"], **single, **pairs)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _numbers(path, name, column):
    numbers = np.empty(len(column))
    for row, value in enumerate(column):
        try:
            numbers[row] = float(value or "nan")
        except ValueError:
            raise ValueError(
                f"{path}: {name} {value!r} in row {row} is not a number."
            ) from None
    return numbers
