"""Recordings as NWB files, which other programs of the field read."""

import datetime
import json
import pathlib

import numpy as np

from v1model.atomic import atomic_path, remove_partial
from v1model.recordings.chunks import read_rows, thread_pool
from v1model.recordings.nwb import (
    ACTIVITY,
    BEHAVIOR,
    INDEX,
    INVALID,
    NEURONS,
    OWN,
    SPIKES,
    TIMES,
    TRIALS,
    UNITS,
    load_pynwb,
    nwb_name,
)

_BUFFER_BYTES = 2**24
# NWB demands a date; this one says that none is known.
UNKNOWN_DATE = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def export_nwb(recording, path):
    """Writes a recording as an NWB file, atomically.

    What goes where: "spikes", or else the first count, to `units` (times, and the table
    of neurons; where a table says which probe, also to `electrodes`), other counts and
    all other signals to the processing module "activity", stimuli to `stimulus`, their
    frames to `stimulus_template`, behaviour to the module "behavior", trials to
    `trials`, validity to `invalid_times` with the rows of the units in the column
    "neurons". What NWB has no place for is JSON in `notes`, so that `import_nwb`
    restores the recording. The date is metadata["session_start_time"] (ISO 8601), or
    1970. Connections between neurons are left out.

    Signals and stimuli are copied in parts; the spike times of one signal, and how they
    are sorted, are in memory (24 bytes per spike).

    Args:
        recording: Recording, open.
        path: Where to, .nwb.

    Raises:
        ImportError: pynwb is not installed.
        ValueError: A name is taken in NWB, or the date is none.
    """
    pynwb = load_pynwb()
    path = pathlib.Path(path)
    date = _date(recording)
    remove_partial(path)
    with atomic_path(path) as partial, thread_pool() as pool:
        file = pynwb.NWBFile(
            session_description=recording.source or "recording of v1model",
            identifier=recording.session_id or recording.path.stem,
            session_start_time=date,
            session_id=recording.session_id or None,
            notes=json.dumps({OWN: _own(recording)}),
        )
        _add_activity(pynwb, file, recording, pool)
        _add_series(pynwb, file, recording, pool)
        if len(recording.trials):
            file.trials = _intervals(pynwb, TRIALS, recording.trials)
        _add_validity(pynwb, file, recording)
        with pynwb.NWBHDF5IO(str(partial), "w") as writer:
            writer.write(file)


def _own(recording):
    """What NWB has no place for."""
    return {
        "dt_ms": recording.dt_ms,
        "start_s": recording.start_s,
        "n_steps": recording.n_steps,
        "source": recording.source,
        "session_id": recording.session_id,
        "metadata": recording.metadata,
        "neurons": [str(name) for name in recording.neurons],
        "trials": [str(name) for name in recording.trials],
        "signals": {
            name: {
                "quantity": one.quantity,
                "dtype": one.signal.dtype,
                "unit": one.unit,
                "is_exact": one.signal.is_exact,
            }
            for name, one in _signals(recording).items()
        },
        "frames": [name for name, one in recording.stimulus.items() if one.is_framed],
    }


def _date(recording):
    text = recording.metadata.get("session_start_time")
    if text is None:
        return UNKNOWN_DATE
    try:
        date = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{recording.path}: session_start_time must be a date of ISO 8601, got "
            f"{text!r}."
        ) from error
    return date if date.tzinfo else date.replace(tzinfo=datetime.timezone.utc)


def _add_activity(pynwb, file, recording, pool):
    counts = [n for n, one in _signals(recording).items() if one.signal.is_count]
    others = [n for n in recording.activity if n not in counts]
    electrodes = _add_electrodes(file, recording.neurons)
    trains = recording.activity[counts[0]].trains() if counts else None
    file.units = _units(pynwb, UNITS, recording.neurons, trains, electrodes)
    if len(counts) < 2 and not others:
        return
    module = file.create_processing_module(name=ACTIVITY, description="Of the units.")
    for name in counts[1:]:
        trains = recording.activity[name].trains()
        module.add(_units(pynwb, name, recording.neurons[["id"]], trains, None))
    for name in others:
        one = recording.activity[name]
        words = f"{one.quantity} of the units, a column each"
        module.add(
            _time_series(pynwb, name, one.rows, one.unit, words, recording, pool)
        )


def _signals(recording):
    """The activity by name; the first count is what `units` hold."""
    names = sorted(recording.activity, key=lambda name: name != SPIKES)
    return {name: recording.activity[name] for name in names}


def _add_series(pynwb, file, recording, pool):
    for name, one in recording.stimulus.items():
        words = "stimulus, a row per step"
        if one.is_framed:
            words = f"frame of '{name}' that was shown, -1 for none"
            frames = one.frame_rows
            file.add_stimulus_template(
                _time_series(pynwb, name, frames, "n.a.", "frames", recording, pool)
            )
        label = f"{name}{INDEX}" if one.is_framed else name
        file.add_stimulus(
            _time_series(pynwb, label, one.rows, "n.a.", words, recording, pool)
        )
    if recording.behavior:
        module = file.create_processing_module(name=BEHAVIOR, description="Behaviour.")
        for name, one in recording.behavior.items():
            words = "behaviour, a row per step"
            module.add(
                _time_series(pynwb, name, one.rows, "n.a.", words, recording, pool)
            )


