"""Recordings of the published layout of LatentEvolution: folders of zarr arrays.

Second version: metadata.zarr (N, 5) and timeseries.zarr (T, N, 4). First version: one
array (T, N, 9), .npy or .zarr. Rows hold the activity and the stimulus before the
update, as rows of recordings do.
"""

import logging
import pathlib

import numpy as np
import pandas as pd

from v1model.recordings.signals import Signal
from v1model.recordings.writer import RecordingWriter

DT_MS = 20.0
STIMULUS = "stimulus"
SIGNALS = {
    "voltage": Signal("voltage", "float32", "a.u."),
    "calcium": Signal("calcium", "float32", "a.u."),
}
# Columns by name.
_METADATA = ("index", "x", "y", "group", "type")
_SERIES = {"voltage": 0, STIMULUS: 1, "calcium": 2}
_LEGACY_METADATA = {"index": 0, "x": 1, "y": 2, "group": 5, "type": 6}
_LEGACY_SERIES = {"voltage": 3, STIMULUS: 4, "calcium": 7}
_LEGACY_COLUMNS = 9
_BLOCK_BYTES = 2**26  # of one signal, where the file has no chunks
_NAME = "x_list_0"
# Types are numbered in the order of these names.
_FLY = (
    "Am C2 C3 CT1(Lo1) CT1(M10) L1 L2 L3 L4 L5 Lawf1 Lawf2 Mi1 Mi10 Mi11 Mi12 Mi13 "
    "Mi14 Mi15 Mi2 Mi3 Mi4 Mi9 R1 R2 R3 R4 R5 R6 R7 R8 T1 T2 T2a T3 T4a T4b T4c T4d "
    "T5a T5b T5c T5d Tm1 Tm16 Tm2 Tm20 Tm28 Tm3 Tm30 Tm4 Tm5Y Tm5a Tm5b Tm5c Tm9 TmY10 "
    "TmY13 TmY14 TmY15 TmY18 TmY3 TmY4 TmY5a TmY9"
)
FLY_TYPES = tuple(_FLY.split())
RECEPTORS = tuple(f"R{k}" for k in range(1, 9))


def import_zarr(path, out, *, dt_ms=DT_MS, n_inputs=None, progress=None):
    """Writes a recording of a folder of the published layout, with flat memory.

    Voltages become the signal "voltage", calcium "calcium", and what the input neurons,
    the first ones, are given the stimulus "stimulus". Connections and time constants
    are taken from edge_index.pt, weights.pt and taus.pt beside it where these are and
    PyTorch is installed. Fluorescence, which follows from calcium, is left out.

    Args:
        path: The folder x_list_0, the folder around it, or an array of the first
            version (.npy or .zarr).
        out: Where to, .h5.
        dt_ms: Length of a step, which the files do not say.
        n_inputs: How many neurons have a stimulus; None counts the photoreceptors R1
            to R8 of a fly of 65 types.
        progress: Called with (steps done, steps) after each block.

    Returns:
        The path of the recording.

    Raises:
        ImportError: zarr is not installed.
        FileNotFoundError, ValueError: Something is missing, has another shape, or is
            not finite.
    """
    path = _located(pathlib.Path(path))
    table, series, columns = _arrays(path)
    n_steps, n_neurons = series.shape[:2]
    n_inputs = _n_inputs(table, n_inputs, path)
    table["role"] = np.where(np.arange(n_neurons) < n_inputs, "input", "other")
    tau_s, connections = _wiring(path, n_neurons)
    if tau_s is not None:
        table["tau_ms"] = 1000 * tau_s
    writer = RecordingWriter(
        out,
        neurons=table,
        dt_ms=dt_ms,
        signals=SIGNALS,
        source=f"{path.parent.name}/{path.name}",
        session_id=path.parent.name,
        connections=connections,
    )
    with writer:
        block = _block_steps(series)
        for start in range(0, n_steps, block):
            stop = min(start + block, n_steps)
            part = {
                name: np.asarray(series[start:stop, :, columns[name]], np.float32)
                for name in SIGNALS
            }
            seen = np.asarray(series[start:stop, :n_inputs, columns[STIMULUS]])
            writer.append(part, {STIMULUS: seen.astype(np.float32)})
            if progress is not None:
                progress(stop, n_steps)
    logging.info("%s: %d steps of %d neurons", out, n_steps, n_neurons)
    return pathlib.Path(out)


def _located(path):
    """The folder of the second version or the array of the first.

    Raises:
        FileNotFoundError: There is neither.
    """
    for one in (path, path / _NAME):
        if (one / "timeseries.zarr").is_dir() and (one / "metadata.zarr").is_dir():
            return one
    for one in (path, path / f"{_NAME}.zarr", path / f"{_NAME}.npy"):
        is_zarr = any((one / name).is_file() for name in (".zarray", "zarr.json"))
        if is_zarr or (one.suffix == ".npy" and one.is_file()):
            return one
    raise FileNotFoundError(
        f"{path}: neither metadata.zarr and timeseries.zarr nor {_NAME}.zarr or "
        f"{_NAME}.npy are there."
    )


