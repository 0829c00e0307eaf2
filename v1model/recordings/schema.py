"""The layout of a recording's file, and what is checked when one is opened.

One HDF5 file. T steps, N neurons; time is the first axis of everything. Row t covers
[start_s + t dt, start_s + (t + 1) dt) and holds the activity and the stimulus of that
time, before the update: activity[t + 1] follows from activity[t] and stimulus[t].

Attributes of the file:

    format "v1model recording"    schema 1    dt_ms, start_s float64    n_steps int
    source, session_id text       metadata JSON text

Groups, of which the first three and `activity` are always there:

    neurons/COLUMN      (N,); `id` is int64 and unique
    trials/COLUMN       (P,), one row per presentation; start_s and stop_s float64
    activity/NAME       attributes quantity (count, rate, voltage, calcium) and unit
                        either an array (T, N) of floating point numbers,
                        or, of a count, a group with the attribute dtype:
        neuron          (n,) int32, whose event, in order of time
        first           (T + 1,) int64, where the events of each step begin
        time_s          (n,) float64, if exact times are known
    stimulus/NAME       an array (T, ...), or a group:
        frames          (F, ...)
        index           (T,) int64, which frame; -1 is none
    behavior/NAME       (T, V) or (T,)
    validity            absent where all is valid
        from_s          (K,) float64, increasing
        neurons         (K, N) bool, who is valid from then on until the next; before
                        the first all are
    connections/COLUMN  absent where none are known; (E,): pre and post int32, which are
                        rows of /neurons, and weight float32

Tables have the attributes `columns` (names in order) and `rows`. Arrays are chunked,
shuffled and gzipped: any HDF5 library reads them. A value that is not valid may be NaN.
"""

import json

import h5py
import numpy as np
import pandas as pd

from v1model.recordings.clock import Clock
from v1model.recordings.connections import (
    COLUMNS,
    CONNECTIONS,
    require_connections,
)
from v1model.recordings.signals import COUNT, QUANTITIES, Signal
from v1model.recordings.tables import plain_table

FORMAT = "v1model recording"
SCHEMA = 1
LONGEST_METADATA = 60_000  # bytes; HDF5 keeps attributes in 64 KiB
_ATTRIBUTES = ("dt_ms", "start_s", "n_steps", "source", "session_id", "metadata")
GROUPS = ("neurons", "trials", "activity", "stimulus", "behavior")


