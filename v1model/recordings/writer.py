"""RecordingWriter: a recording that is appended while a simulation runs."""

import contextlib
import pathlib

import h5py
import numpy as np
import pandas as pd

from v1model.atomic import atomic_path, remove_partial
from v1model.recordings.append_checks import AppendChecks, json_of, require_name
from v1model.recordings.chunks import RowAppender, thread_pool
from v1model.recordings.clock import Clock
from v1model.recordings.connections import CONNECTIONS, require_connections
from v1model.recordings.events import EventAppender
from v1model.recordings.schema import FORMAT, SCHEMA, require_neurons, require_trials
from v1model.recordings.tables import TEXT, write_table
from v1model.recordings.validity import ValidityAppender


class RecordingWriter:
    """Writes a recording step by step, with flat memory.

    A context manager: the file appears when its block ends without an error; until
    then, and when the program is killed, an older file of that name stays.

    Args:
        path: Where to, .h5.
        neurons: Data frame, one row per neuron; column "id" of unique integers.
        dt_ms: Length of a step, ms.
        signals: Signal by name; counts are events, all else arrays.
        start_s: When step 0 begins, s.
        source: Where the activity comes from.
        session_id: Of the session or run; results are keyed by it.
        metadata: Anything else, JSON-able.
        frames: Pictures of stimuli that are stored as pictures and indices, (F, ...) by
            name.
        invalid: Data frame of intervals that are invalid at exact times, columns
            start_s and stop_s.
        invalid_neurons: Who is invalid in each of them, (K, N) bool; None for all.
        connections: Data frame pre, post (rows of `neurons`) and weight; None where
            they are unknown.

    Raises:
        ValueError: A table, a signal or an option is wrong.
    """

    def __init__(
        self,
        path,
        *,
        neurons,
        dt_ms,
        signals,
        start_s=0.0,
        source="",
        session_id="",
        metadata=None,
        frames=None,
        invalid=None,
        invalid_neurons=None,
        connections=None,
    ):
        self.path = pathlib.Path(path)
        self.neurons = require_neurons(neurons, self.path)
        self.connections = None
        if connections is not None:
            self.connections = require_connections(
                connections, len(self.neurons), self.path
            )
        self.clock = Clock(dt_ms, start_s)
        self.signals = dict(signals)
        for name in [*self.signals, *(frames or {})]:
            require_name(name, self.path)
        self._checks = AppendChecks(self.path, len(self.neurons), self.signals)
        self._invalid = (invalid, invalid_neurons)
        self._attributes = {
            "format": FORMAT,
            "source": str(source),
            "session_id": str(session_id),
            "metadata": json_of(metadata or {}, self.path),
        }
        self._frames = {
            name: np.asarray(array) for name, array in (frames or {}).items()
        }
        self._trials = []
        self._series = None  # (folder, name) -> RowAppender, from the first append on
        self._n_steps = 0
        self._open = None

    @property
    def n_steps(self):
        """Steps so far."""
        return self._n_steps

    @property
    def n_neurons(self):
        return len(self.neurons)

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        remove_partial(self.path)
        with contextlib.ExitStack() as stack:
            partial = stack.enter_context(atomic_path(self.path))
            self._file = stack.enter_context(h5py.File(partial, "w"))
            self._pool = stack.enter_context(thread_pool())
            self._begin()
            self._open = stack.pop_all()
        return self

    def __exit__(self, kind, error, trace):
        stack, self._open = self._open, None
        if kind is not None:
            stack.__exit__(kind, error, trace)
            return
        with stack:
            self._finish()

    def append(self, activity, stimulus=None, behavior=None, valid=None, n_steps=None):
        """Adds some steps.

        Args:
            activity: By name, of every signal: (t, N), or events of a count: (step,
                neuron), steps from 0 on; of an exact one (time_s, neuron).
            stimulus: By name: (t, ...), or (t,) indices into `frames`, -1 for none.
            behavior: By name: (t, V) or (t,).
            valid: Which values are valid, (t, N) or (N,) bool; None for all.
            n_steps: t, where no array says so.

        Raises:
            ValueError: A name is missing or new, lengths disagree, a count is none or
                too large, or a value is not finite though it is valid. Nothing of it
                has been added then.
        """
        self._require_open()
        checks = self._checks
        activity, series = dict(activity), _by_folder(stimulus, behavior)
        checks.same_names(activity, self.signals, "activity")
        if self._series is not None:
            checks.same_names(series, self._series, "stimulus and behavior")
        t = checks.length(activity, series, valid, n_steps)
        valid = checks.valid(valid, t)
        is_valid = self._validity.all_of(valid, self._n_steps, t)
        for name, signal in self.signals.items():
            values = activity[name]
            if signal.is_count:
                events = self._activity[name]
                activity[name] = events.check(values, self._n_steps, t)
            else:
                activity[name] = checks.array(name, values, self._n_steps, is_valid)
        for key, values in series.items():
            stored = (self._series or {}).get(key)
            checks.series(key, values, stored, self._n_frames(key))
        if self._series is None:
            self._series = {
                key: self._new_series(key, values.shape[1:], values.dtype)
                for key, values in series.items()
            }
        for name, signal in self.signals.items():
            n = (t,) if signal.is_count else ()
            self._activity[name].append(activity[name], *n)
        for key, values in series.items():
            self._series[key].append(values)
        self._validity.append(valid, self._n_steps, t)
        self._n_steps += t

    def append_recording(self, recording, numbered=()):
        """Adds all steps and trials of another recording, moved to begin here.

        Chunks are copied as they are where they fall on chunks of this file.

        Args:
            recording: Recording, open, of the same neurons, signals and dt.
            numbered: Stimuli that have frames here and only numbers there, which are
                numbers of the frames here.

        Raises:
            ValueError: It differs in one of them. Nothing of it has been added then.
        """
        self._require_open()
        where = f"{self.path}: {recording.path}"
        if recording.dt_ms != self.clock.dt_ms:
            raise ValueError(
                f"{where} has dt_ms {recording.dt_ms}, not {self.clock.dt_ms}."
            )
        signals = {name: one.signal for name, one in recording.activity.items()}
        if signals != self.signals:
            raise ValueError(f"{where} has the signals {signals}, not {self.signals}.")
        if not recording.neurons.equals(self.neurons):
            raise ValueError(f"{where} has other neurons.")
        series = _by_folder(recording.stimulus, recording.behavior)
        if self._series is not None:
            self._checks.same_names(series, self._series, "stimulus and behavior")
        numbered = {("stimulus", name) for name in numbered}
        for key, one in series.items():
            if key in numbered:
                self._require_numbers(key, one, where)
            else:
                self._require_same_rows(key, one, where)
        if self._series is None:
            self._series = {
                key: self._new_series(key, one.row_shape, one.dtype)
                for key, one in series.items()
            }
        start, clock = self._n_steps, recording.clock
        for name in self.signals:
            stored, events = self._activity[name], recording.activity[name]
            if self.signals[name].is_count:
                stored.append_from(events, start)
            else:
                stored.append_from(events.rows)
        for key, stored in self._series.items():
            first = 0
            if self._n_frames(key) is not None and key not in numbered:
                first = self._frame_files[key[1]].n_rows
                self._frame_files[key[1]].append_from(series[key].frame_rows)
            change = None if not first else _shifted(first)
            stored.append_from(series[key].rows, change)
        self._validity.append_from(recording.validity, clock, start, recording.n_steps)
        self._n_steps += recording.n_steps
        times = {
            name: self.clock.moved(recording.trials[name], clock, start)
            for name in ("start_s", "stop_s")
        }
        self._trials.append(recording.trials.assign(**times))

    def add_trials(self, trials):
        """Adds presentations: a data frame, columns start_s, stop_s and any others.

        Raises:
            ValueError: A time is missing, or one stops before it starts.
        """
        self._trials.append(require_trials(trials, self.path))

    def add_frames(self, name, frames):
        """Adds pictures (F, ...) to those of a stimulus; the index of the first."""
        self._require_open()
        frames, stored = np.asarray(frames), self._frame_files.get(name)
        if stored is None:
            raise ValueError(
                f"{self.path}: stimulus '{name}' was not declared with frames; "
                f"these were: {sorted(self._frame_files)}."
            )
        if frames.shape[1:] != stored.row_shape:
            raise ValueError(
                f"{self.path}: frames of '{name}' must have the shape "
                f"{stored.row_shape}, got {frames.shape[1:]}."
            )
        first = stored.n_rows
        stored.append(frames)
        return first

    def _begin(self):
        activity = self._file.create_group("activity")
        for folder in ("stimulus", "behavior"):
            self._file.create_group(folder)
        write_table(self._file.create_group("neurons"), self.neurons, "neurons")
        if self.connections is not None:
            group = self._file.create_group(CONNECTIONS)
            write_table(group, self.connections, CONNECTIONS)
        n, pool = self.n_neurons, self._pool
        self._activity, self._frame_files = {}, {}
        for name, signal in self.signals.items():
            if signal.is_count:
                where = f"{self.path}: activity '{name}'"
                group = activity.create_group(name)
                stored = EventAppender(group, signal, n, self.clock, pool, where)
            else:
                stored = RowAppender(activity, name, (n,), signal.dtype, pool)
            stored.attrs["quantity"], stored.attrs["unit"] = (
                signal.quantity,
                signal.unit,
            )
            self._activity[name] = stored
        for name, frames in self._frames.items():
            group = self._file["stimulus"].create_group(name)
            shape, dtype = frames.shape[1:], frames.dtype
            stored = RowAppender(group, "frames", shape, dtype, pool)
            stored.append(frames)
            self._frame_files[name] = stored
        self._validity = ValidityAppender(
            self._file, n, self.clock, pool, *self._invalid, self.path
        )

    def _finish(self):
        series = self._series or {}
        unseen = self._frame_files.keys() - {name for _, name in series}
        if unseen:
            raise ValueError(
                f"{self.path}: frames of stimulus {sorted(unseen)} were never shown."
            )
        for stored in (
            *self._activity.values(),
            *self._frame_files.values(),
            *series.values(),
            self._validity,
        ):
            stored.close()
        trials = pd.DataFrame({"start_s": np.empty(0), "stop_s": np.empty(0)})
        given = [frame for frame in self._trials if len(frame)] or self._trials[:1]
        if given:
            trials = pd.concat(given, ignore_index=True)
        write_table(self._file.create_group("trials"), trials, "trials")
        attributes = self._file.attrs
        for name, text in self._attributes.items():
            attributes.create(name, text, dtype=TEXT)
        attributes["schema"] = SCHEMA
        attributes["dt_ms"], attributes["start_s"] = (
            self.clock.dt_ms,
            self.clock.start_s,
        )
        attributes["n_steps"] = self._n_steps

    def _n_frames(self, key):
        folder, name = key
        is_framed = folder == "stimulus" and name in self._frame_files
        return self._frame_files[name].n_rows if is_framed else None

    def _new_series(self, key, row_shape, dtype):
        folder, name = key
        require_name(name, self.path)
        group = self._file[folder]
        if self._n_frames(key) is not None:
            return RowAppender(group[name], "index", (), np.int64, self._pool)
        return RowAppender(group, name, row_shape, dtype, self._pool)

    def _require_same_rows(self, key, series, where):
        is_framed = self._n_frames(key) is not None
        if is_framed != series.is_framed:
            raise ValueError(
                f"{where}: {'/'.join(key)} must both have frames, or none."
            )
        stored = (
            self._frame_files[key[1]] if is_framed else (self._series or {}).get(key)
        )
        if stored is None:
            return
        found, expected = (
            (one.row_shape, np.dtype(one.dtype)) for one in (series, stored)
        )
        if found != expected:
            raise ValueError(
                f"{where}: {'/'.join(key)} has rows {found}, not {expected}."
            )

    def _require_numbers(self, key, series, where):
        is_number = series.row_shape == () and np.dtype(series.dtype).kind == "i"
        if self._n_frames(key) is None or series.is_framed or not is_number:
            raise ValueError(
                f"{where}: {'/'.join(key)} must have frames here, and be numbers there."
            )

    def _require_open(self):
        if self._open is None:
            raise ValueError(f"{self.path}: the recording is not open for writing.")


def _by_folder(stimulus, behavior):
    """Series by (folder, name); arrays as arrays."""
    folders = {"stimulus": stimulus or {}, "behavior": behavior or {}}
    return {
        (folder, name): one if hasattr(one, "row_shape") else np.asarray(one)
        for folder, series in folders.items()
        for name, one in series.items()
    }


def _shifted(first):
    """Adds to indices of frames, except to -1, which is none."""
    return lambda index: np.where(index >= 0, index + first, index)
