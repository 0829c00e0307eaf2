"""Recording: an open recording, of which slices are read."""

import contextlib
import functools
import json
import pathlib

import h5py
import numpy as np

from v1model.hdf5_files import open_hdf5
from v1model.recordings.chunks import naming_damage, read_rows, thread_pool
from v1model.recordings.clock import Clock
from v1model.recordings.connections import CONNECTIONS
from v1model.recordings.events import EventSignal, indices_of, steps_of
from v1model.recordings.schema import check_file, signal_of
from v1model.recordings.tables import read_table
from v1model.recordings.validity import Validity


def open_recording(path):
    """Opens a recording: Recording, a context manager. Only its head is read.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is truncated, no recording, or one of another schema.
    """
    path = pathlib.Path(path)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open_hdf5(path))
        with naming_damage(path):
            check_file(file)
            recording = Recording(path, file, stack.enter_context(thread_pool()))
        recording._closing = stack.pop_all()
    return recording


class Recording:
    """Activity of N neurons over T steps, beside the stimulus that caused it.

    Made by `open_recording`. The layout of the file is that of `schema`.

    Attributes:
        path: Of the file.
        clock: Clock: when which step is.
        n_steps, n_neurons: T and N.
        source: Where the activity comes from.
        session_id: Results are keyed by it.
        metadata: Anything else, a dictionary.
        neurons: Data frame of N rows, with the column "id".
        trials: Data frame of presentations, with start_s and stop_s; may be empty.
        connections: Data frame pre, post (rows of `neurons`) and weight; None where
            they are unknown.
        activity: DenseSignal or EventSignal by name.
        stimulus, behavior: Series or FramedSeries by name.
    """

    def __init__(self, path, file, pool):
        self.path = pathlib.Path(path)
        self._file = file
        attributes = file.attrs
        self.clock = Clock(attributes["dt_ms"], attributes["start_s"])
        self.n_steps = int(attributes["n_steps"])
        self.source = str(attributes["source"])
        self.session_id = str(attributes["session_id"])
        self.metadata = json.loads(attributes["metadata"])
        self.n_neurons = int(file["neurons"].attrs["rows"])
        self.activity = {}
        for name, item in file["activity"].items():
            signal = signal_of(item)
            kind = EventSignal if signal.is_count else DenseSignal
            size = (self.n_neurons, self.n_steps)
            self.activity[name] = kind(item, signal, *size, self.clock, pool)
        self.stimulus, self.behavior = (
            {
                name: (FramedSeries if isinstance(item, h5py.Group) else Series)(
                    item, pool
                )
                for name, item in file[folder].items()
            }
            for folder in ("stimulus", "behavior")
        )
        self.validity = Validity(file.get("validity"), self.n_neurons, pool)

    dt_ms = property(lambda self: self.clock.dt_ms)
    start_s = property(lambda self: self.clock.start_s)

    @property
    def stop_s(self):
        """When the last step ends, s."""
        return float(self.clock.times(self.n_steps))

    @property
    def duration_s(self):
        return self.n_steps * self.dt_ms / 1000

    @functools.cached_property
    def neurons(self):
        return read_table(self._file["neurons"])

    @functools.cached_property
    def trials(self):
        return read_table(self._file["trials"])

    @functools.cached_property
    def connections(self):
        is_known = CONNECTIONS in self._file
        return read_table(self._file[CONNECTIONS]) if is_known else None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Closes the file."""
        self._closing.close()

    def times_s(self, start=0, stop=None):
        """When the steps [start, stop) begin, (t,) float64, s."""
        return self.clock.times(np.arange(*steps_of(start, stop, self.n_steps)))

    def valid(self, start=0, stop=None):
        """Which neurons are valid throughout each of the steps, (t, N) bool."""
        start, stop = steps_of(start, stop, self.n_steps)
        borders = self.clock.times(np.arange(start, stop + 1))
        return self.validity.between(borders[:-1], borders[1:])

    def valid_between(self, start_s, stop_s):
        """Which neurons are valid throughout each interval, (P, N) bool.

        Args:
            start_s, stop_s: (P,), s. One that only touches an invalid stretch is valid.
        """
        return self.validity.between(start_s, stop_s)

    def invalid_intervals(self):
        """Data frame of invalid stretches: start_s, stop_s, n_neurons."""
        return self.validity.intervals()


class DenseSignal:
    """A signal that has a value in each step.

    Args:
        dataset: HDF5 dataset (T, N).
        signal: Signal.
        n_neurons, n_steps: N and T.
        clock: Clock.
        pool: Executor that decompresses.
    """

    def __init__(self, dataset, signal, n_neurons, n_steps, clock, pool):
        self.rows, self._pool = dataset, pool
        self.signal = signal
        self.shape = (n_steps, n_neurons)

    quantity = property(lambda self: self.signal.quantity)
    unit = property(lambda self: self.signal.unit)

    @property
    def stored_bytes(self):
        """What it takes on the disk."""
        with naming_damage(self.rows.file.filename):
            return self.rows.id.get_storage_size()

    @property
    def array_bytes(self):
        """What its array would take uncompressed."""
        return self.rows.nbytes

    def read(self, start=0, stop=None, neurons=None):
        """Values of steps [start, stop), (t, n) float32.

        Args:
            start, stop: Steps; None is the last.
            neurons: Indices, a mask or a slice; None for all.
        """
        start, stop = steps_of(start, stop, self.shape[0])
        wanted = indices_of(neurons, self.shape[1])
        if wanted is None:
            return self._rows(start, stop)
        unique, back = np.unique(wanted, return_inverse=True)
        rows = self._rows(start, stop, unique)
        return (
            rows
            if len(back) == len(unique) and (back[1:] > back[:-1]).all()
            else (rows[:, back])
        )

    def _rows(self, start, stop, columns=None):
        return read_rows(self.rows, start, stop, columns, self._pool, dtype=np.float32)


class Series:
    """A stimulus or a behaviour: one value per step.

    Args:
        dataset: HDF5 dataset (T, ...).
        pool: Executor that decompresses.
    """

    is_framed = False

    def __init__(self, dataset, pool):
        self.rows, self._pool = dataset, pool
        self.shape, self.dtype = dataset.shape, dataset.dtype
        self.row_shape = self.shape[1:]

    def read(self, start=0, stop=None):
        """Values of steps [start, stop), (t, ...)."""
        start, stop = steps_of(start, stop, self.shape[0])
        return read_rows(self.rows, start, stop, pool=self._pool)


class FramedSeries:
    """A stimulus of pictures that are shown for several steps, and again.

    Args:
        group: HDF5 group with `frames` (F, ...) and `index` (T,).
        pool: Executor that decompresses.
    """

    is_framed = True

    def __init__(self, group, pool):
        self._index = Series(group["index"], pool)
        self._frames = Series(group["frames"], pool)
        self.rows, self.frame_rows = group["index"], group["frames"]
        self.dtype, self.row_shape = self._frames.dtype, self._frames.row_shape
        self.n_frames = self._frames.shape[0]
        self.shape = (*self._index.shape, *self.row_shape)

    @functools.cached_property
    def frames(self):
        """All pictures, (F, ...)."""
        return self._frames.read()

    def frame(self, k):
        """Picture number k, (...)."""
        return self._frames.read(k, k + 1)[0]

    def index(self, start=0, stop=None):
        """Which picture was shown in steps [start, stop), (t,) int64; -1 is none."""
        return self._index.read(start, stop)

    def read(self, start=0, stop=None):
        """Pictures of steps [start, stop), (t, ...); zeros where none was shown."""
        index = self.index(start, stop)
        shown, back = np.unique(index, return_inverse=True)
        pictures = np.zeros((len(shown), *self.shape[1:]), self.dtype)
        for k, frame in enumerate(shown.tolist()):
            if frame >= 0:
                pictures[k] = self.frame(frame)
        return pictures[back.ravel()]
