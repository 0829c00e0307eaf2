"""ActivitySource: the recording that a latent model is trained on or judged by."""

import contextlib
import pathlib
import threading
from typing import NamedTuple

import numpy as np
import scipy.sparse

from v1model.file_lock import file_lock
from v1model.latent.signals import (
    SmoothedCounts,
    StimulusRows,
    choose_signal,
    choose_stimulus,
    settled,
)
from v1model.recordings import open_recording

SIMULATIONS = pathlib.Path("graphs_data", "fly")  # of simulation_config, as published
TYPE_COLUMNS = ("cell_type", "type", "population", "pop_name")


class Stretch(NamedTuple):
    """T steps of a recording, arrays in C order.

    activity: (T, N) float32, 0 where not valid.  stimulus: (T, S) float32; S may be 0.
    valid: (T, N) bool; None if all of the recording is valid.
    Row t holds the activity before the update, and the stimulus of that step.
    """

    activity: np.ndarray
    stimulus: np.ndarray
    valid: np.ndarray | None


def open_source(training, path=None, n_inputs=None):
    """Opens what a model is trained on: ActivitySource, a context manager.

    Args:
        training: TrainingConfig.
        path: Another recording than that of the training, read in the same way.
        n_inputs: stimulus_encoder_params.num_input_dims: how many columns of the
            stimulus are read, the first ones; None for all.

    Raises:
        FileNotFoundError: There is no such recording.
        ValueError: Nothing says which, it is none, or it lacks what is modelled.
    """
    path = path or training.training_data_path
    if path is None and training.simulation_config is not None:
        path = SIMULATIONS / training.simulation_config
    if path is None:
        raise ValueError(
            "training.training_data_path must name a recording, or "
            "training.simulation_config a simulation; both are none."
        )
    with contextlib.ExitStack() as stack:
        path = _imported(pathlib.Path(path), n_inputs)
        recording = stack.enter_context(open_recording(path))
        source = ActivitySource(recording, training, n_inputs)
        source._closing = stack.pop_all()
    return source


def _imported(path, n_inputs):
    """The recording itself; a folder of the published layout becomes one beside it."""
    if not path.is_dir():
        return path
    inputs = "" if n_inputs is None else f"_{n_inputs}_inputs"
    imported = path.with_name(f"{path.name}{inputs}.h5")
    with file_lock(imported.with_suffix(".lock")):
        changed = max(one.stat().st_mtime for one in (path, *path.rglob("*")))
        if not imported.exists() or imported.stat().st_mtime < changed:
            # Here, because zarr is an extra that recordings do without.
            from v1model.recordings.zarr_import import import_zarr

            import_zarr(path, imported, n_inputs=n_inputs)
    return imported


class ActivitySource:
    """One signal of a recording, and one stimulus. Made by `open_source`.

    Attributes:
        n_steps, n_neurons, n_inputs: T, N and S.
        dt_ms: Length of a step, ms.
        name: Of the file, without its ending.
        path: Of the file.
        signal: Name of the signal.
        quantity: Of what is read: count, rate, voltage or calcium.
        has_gaps: Whether something of the recording is not valid.
    """

    def __init__(self, recording, training, n_inputs=None):
        self._recording = recording
        self.path, self.name = recording.path, recording.path.stem
        self.n_steps, self.n_neurons = recording.n_steps, recording.n_neurons
        self.dt_ms = recording.dt_ms
        self.signal = choose_signal(recording, training.column_to_model)
        self._rows = recording.activity[self.signal]
        self.quantity, self._n_settling = self._rows.quantity, 0
        if training.smoothing_ms > 0:
            self._rows = self._smoothed(training.smoothing_ms)
            self.quantity, self._n_settling = "rate", self._rows.n_settling
        stimulus = choose_stimulus(recording, training.stimulus)
        series = None if stimulus is None else recording.stimulus[stimulus]
        self._stimulus = StimulusRows(series, n_inputs, self.path)
        self.n_inputs = self._stimulus.n_inputs
        self.has_gaps = len(recording.validity.from_s) > 0
        self._lock = threading.Lock()  # an HDF5 file has one reader at a time
        self._closing = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Closes the file."""
        self._closing.close()

    @property
    def neuron_ids(self):
        """The number of each neuron, (N,)."""
        return self._recording.neurons["id"].to_numpy()

    @property
    def cell_types(self):
        """The type of each neuron, (N,) str; "" where it is not known."""
        neurons = self._recording.neurons
        for column in TYPE_COLUMNS:
            if column in neurons:
                return neurons[column].fillna("").astype(str).to_numpy(str)
        return np.full(self.n_neurons, "")

    @property
    def has_connections(self):
        """Whether the recording says who is connected."""
        return self._recording.connections is not None

    @property
    def connectome(self):
        """Weights, csr_array (N, N), rows post and columns pre; None if not known."""
        table = self._recording.connections
        if table is None:
            return None
        weight = table["weight"].to_numpy(np.float32)
        cells = (table["post"].to_numpy(), table["pre"].to_numpy())
        return scipy.sparse.csr_array((weight, cells), (self.n_neurons,) * 2)

    def read(self, start, stop):
        """The Stretch of steps [start, stop); no other rows are read.

        Raises:
            ValueError: The steps are not in the recording, the file is damaged, or a
                value is not finite though it is valid.
        """
        with self._lock:
            if not 0 <= start <= stop <= self.n_steps:
                raise ValueError(
                    f"{self.path}: steps must lie in 0..{self.n_steps} and be in "
                    f"order, got {start} to {stop}."
                )
            activity = np.asarray(self._rows.read(start, stop), np.float32)
            stimulus = self._stimulus.read(start, stop)
            valid = self._valid(start, stop) if self.has_gaps else None
        if valid is not None:
            activity[~valid] = 0
        self._require_finite(activity, start, self.signal)
        self._require_finite(stimulus, start, "the stimulus")
        return Stretch(activity, stimulus, valid)

    def _valid(self, start, stop):
        begin = max(start - self._n_settling, 0)
        valid = self._recording.valid(begin, stop)
        return settled(valid, self._n_settling)[start - begin :]

    def _smoothed(self, tau_ms):
        if self._rows.quantity != "count":
            raise ValueError(
                f"{self.path}: training.smoothing_ms is for counts; it must be 0 for "
                f"signal '{self.signal}', a {self._rows.quantity}, got {tau_ms}."
            )
        return SmoothedCounts(self._rows, self.dt_ms, tau_ms)

    def _require_finite(self, rows, start, what):
        if np.isfinite(rows).all():
            return
        step, column = np.argwhere(~np.isfinite(rows))[0].tolist()
        kind = "column" if what == "the stimulus" else "neuron"
        raise ValueError(
            f"{self.path}: {what} is {rows[step, column]} in step {start + step}, "
            f"{kind} {column}, though it is valid."
        )