def _arrays(path):
    """Table of neurons, array of series (T, N, columns), and its columns by name."""
    if (path / "timeseries.zarr").is_dir():
        metadata = _open_zarr(path / "metadata.zarr")
        _require_columns(metadata, 2, len(_METADATA), path / "metadata.zarr")
        series = _open_zarr(path / "timeseries.zarr")
        _require_columns(series, 3, max(_SERIES.values()) + 1, path / "timeseries.zarr")
        if series.shape[1] != metadata.shape[0]:
            raise ValueError(
                f"{path}: metadata.zarr has {metadata.shape[0]} neurons, "
                f"timeseries.zarr {series.shape[1]}."
            )
        rows = np.asarray(metadata[:])
        columns = {name: rows[:, k] for k, name in enumerate(_METADATA)}
        return _table(columns, path), series, _SERIES
    if path.suffix == ".npy":
        series = np.load(path, mmap_mode="r", allow_pickle=False)
    else:
        series = _open_zarr(path)
    _require_columns(series, 3, _LEGACY_COLUMNS, path)
    first = np.asarray(series[:1])[0]
    columns = {name: first[:, k] for name, k in _LEGACY_METADATA.items()}
    return _table(columns, path), series, _LEGACY_SERIES


def _open_zarr(path):
    try:
        import zarr
    except ImportError as error:
        raise ImportError(
            f"{path}: reading zarr needs the extra zarr: pip install 'v1model[zarr]'."
        ) from error
    try:
        return zarr.open_array(str(path), mode="r")
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: no zarr array ({error}).") from error


def _require_columns(array, n_axes, n_columns, path):
    shape = tuple(array.shape)
    if len(shape) != n_axes or not all(shape) or shape[-1] < n_columns:
        axes = "(N, columns)" if n_axes == 2 else "(T, N, columns)"
        raise ValueError(
            f"{path}: the shape must be {axes} with at least {n_columns} columns, got "
            f"{shape}."
        )


def _table(columns, path):
    """Table of neurons from columns of floating point numbers."""
    whole = {}
    for name in ("index", "group", "type"):
        values = np.asarray(columns[name], np.float64)
        if not (np.isfinite(values) & (values == np.rint(values))).all():
            raise ValueError(f"{path}: column '{name}' must hold whole numbers.")
        whole[name] = values.astype(np.int64)
    kinds = np.unique(whole["type"])
    if not np.array_equal(kinds, np.arange(len(kinds))):
        raise ValueError(
            f"{path}: types must be numbered from 0 without gaps, got {kinds.tolist()}."
        )
    names = FLY_TYPES
    if len(kinds) != len(FLY_TYPES):
        names = [f"type {k}" for k in kinds]
    return pd.DataFrame(
        {
            "id": whole["index"],
            "cell_type": np.asarray(names, object)[whole["type"]],
            "type": whole["type"],
            "group": whole["group"],
            "x": np.asarray(columns["x"], np.float32),
            "y": np.asarray(columns["y"], np.float32),
        }
    )


def _n_inputs(table, given, path):
    """How many of the first neurons have a stimulus."""
    n = len(table)
    if given is not None:
        if not 0 <= given <= n:
            raise ValueError(f"{path}: n_inputs must be from 0 to {n}, got {given}.")
        return given
    is_receptor = table["cell_type"].isin(RECEPTORS).to_numpy()
    count = int(is_receptor.sum())
    if not count or not is_receptor[:count].all():
        raise ValueError(
            f"{path}: the first neurons are no photoreceptors R1 to R8; n_inputs must "
            "say how many have a stimulus."
        )
    return count


def _wiring(path, n_neurons):
    """Time constants (N,), s, and connections, each None where it is unknown."""
    folder = next(
        (one for one in (path, path.parent) if (one / "edge_index.pt").is_file()), None
    )
    if folder is None:
        return None, None
    try:
        import torch
    except ImportError:
        logging.warning("%s: connections are left out without PyTorch", folder)
        return None, None

    def load(name):
        tensor = torch.load(folder / name, map_location="cpu", weights_only=True)
        return tensor.detach().numpy()

    tau_s = None
    if (folder / "taus.pt").is_file():
        tau_s = load("taus.pt").ravel().astype(np.float64)
        if tau_s.shape != (n_neurons,):
            raise ValueError(
                f"{folder / 'taus.pt'}: the shape must be ({n_neurons},), got "
                f"{tau_s.shape}."
            )
    source, target = load("edge_index.pt")
    weight = load("weights.pt").ravel()
    if len(weight) != len(source):
        raise ValueError(
            f"{folder / 'weights.pt'}: {len(weight)} weights of {len(source)} "
            "connections."
        )
    return tau_s, pd.DataFrame({"pre": source, "post": target, "weight": weight})


def _block_steps(series):
    """Steps that are read at a time: whole chunks."""
    chunks = getattr(series, "chunks", None)
    row = 4 * series.shape[1]
    return chunks[0] if chunks else max(_BLOCK_BYTES // row, 1)
