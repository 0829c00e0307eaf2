"""RecordingWriter: a recording that is appended while a simulation runs."""

import contextlib
import json
import pathlib

import h5py
import numpy as np
import pandas as pd

from v1model.atomic import atomic_path, remove_partial
from v1model.recordings.chunks import RowAppender, thread_pool
from v1model.recordings.clock import Clock
from v1model.recordings.events import EventAppender
from v1model.recordings.schema import (
    FORMAT,
    LONGEST_METADATA,
    SCHEMA,
    require_neurons,
    require_trials,
)
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
    ):
        self.path = pathlib.Path(path)
        self.neurons = require_neurons(neurons, self.path)
        self.clock = Clock(dt_ms, start_s)
        self.signals = dict(signals)
        for name in [*self.signals, *(frames or {})]:
            self._require_name(name)
        self._invalid = (invalid, invalid_neurons)
        self._attributes = {
            "format": FORMAT,
            "source": str(source),
            "session_id": str(session_id),
            "metadata": _json(metadata or {}, self.path),
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
        with contextlib.ExitStack() as guard:
            guard.push(stack)
            if kind is None:
                self._finish()
            else:
                stack.__exit__(kind, error, trace)
                guard.pop_all()

    def append(
        self,
        activity,
        stimulus=None,
        behavior=None,
        valid=None,
        n_steps=None,
    ):
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
        if self._open is None:
            raise ValueError(f"{self.path}: the recording is not open for writing.")
        rest = {("stimulus", name): v for name, v in (stimulus or {}).items()}
        rest |= {("behavior", name): v for name, v in (behavior or {}).items()}
        activity = dict(activity)
        self._require_same(activity, self.signals, "activity")
        if self._series is not None:
            self._require_same(rest, self._series, "stimulus and behavior")
        rest = {key: np.asarray(values) for key, values in rest.items()}
        t = self._length(activity, rest, valid, n_steps)
        valid = self._checked_valid(valid, t)
        checked = {}
        for name, signal in self.signals.items():
            if signal.is_count:
                events = self._appenders[name]
                checked[name] = events.check(activity[name], self._n_steps, t)
            else:
                checked[name] = self._checked_array(name, activity[name], t, valid)
        for key, values in rest.items():
            self._check_series(key, values)
        if self._series is None:
            self._series = {key: self._new_series(key, v) for key, v in rest.items()}
        for name, signal in self.signals.items():
            extra = (t,) if signal.is_count else ()
            self._appenders[name].append(checked[name], *extra)
        for key, values in rest.items():
            self._series[key].append(values)
        self._validity.append(valid, self._n_steps, t)
        self._n_steps += t

    def add_trials(self, trials):
        """Adds presentations: a data frame, columns start_s, stop_s and any others.

        Raises:
            ValueError: A time is missing, or one stops before it starts.
        """
        self._trials.append(require_trials(trials, self.path))

    def add_frames(self, name, frames):
        """Adds pictures (F, ...) to those of a stimulus; the index of the first."""
        frames = np.asarray(frames)
        stored = self._frame_files[name]
        if frames.shape[1:] != self._frames[name].shape[1:]:
            raise ValueError(
                f"{self.path}: frames of '{name}' must have shape (F, *"
                f"{self._frames[name].shape[1:]}), got {frames.shape}."
            )
        first = stored.n_rows
        stored.append(frames)
        return first

    def _begin(self):
        activity = self._file.create_group("activity")
        for folder in ("stimulus", "behavior"):
            self._file.create_group(folder)
        write_table(self._file.create_group("neurons"), self.neurons, "neurons")
        self._appenders = {}
        for name, signal in self.signals.items():
            where = f"{self.path}: activity '{name}'"
            if signal.is_count:
                group = activity.create_group(name)
                n = self.n_neurons
                appender = EventAppender(
                    group, signal, n, self.clock, self._pool, where
                )
                group.attrs["dtype"] = signal.dtype
                attributes = group.attrs
            else:
                shape = (self.n_neurons,)
                appender = RowAppender(activity, name, shape, signal.dtype, self._pool)
                attributes = appender.attrs
            attributes["quantity"], attributes["unit"] = signal.quantity, signal.unit
            self._appenders[name] = appender
        self._frame_files = {}
        for name, frames in self._frames.items():
            group = self._file["stimulus"].create_group(name)
            shape, dtype = frames.shape[1:], frames.dtype
            stored = RowAppender(group, "frames", shape, dtype, self._pool)
            stored.append(frames)
            self._frame_files[name] = stored
        self._validity = ValidityAppender(
            self._file, self.n_neurons, self.clock, self._pool, *self._invalid
        )

    def _finish(self):
        unseen = self._frames.keys() - {name for _, name in self._series or {}}
        if unseen:
            raise ValueError(
                f"{self.path}: frames of stimulus {sorted(unseen)} were never shown."
            )
        series = (self._series or {}).values()
        for appender in (
            *self._appenders.values(),
            *self._frame_files.values(),
            *series,
            self._validity,
        ):
            appender.close()
        trials = pd.DataFrame({"start_s": np.empty(0), "stop_s": np.empty(0)})
        if self._trials:
            trials = pd.concat(self._trials, ignore_index=True)
        write_table(self._file.create_group("trials"), trials, "trials")
        for name, text in self._attributes.items():
            self._file.attrs.create(name, text, dtype=TEXT)
        self._file.attrs["schema"] = SCHEMA
        self._file.attrs["dt_ms"] = self.clock.dt_ms
        self._file.attrs["start_s"] = self.clock.start_s
        self._file.attrs["n_steps"] = self._n_steps

    def _new_series(self, key, values):
        folder, name = key
        self._require_name(name)
        group = self._file[folder]
        if folder == "stimulus" and name in self._frames:
            return RowAppender(group[name], "index", (), np.int64, self._pool)
        return RowAppender(group, name, values.shape[1:], values.dtype, self._pool)

    def _check_series(self, key, values):
        folder, name = key
        where = f"{self.path}: {folder} '{name}'"
        if folder == "stimulus" and name in self._frames:
            n = self._frame_files[name].n_rows
            if values.dtype.kind not in "iu" or values.ndim != 1:
                raise ValueError(
                    f"{where} must be indices of frames, (t,) integers, got "
                    f"{values.dtype} of shape {values.shape}."
                )
            if values.size and not -1 <= values.min() <= values.max() < n:
                raise ValueError(
                    f"{where}: indices must lie in -1..{n - 1}, got {values.min()} to "
                    f"{values.max()}."
                )
            return
        if values.dtype.kind not in "iufb":
            raise ValueError(f"{where} must hold numbers, got {values.dtype}.")

    def _checked_array(self, name, values, t, valid):
        values = np.asarray(values)
        where = f"{self.path}: activity '{name}'"
        dtype = self.signals[name].dtype
        if values.dtype.kind not in "iufb":
            raise ValueError(f"{where} must hold numbers, got {values.dtype}.")
        with np.errstate(over="ignore"):
            stored = values.astype(dtype)
        is_bad = ~np.isfinite(stored)
        if is_bad.any() and valid is not None:
            is_bad &= valid
        if is_bad.any():
            step, neuron = np.argwhere(is_bad)[0]
            value = values[step, neuron]
            raise ValueError(
                f"{where} must be finite in {dtype} where it is valid, got {value} of "
                f"neuron {neuron} in step {self._n_steps + step}."
            )
        return stored

    def _checked_valid(self, valid, t):
        if valid is None:
            return None
        valid = np.asarray(valid)
        shapes = [(self.n_neurons,), (t, self.n_neurons)]
        if valid.dtype != bool or valid.shape not in shapes:
            raise ValueError(
                f"{self.path}: valid must be bool of shape {shapes[0]} or {shapes[1]}, "
                f"got {valid.dtype} of shape {valid.shape}."
            )
        return valid

    def _length(self, activity, rest, valid, n_steps):
        lengths = {} if n_steps is None else {"n_steps": int(n_steps)}
        for name, values in activity.items():
            if not isinstance(values, tuple):
                shape = np.shape(values)
                if len(shape) != 2 or shape[1] != self.n_neurons:
                    raise ValueError(
                        f"{self.path}: activity '{name}' must have shape (t, "
                        f"{self.n_neurons}), got {shape}."
                    )
                lengths[f"activity '{name}'"] = shape[0]
        for (folder, name), values in rest.items():
            if not values.ndim:
                raise ValueError(f"{self.path}: {folder} '{name}' must be (t, ...).")
            lengths[f"{folder} '{name}'"] = len(values)
        if np.ndim(valid) == 2:
            lengths["valid"] = len(valid)
        if not lengths:
            raise ValueError(f"{self.path}: n_steps is needed, no array says it.")
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{self.path}: lengths disagree: {lengths}.")
        return next(iter(lengths.values()))

    def _require_same(self, given, expected, what):
        if given.keys() != expected.keys():
            raise ValueError(
                f"{self.path}: every append needs the same {what}: "
                f"{_names(expected)}, got {_names(given)}."
            )

    def _require_name(self, name):
        if not isinstance(name, str) or not name or "/" in name or name == ".":
            raise ValueError(f"{self.path}: {name!r} is no name of a signal.")


def _names(mapping):
    return sorted(name if isinstance(name, str) else "/".join(name) for name in mapping)


def _json(metadata, path):
    try:
        text = json.dumps(metadata, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"{path}: metadata must be JSON-able: {error}.") from error
    if len(text.encode()) > LONGEST_METADATA:
        raise ValueError(
            f"{path}: metadata must be at most {LONGEST_METADATA} bytes of JSON, got "
            f"{len(text.encode())}."
        )
    return text