def check_file(file):
    """Raises ValueError, with file, field and value, unless a file is a recording."""
    path = file.filename
    found = file.attrs.get("format")
    if found != FORMAT:
        raise ValueError(f"{path}: format must be '{FORMAT}', got {found!r}.")
    found = file.attrs.get("schema")
    if found != SCHEMA:
        raise ValueError(
            f"{path}: schema must be {SCHEMA}, got {found}; this version of v1model "
            "reads no other."
        )
    for name in _ATTRIBUTES:
        if name not in file.attrs:
            raise ValueError(f"{path}: attribute {name} is missing.")
    for name in GROUPS:
        if not isinstance(file.get(name), h5py.Group):
            raise ValueError(f"{path}: group /{name} is missing.")
    for name in ("dt_ms", "start_s", "n_steps"):
        if np.asarray(file.attrs[name]).dtype.kind not in "iuf":
            raise ValueError(
                f"{path}: attribute {name} must be a number, got {file.attrs[name]!r}."
            )
    try:
        Clock(file.attrs["dt_ms"], file.attrs["start_s"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    n_steps = int(file.attrs["n_steps"])
    if n_steps < 0:
        raise ValueError(f"{path}: n_steps must not be negative, got {n_steps}.")
    n_neurons = _check_table(file["neurons"], ("id",))
    require_neurons(pd.DataFrame({"id": file["neurons/id"][()]}), path)
    _check_table(file["trials"], ("start_s", "stop_s"))
    times = {name: file["trials"][name][()] for name in ("start_s", "stop_s")}
    require_trials(pd.DataFrame(times), path)
    for name in file["activity"]:
        _check_signal(file["activity"], name, n_steps, n_neurons)
    for item in file["stimulus"].values():
        if isinstance(item, h5py.Group):
            _dataset(item, "frames")
            item = _dataset(item, "index", n_steps)
        _require_rows(item, n_steps)
    for item in file["behavior"].values():
        _require_rows(item, n_steps)
    if "validity" in file:
        from_s = _dataset(file["validity"], "from_s")
        rows = _dataset(file["validity"], "neurons")
        _require_shape(rows, (len(from_s), n_neurons))
    if CONNECTIONS in file:
        _check_table(file[CONNECTIONS], COLUMNS)
        table = {name: file[CONNECTIONS][name][()] for name in COLUMNS}
        require_connections(table, n_neurons, path)
    try:
        json.loads(file.attrs["metadata"])
    except ValueError as error:
        raise ValueError(f"{path}: metadata is not JSON: {error}.") from error


def signal_of(item):
    """The Signal of an item of /activity."""
    where = f"{item.file.filename}: {item.name}"
    for name in ("quantity", "unit"):
        if name not in item.attrs:
            raise ValueError(f"{where}: attribute {name} is missing.")
    quantity = item.attrs["quantity"]
    is_group = isinstance(item, h5py.Group)
    if quantity in QUANTITIES and is_group != (quantity == COUNT):
        raise ValueError(f"{where} must be {'events' if not is_group else 'an array'}.")
    dtype = item.attrs.get("dtype") if is_group else item.dtype.name
    try:
        return Signal(
            quantity, dtype, item.attrs["unit"], is_group and "time_s" in item
        )
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def require_neurons(neurons, path):
    """A table of neurons with the column `id` as int64.

    Raises:
        ValueError: It is empty, or ids are missing, no integers or not unique.
    """
    frame = pd.DataFrame(neurons).reset_index(drop=True)
    if not len(frame):
        raise ValueError(f"{path}: neurons must have at least one row.")
    if "id" not in frame or frame["id"].dtype.kind not in "iu":
        kind = frame["id"].dtype if "id" in frame else list(frame)
        raise ValueError(
            f"{path}: neurons must have a column 'id' of integers, got {kind}."
        )
    repeated = frame["id"].duplicated()
    if repeated.any():
        raise ValueError(
            f"{path}: ids of neurons must be unique, got "
            f"{frame['id'][repeated].iloc[0]} more than once."
        )
    return plain_table(
        frame.assign(id=frame["id"].astype(np.int64)), f"{path}: neurons"
    )


def require_trials(trials, path):
    """A table of presentations with float64 times.

    Raises:
        ValueError: A time is missing or not finite, or one stops before it starts.
    """
    frame = pd.DataFrame(trials).reset_index(drop=True)
    for name in ("start_s", "stop_s"):
        if name not in frame:
            raise ValueError(
                f"{path}: trials must have a column '{name}', got {list(frame)}."
            )
        if frame[name].dtype.kind not in "iuf":
            raise ValueError(
                f"{path}: trials column '{name}' must hold times in s, got "
                f"{frame[name].dtype}."
            )
    times = {name: frame[name].astype(np.float64) for name in ("start_s", "stop_s")}
    wrong = ~(times["stop_s"] >= times["start_s"])
    wrong |= ~np.isfinite(times["start_s"]) | ~np.isfinite(times["stop_s"])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{path}: trial {row} must stop after it starts, got "
            f"{times['start_s'][row]} to {times['stop_s'][row]} s."
        )
    return plain_table(frame.assign(**times), f"{path}: trials")


def _check_table(group, needed):
    path = group.file.filename
    for name in ("columns", "rows"):
        if name not in group.attrs:
            raise ValueError(f"{path}: {group.name}: attribute {name} is missing.")
    n_rows = int(group.attrs["rows"])
    for name in {*needed, *group.attrs["columns"]}:
        _dataset(group, name, n_rows)
    return n_rows


def _check_signal(group, name, n_steps, n_neurons):
    item = group[name]
    signal = signal_of(item)
    if not signal.is_count:
        _require_shape(item, (n_steps, n_neurons))
        return
    neuron, first = _dataset(item, "neuron"), _dataset(item, "first", n_steps + 1)
    if signal.is_exact:
        _dataset(item, "time_s", len(neuron))
    if first[0] != 0 or first[-1] != len(neuron):
        raise ValueError(
            f"{group.file.filename}: {first.name} must run from 0 to {len(neuron)}, "
            f"got {first[0]} to {first[-1]}."
        )


def _dataset(group, name, n_rows=None):
    item = group.get(name)
    if not isinstance(item, h5py.Dataset):
        raise ValueError(
            f"{group.file.filename}: {group.name.rstrip('/')}/{name} is missing."
        )
    if n_rows is not None:
        _require_rows(item, n_rows)
    return item


def _require_rows(item, n_rows):
    shape = getattr(item, "shape", None)  # what is no dataset has none
    if not shape or shape[0] != n_rows:
        raise ValueError(
            f"{item.file.filename}: {item.name} must have {n_rows} rows, got shape "
            f"{shape}."
        )


def _require_shape(item, shape):
    if item.shape != shape:
        raise ValueError(
            f"{item.file.filename}: {item.name} must have shape {shape}, got "
            f"{item.shape}."
        )
