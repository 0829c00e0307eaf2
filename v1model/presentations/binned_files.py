"""Binned spikes as files: one HDF5 file per session, read without running anything."""

import json
import pathlib

import h5py
import numpy as np
import pandas as pd

from v1model import __version__
from v1model.atomic import atomic_path
from v1model.hdf5_files import open_hdf5
from v1model.presentations.binned import BinnedSpikes
from v1model.recordings.chunks import naming_damage
from v1model.recordings.tables import read_table, write_table

FORMAT = "v1model binned spikes"
SCHEMA = 1
_COLUMNS = ("presentation_id", "labels", "start_s", "stop_s", "block")
_CHUNK_BYTES = 1 << 20


def binned_file_name(session_id, n_bins):
    """Name of the file of a session, such as "spikes_715093703_10bins.h5"."""
    return f"spikes_{session_id}_{n_bins}bins.h5"


def write_binned(binned, path):
    """Writes binned spikes atomically: one file, which also other programs can read.

    `counts` (P, T, U) and `valid` (P, U) are datasets; `presentations` and `units` are
    groups with a dataset per column; T, the session and the source are attributes.

    Args:
        binned: BinnedSpikes.
        path: A file, or a folder, in which it is named by `binned_file_name`.

    Returns:
        Path of the file.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / binned_file_name(binned.session_id, binned.n_bins)
    source = json.dumps(binned.source)
    presentations = pd.DataFrame({name: getattr(binned, name) for name in _COLUMNS})
    with atomic_path(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["schema"] = SCHEMA
        file.attrs["package_version"] = __version__
        file.attrs["session_id"] = binned.session_id
        file.attrs["n_bins"] = binned.n_bins
        file.attrs["source"] = source
        _write_array(file, "counts", binned.counts)
        _write_array(file, "valid", binned.valid)
        write_table(file.create_group("presentations"), presentations, "presentations")
        write_table(file.create_group("units"), binned.units, "units")
    return path


def read_binned(path):
    """Reads what `write_binned` wrote.

    Returns:
        BinnedSpikes.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, something else or of another schema, or a
            field is missing or does not fit; the message names file and field.
    """
    path = pathlib.Path(path)
    with open_hdf5(path) as file, naming_damage(path):
        return _read(path, file)


def _read(path, file):
    if file.attrs.get("format") != FORMAT:
        raise ValueError(
            f"{path}: format must be '{FORMAT}', got {file.attrs.get('format')!r}."
        )
    if file.attrs.get("schema") != SCHEMA:
        raise ValueError(
            f"{path}: schema must be {SCHEMA}, got {file.attrs.get('schema')}; the "
            f"file was written by v1model {file.attrs.get('package_version')}, this is "
            f"{__version__}."
        )
    for name in ("counts", "valid", "presentations", "units"):
        if name not in file:
            raise ValueError(f"{path}: '{name}' is missing.")
    for name in ("session_id", "n_bins", "source"):
        if name not in file.attrs:
            raise ValueError(f"{path}: attribute '{name}' is missing.")
    presentations = _table(path, file, "presentations", _COLUMNS)
    labels = presentations["labels"].to_numpy()
    columns = {name: presentations[name].to_numpy() for name in _COLUMNS}
    columns["labels"] = labels.astype(str) if labels.dtype == object else labels
    try:
        binned = BinnedSpikes(
            counts=file["counts"][()],
            valid=file["valid"][()],
            units=_table(path, file, "units", ("id",)),
            session_id=file.attrs["session_id"],
            source=_json(path, file.attrs["source"]),
            **columns,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if binned.n_bins != file.attrs["n_bins"]:
        raise ValueError(
            f"{path}: attribute 'n_bins' is {file.attrs['n_bins']}, but 'counts' has "
            f"{binned.n_bins} bins."
        )
    return binned


def _table(path, file, name, columns):
    try:
        table = read_table(file[name])
    except KeyError as error:
        raise ValueError(f"{path}: '{name}' is incomplete: {error}") from error
    missing = set(columns) - set(table)
    if missing:
        raise ValueError(f"{path}: '{name}' lacks the columns {sorted(missing)}.")
    return table


def _json(path, text):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: attribute 'source' is no JSON: {error}") from error


def _write_array(file, name, values):
    """Compressed, in chunks of whole presentations."""
    row_bytes = max(values[:1].nbytes, 1)
    n_rows = np.clip(_CHUNK_BYTES // row_bytes, 1, max(len(values), 1))
    is_empty = values.size == 0
    options = (
        {}
        if is_empty
        else {
            "chunks": (int(n_rows), *values.shape[1:]),
            "compression": "gzip",
            "compression_opts": 1,
            "shuffle": True,
        }
    )
    file.create_dataset(name, data=values, track_times=False, **options)