def _add_validity(pynwb, file, recording):
    table = recording.invalid_intervals()
    begin, end = recording.start_s, recording.stop_s
    table["start_s"] = table["start_s"].clip(lower=begin)
    table["stop_s"] = table["stop_s"].clip(upper=end)
    table = table[table["stop_s"] > table["start_s"]]
    if not len(table):
        return
    valid = recording.valid_between(table["start_s"], table["stop_s"])
    who = [np.flatnonzero(~row) for row in valid]
    words = "Rows of units that are invalid."
    more = _ragged(NEURONS, words, np.concatenate(who), who)
    file.invalid_times = _intervals(pynwb, INVALID, table[["start_s", "stop_s"]], more)


def _units(pynwb, name, neurons, trains, electrodes):
    """Units of the neurons, with their spike times if there are any."""
    columns = []
    if trains is not None:
        times = np.concatenate(trains)
        columns += _ragged("spike_times", "Times of spikes, s.", times, trains)
    for column in neurons.columns.drop("id"):
        columns.append(_column(column, neurons[column]))
    if electrodes is not None:
        rows = np.arange(len(neurons))
        columns += _ragged("electrodes", "Where.", rows, rows[:, None], electrodes)
    return pynwb.misc.Units(
        name=name,
        description="Neurons of the recording.",
        id=neurons["id"].tolist(),
        columns=columns,
        colnames=_colnames(columns),
    )


def _add_electrodes(file, neurons):
    """The electrode at each neuron, where the table says on which probe."""
    if "probe" not in neurons:
        return None
    groups = {}
    for probe in neurons["probe"].astype(str).unique():
        device = file.create_device(name=f"device {probe}")
        groups[probe] = file.create_electrode_group(
            name=probe, description="probe", location="n.a.", device=device
        )
    places = [name for name in ("x", "y", "z") if name in neurons]
    for neuron in neurons.to_dict("records"):
        probe = str(neuron["probe"])
        file.add_electrode(
            group=groups[probe],
            group_name=probe,
            location=str(neuron.get("area", "")) or "unknown",
            **{name: float(neuron[name]) for name in places},
        )
    return file.electrodes


def _intervals(pynwb, name, table, more=()):
    """Intervals of a data frame with start_s and stop_s, and more columns."""
    columns = [_column(column, table[column]) for column in table]
    columns += more
    return pynwb.epoch.TimeIntervals(
        name=name,
        description=f"{name} of the recording.",
        id=list(range(len(table))),
        columns=columns,
        colnames=_colnames(columns),
    )


def _column(name, values):
    """A column of a data frame: text as a list, numbers as an array."""
    from hdmf.common import VectorData

    values = values.to_numpy()
    if values.dtype.kind not in "iufb":
        values = values.tolist()
    label = TIMES.get(name, nwb_name(name))
    return VectorData(name=label, description=f"{name}.", data=values)


def _ragged(name, words, values, rows, table=None):
    """A column with several values per row, and the index that says which."""
    from hdmf.common import DynamicTableRegion, VectorData, VectorIndex

    ends = np.cumsum([len(row) for row in rows])
    if table is None:
        column = VectorData(name=name, description=words, data=values)
    else:
        column = DynamicTableRegion(
            name=name, description=words, data=values, table=table
        )
    return [column, VectorIndex(name=f"{name}_index", data=ends, target=column)]


def _colnames(columns):
    return [column.name for column in columns if not hasattr(column, "target")]


def _time_series(pynwb, name, dataset, unit, words, recording, pool):
    return pynwb.TimeSeries(
        name=name,
        data=_in_parts(dataset, pool),
        unit=unit,
        description=words,
        rate=1000 / recording.dt_ms,
        starting_time=recording.start_s,
    )


def _in_parts(dataset, pool):
    """An array of a recording that pynwb copies in parts."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO
    from hdmf.data_utils import GenericDataChunkIterator

    dtype = dataset.dtype
    if dtype == np.float16:  # which NWB does not know
        dtype = np.dtype(np.float32)
    if not dataset.size:
        return np.empty(dataset.shape, dtype)

    class Parts(GenericDataChunkIterator):
        def _get_data(self, selection):
            rows, *rest = selection
            part = read_rows(dataset, rows.start, rows.stop, pool=pool, dtype=dtype)
            return part[(slice(None), *rest)]

        def _get_maxshape(self):
            return dataset.shape

        def _get_dtype(self):
            return dtype

    chunk = tuple(map(min, dataset.chunks, dataset.shape))
    row_bytes = dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64))
    n_chunks = max(_BUFFER_BYTES // max(row_bytes * chunk[0], 1), 1)
    rows = min(chunk[0] * n_chunks, dataset.shape[0])
    parts = Parts(chunk_shape=chunk, buffer_shape=(rows, *dataset.shape[1:]))
    return H5DataIO(parts, compression="gzip", compression_opts=1, shuffle=True)
