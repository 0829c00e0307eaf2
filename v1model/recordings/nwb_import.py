"""NWB files as recordings: those of `export_nwb` as they were, others in part."""

import logging

import numpy as np
import pandas as pd

from v1model.hdf5_files import open_hdf5
from v1model.recordings.arrays import save_recording
from v1model.recordings.clock import Clock
from v1model.recordings.nwb import (
    ACTIVITY,
    BEHAVIOR,
    INDEX,
    INVALID,
    NEURONS,
    TIMES,
    TRIALS,
    UNITS,
    load_pynwb,
    nwb_name,
    own_notes,
)
from v1model.recordings.signals import Signal
from v1model.recordings.trains import Trains
from v1model.recordings.writer import RecordingWriter

_BLOCK_BYTES = 2**24
DT_MS = 1.0
# Longest and shortest interval between samples may differ by so much of it.
_REGULAR = 0.01

logger = logging.getLogger(__name__)


def import_nwb(path, out, *, dt_ms=None, signal=None):
    """Writes an NWB file as a recording.

    A file of `export_nwb` becomes what it was. Of another file are taken: the units
    with their spike times, or the responses of regions of interest (calcium); all
    tables of intervals as trials, with the name of the table as "stimulus" where they
    have none; invalid times, for all neurons. What has other columns than numbers and
    text, and all other series, is left out and named in the log. Sessions of the Allen
    Institute have more: `v1model.neuropixels` reads them.

    Args:
        path: The NWB file.
        out: Where to, .h5.
        dt_ms: Length of a step, for spikes; None for that of the recording, or 1.
        signal: "units", or the name of a RoiResponseSeries; None for the only one, the
            units before responses.

    Raises:
        ImportError: pynwb is not installed.
        FileNotFoundError: There is no such file.
        ValueError: The file cannot be read as NWB, holds no activity or several and
            none is chosen, or its samples are not regular.
    """
    pynwb = load_pynwb()
    with _opened(pynwb, path) as reader:
        file = _read(reader, path)
        own = own_notes(file.notes)
        if own is not None:
            if dt_ms is not None or signal is not None:
                raise ValueError(
                    f"{path}: it was exported from a recording, whose dt_ms "
                    f"{own['dt_ms']:g} and signals it keeps."
                )
            _restore(file, own, out, path)
            return
        _import_other(pynwb, file, out, path, dt_ms, signal)


def _opened(pynwb, path):
    open_hdf5(path).close()
    return pynwb.NWBHDF5IO(str(path), "r")


def _read(reader, path):
    try:
        return reader.read()
    except Exception as error:  # pynwb raises whatever its parts do
        raise ValueError(f"{path}: pynwb cannot read it: {error}") from error


def _restore(file, own, out, path):
    clock = Clock(own["dt_ms"], own["start_s"])
    signals = {name: Signal(**one) for name, one in own["signals"].items()}
    module, behavior = (
        dict(file.processing[name].data_interfaces) if name in file.processing else {}
        for name in (ACTIVITY, BEHAVIOR)
    )
    counts = [name for name, one in signals.items() if one.is_count]
    tables = {name: module.get(name) for name in counts}
    if counts:
        tables[counts[0]] = file.units
    trains = {name: Trains(_trains(table), path) for name, table in tables.items()}
    neurons = _restored_table(file.units, own["neurons"], {"id": file.units.id})
    framed = {f"{name}{INDEX}": name for name in own["frames"]}
    stimulus = {framed.get(name, name): one for name, one in file.stimulus.items()}
    invalid, who = _invalid(file, len(neurons))
    with RecordingWriter(
        out,
        neurons=neurons,
        dt_ms=clock.dt_ms,
        start_s=clock.start_s,
        signals=signals,
        source=own["source"],
        session_id=own["session_id"],
        metadata=own["metadata"],
        frames={
            name: np.empty((0, *one.shape[1:]), one.dtype)
            for name, one in _templates(file, own)
        },
        invalid=invalid,
        invalid_neurons=who,
    ) as writer:
        for name, frames in _templates(file, own):
            for part in _parts(frames):
                writer.add_frames(name, frames[part])
        if file.trials is not None:
            writer.add_trials(_restored_table(file.trials, own["trials"]))
        dense = {n: module[n].data for n, one in signals.items() if not one.is_count}
        series = [dense, _data_of(stimulus), _data_of(behavior)]
        for part in _steps(series, own["n_steps"]):
            activity = {name: array[part] for name, array in dense.items()}
            borders = clock.times([part.start, part.stop])
            for name, one in trains.items():
                time_s, neuron = one.between(*borders)
                if not signals[name].is_exact:
                    time_s = clock.steps(time_s) - part.start
                activity[name] = (time_s, neuron)
            writer.append(
                activity,
                *({n: a[part] for n, a in group.items()} for group in series[1:]),
                n_steps=part.stop - part.start,
            )


