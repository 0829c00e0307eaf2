"""Networks as folders of plain arrays that open without being parsed.

One .npy file per column, memory-mapped when opened, and a table of contents with
a checksum of each. The folder is a private format of the cache: for exchange use
`billeh` or `sonata`.
"""

import dataclasses
import json
import pathlib
import zlib

import numpy as np

from v1model.lgn.units import LGNUnits
from v1model.network.atomic_folder import atomic_folder
from v1model.network.data import CellTypes, InputPopulation, Network, Synapses

FORMAT = 1  # change it with any change of the records or of this file
CONTENTS = "contents.json"

_PER_NEURON = ("type_index", "node_id", "x", "y", "z", "tuning_angle")


def save_network(network, path):
    """Writes a network as a folder, atomically; every dtype is kept."""
    columns = _columns("types", network.types)
    columns |= {name: getattr(network, name) for name in _PER_NEURON}
    columns |= _columns("recurrent", network.recurrent)
    counts, checksums = {}, {}
    for name in ("lgn", "background"):
        population = getattr(network, name)
        counts[name] = population.n_inputs
        columns |= _columns(name, population.synapses)
        if population.units is not None:
            columns |= _columns(f"{name}.units", population.units)
    with atomic_folder(path) as partial:
        for name, values in columns.items():
            values = _storable(values)
            np.save(partial / f"{name}.npy", values, allow_pickle=False)
            checksums[name] = zlib.crc32(values)
        contents = {"format": FORMAT, "n_inputs": counts, "columns": checksums}
        (partial / CONTENTS).write_text(json.dumps(contents, indent=1))


def open_network(path):
    """Opens a folder of `save_network`; its arrays are memory-mapped, read-only.

    Raises:
        FileNotFoundError: The folder or one of its files is missing.
        ValueError: A file is damaged or of another version of this format.
    """
    path = pathlib.Path(path)
    try:
        contents = json.loads((path / CONTENTS).read_text())
        checksums, n_inputs = contents["columns"], contents["n_inputs"]
        if contents["format"] != FORMAT:
            raise ValueError(f"format {contents['format']}, expected {FORMAT}.")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path / CONTENTS}: {error}") from error
    columns = {name: _open(path, name, crc) for name, crc in checksums.items()}

    def record(kind, prefix):
        names = [field.name for field in dataclasses.fields(kind)]
        return kind(**{name: columns[f"{prefix}.{name}"] for name in names})

    def population(name):
        has_units = f"{name}.units.x" in columns
        units = record(LGNUnits, f"{name}.units") if has_units else None
        return InputPopulation(n_inputs[name], record(Synapses, name), units)

    try:
        return Network(
            types=record(CellTypes, "types"),
            recurrent=record(Synapses, "recurrent"),
            lgn=population("lgn"),
            background=population("background"),
            **{name: columns[name] for name in _PER_NEURON},
        )
    except KeyError as error:
        raise ValueError(f"{path / CONTENTS}: column {error} is missing.") from error


def _columns(prefix, record):
    names = [field.name for field in dataclasses.fields(record)]
    return {f"{prefix}.{name}": getattr(record, name) for name in names}


def _storable(values):
    values = np.asarray(values)
    if values.dtype == object:
        values = values.astype(str)
    return values if values.flags.c_contiguous else np.ascontiguousarray(values)


def _open(path, name, checksum):
    path = path / f"{name}.npy"
    try:
        values = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from error
    if zlib.crc32(values) != checksum:
        raise ValueError(f"{path}: the content does not match its checksum.")
    return values