def _import_other(pynwb, file, out, path, dt_ms, signal):
    series = _responses(pynwb, file)
    choices = [*([UNITS] if file.units is not None else []), *series]
    if signal is None and (UNITS in choices or len(choices) == 1):
        signal = choices[0]
    if signal not in choices:
        raise ValueError(
            f"{path}: signal must be one of {choices}, got {signal!r}; there is no "
            "other activity of single neurons."
        )
    trials = _all_intervals(file)
    options = {
        "source": str(file.session_description),
        "session_id": str(file.session_id or file.identifier),
        "metadata": {"file": str(path), "signal": signal},
    }
    if len(trials):
        options["trials"] = trials
    if signal == UNITS:
        trains = _trains(file.units)
        neurons = _scalar_columns(file.units)
        options |= {"spike_times": trains, "dt_ms": DT_MS if dt_ms is None else dt_ms}
        first = min([t[0] for t in trains if len(t)], default=0.0)
        options["start_s"] = min(0.0, float(np.floor(first)))
    else:
        if dt_ms is not None:
            raise ValueError(f"{path}: dt_ms of '{signal}' is that of its samples.")
        one = series[signal]
        step_ms, start_s = _sampling(one, path)
        neurons = _scalar_columns(one.rois.table)
        rows = np.asarray(one.rois.data[:])
        neurons = neurons.iloc[rows].reset_index(drop=True)
        options |= {
            "activity": {"calcium": one.data},
            "quantities": {"calcium": "calcium"},
            "units": {"calcium": str(one.unit)},
            "dt_ms": step_ms,
            "start_s": start_s,
        }
    invalid, who = _invalid(file, len(neurons))
    left_out = [name for name in (*file.acquisition, *file.stimulus)]
    if left_out:
        logger.warning("%s: left out %s", path, sorted(left_out))
    save_recording(
        out, neurons=neurons, invalid=invalid, invalid_neurons=who, **options
    )


def _responses(pynwb, file):
    """RoiResponseSeries by name."""
    kind = pynwb.ophys.RoiResponseSeries
    return {one.name: one for one in file.objects.values() if isinstance(one, kind)}


def _sampling(series, path):
    """(dt_ms, start_s) of a series."""
    if series.rate is not None:
        return 1000 / float(series.rate), float(series.starting_time)
    times = np.asarray(series.timestamps[:], np.float64)
    gaps = np.diff(times)
    if not len(gaps):
        raise ValueError(f"{path}: '{series.name}' must have two samples at least.")
    off = np.abs(gaps / gaps.mean() - 1)
    if not off.max() <= _REGULAR:
        at = int(off.argmax())
        raise ValueError(
            f"{path}: '{series.name}' has no regular samples: {gaps[at]:g} s after "
            f"{times[at]:g} s, {gaps.mean():g} s on average."
        )
    return 1000 * float(gaps.mean()), float(times[0])


def _trains(units):
    if "spike_times" not in units.colnames:
        return [np.empty(0)] * len(units)
    ends = np.asarray(units["spike_times"].data[:]).astype(np.int64)
    times = np.asarray(units["spike_times"].target.data[:], np.float64)
    return np.split(times, ends[:-1])


def _all_intervals(file):
    """All tables of intervals but the invalid times, in order of time."""
    tables = dict(file.intervals or {})
    for name, table in ((TRIALS, file.trials), ("epochs", file.epochs)):
        if table is not None:
            tables[name] = table
    tables.pop(INVALID, None)
    frames = []
    for name, table in tables.items():
        frame = _scalar_columns(table).drop(columns="id")
        if "stimulus" not in frame:
            frame["stimulus"] = frame.get("stimulus_name", name)
        frames.append(frame)
    if not frames:
        return pd.DataFrame()
    joined = pd.concat(frames, ignore_index=True)
    return joined.sort_values("start_s", kind="stable", ignore_index=True)


def _scalar_columns(table):
    """The columns of a table of NWB that hold a number or a text each, and the ids."""
    columns = {"id": np.asarray(table.id[:], np.int64)}
    names = {label: name for name, label in TIMES.items()}
    for column in table.columns:
        values = column.data
        is_plain = type(column).__name__ == "VectorData" and np.ndim(values) == 1
        if not is_plain or column.name == "id" or _is_indexed(table, column.name):
            continue
        columns[names.get(column.name, column.name)] = _texts(values[:])
    return pd.DataFrame(columns)


def _is_indexed(table, name):
    return any(column.name == f"{name}_index" for column in table.columns)


def _texts(values):
    values = np.asarray(values)
    if values.dtype.kind in "SO":
        decoded = [v.decode() if isinstance(v, bytes) else v for v in values.tolist()]
        return np.asarray(decoded, object)
    return values


def _restored_table(table, names, known=None):
    """The columns of a recording from a table of NWB."""
    columns = {name: one[:] for name, one in (known or {}).items()}
    for name in names:
        if name not in columns:
            label = TIMES.get(name, nwb_name(name))
            columns[name] = _texts(table[label].data[:])
    return pd.DataFrame({name: columns[name] for name in names})


def _invalid(file, n_neurons):
    table = file.invalid_times
    if table is None or not len(table):
        return None, None
    frame = pd.DataFrame(
        {name: np.asarray(table[label].data[:]) for name, label in TIMES.items()}
    )
    who = np.ones((len(frame), n_neurons), bool)
    if NEURONS in table.colnames:
        for k in range(len(frame)):
            who[k] = False
            who[k, np.asarray(table[NEURONS][k], np.int64)] = True
    return frame, who


def _templates(file, own):
    for name in own["frames"]:
        yield name, file.stimulus_template[name].data


def _data_of(series):
    return {name: one.data for name, one in series.items()}


def _steps(groups, n_steps):
    """Slices of steps that take little memory."""
    arrays = [array for group in groups for array in group.values()]
    row = sum(array.dtype.itemsize * int(np.prod(array.shape[1:])) for array in arrays)
    size = max(_BLOCK_BYTES // max(row, 64), 1)
    for start in range(0, n_steps, size):
        yield slice(start, min(start + size, n_steps))


def _parts(frames):
    return _steps([{"": frames}], len(frames))
