"""ColumnRecorder: from a configuration to a recording on disk."""

import dataclasses
import hashlib
import json
import pathlib

import numpy as np
import pandas as pd

import v1model
from v1model.column_recording.config import FREE_OPTIONS
from v1model.column_recording.parts import Parts, require_same_job
from v1model.column_recording.rows import ColumnRows, at_rest
from v1model.column_recording.screenings import screening_for
from v1model.disk import require_space
from v1model.lgn import LGN
from v1model.network.populations import layer_of
from v1model.recordings import RecordingWriter, Signal, open_recording
from v1model.runs import versions
from v1model.simulation import untrained_column
from v1model.stimuli.screening import ScreenRates
from v1model.trained_run import OF_A_RUN, find_subject

AREA = "VISp"  # primary visual cortex, as the Allen Institute calls it
SCREEN, SENT = "screen", "lgn"  # the stimuli of a recording
FRAMES_AT_ONCE = 64


class ColumnRecorder:
    """A column, what it is shown, and the recording that is made of it.

    Everything that bad input can break happens while it is made, before any long work.

    Args:
        config: RecordConfig.

    Raises:
        OSError, ValueError: The configuration, or a file that it names, is wrong; or
            there is another recording in its place, whole or in parts.
    """

    def __init__(self, config):
        self.config = config
        self.out = pathlib.Path(config.out).expanduser()
        subject = find_subject(config.network, config.weights, _given(config.network))
        self.network = subject.network
        self._max_delay = subject.max_delay
        self._is_trained = subject.is_trained
        self._lgn = LGN(self.network.lgn.units)
        self.screening = screening_for(
            config.shown, self.network, self._lgn, config.network.seed
        )
        self.job = job_of(config, self.network)
        self.is_complete = self.out.exists()
        if self.is_complete:
            require_recording_of(self.job, self.out)
        self._parts = Parts(self.out, self.job)
        if not self.is_complete:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            require_space("out", self.out.parent, self._most_bytes())
            self._parts.open()

    @property
    def n_steps(self):
        return self.screening.duration_ms

    def record(self, report=None, layers=None):
        """Records what is not recorded yet, and joins it.

        Args:
            report: Called after every piece as report(steps done, steps in all).
            layers: ColumnLayers of the network, if there are any already.

        Returns:
            Path of the recording.

        Raises:
            ValueError: Another program is recording there.
        """
        with self._parts.locked():
            if not self.out.exists():
                self._record(report, layers)
            self._parts.remove()
        self.is_complete = True
        return self.out

    def _record(self, report, layers):
        n_parts = -(-self.n_steps // self.config.part_ms)
        n_finished = self._parts.n_finished()
        if n_finished < n_parts:
            layers = layers or self._layers()
            self._simulate(layers, n_finished, n_parts, report)
        self._join(n_parts)

    def _layers(self):
        return untrained_column(
            self.network,
            engine=self.config.engine,
            shared_background=self.config.background == "shared",
            max_delay=self._max_delay,
        )

    def _simulate(self, layers, n_finished, n_parts, report):
        seed = self.config.network.seed
        standing = at_rest(layers, seed)
        if n_finished:
            standing = self._parts.read_standing(n_finished - 1)
        kept, config = self.config.signals, self.config
        rows = ColumnRows(
            layers,
            ScreenRates(self._lgn, self.screening),
            seed,
            self.n_steps,
            standing,
            current_input=config.lgn == "current",
            voltage_dtype=config.voltage_dtype if "voltages" in kept else None,
            rate_tau_ms=config.rate_tau_ms if "rates" in kept else None,
        )
        pieces = iter(rows)
        for k in range(n_finished, n_parts):
            stop = min((k + 1) * self.config.part_ms, self.n_steps)
            with self._writer(self._parts.path(k), start=rows.standing.step) as writer:
                while rows.standing.step < stop:
                    start = rows.standing.step
                    self._append(writer, next(pieces), start)
                    if report is not None:
                        report(rows.standing.step, self.n_steps)
            self._parts.write_standing(k, rows.standing)

    def _append(self, writer, rows, start):
        numbers = self.screening.index(start, start + rows.n_steps)
        stimulus = {SCREEN: numbers.astype(np.int64)}
        if self.config.keep_lgn:
            stimulus[SENT] = rows.lgn
        activity = {name: getattr(rows, name) for name in self.config.signals}
        writer.append(activity, stimulus, n_steps=rows.n_steps)

    def _writer(self, path, start=0, frames=None, metadata=None):
        dtypes = {"voltages": self.config.voltage_dtype}
        signals = {
            name: Signal(quantity, dtypes.get(name))
            for name, quantity in _QUANTITIES.items()
            if name in self.config.signals
        }
        return RecordingWriter(
            path,
            neurons=neuron_table(self.network),
            dt_ms=1.0,
            start_s=start / 1000,
            signals=signals,
            source="v1model column, " + ("trained" if self._is_trained else "built"),
            session_id=f"column-{self.job['network'][:8]}-{self.job['stimulus'][:8]}",
            metadata=metadata,
            frames=frames,
        )

    def _join(self, n_parts):
        """Writes the recording from its parts, with what all of them share."""
        metadata = {
            "job": self.job,
            "versions": versions(),
            "comment": self.config.comment,
        }
        n_frames = self.screening.n_frames
        frames = {SCREEN: self.screening.frames([])} if n_frames else None
        with self._writer(self.out, frames=frames, metadata=metadata) as writer:
            for k in range(n_parts):
                with open_recording(self._parts.path(k)) as part:
                    writer.append_recording(part, [SCREEN] if n_frames else [])
            for first in range(0, n_frames, FRAMES_AT_ONCE):
                numbers = range(first, min(first + FRAMES_AT_ONCE, n_frames))
                writer.add_frames(SCREEN, self.screening.frames(numbers))
            writer.add_trials(self._presentations())

    def _presentations(self):
        """The table of the screening, in seconds."""
        table = self.screening.table
        seconds = {
            "start_s": table["start_ms"] / 1000,
            "stop_s": table["stop_ms"] / 1000,
        }
        rest = table.drop(columns=["start_ms", "stop_ms"])
        return pd.concat([pd.DataFrame(seconds), rest], axis=1)

    def _most_bytes(self):
        """What parts and recording take where nothing can be compressed."""
        n = self.network.n_neurons
        sizes = {"voltages": np.dtype(self.config.voltage_dtype).itemsize, "rates": 4}
        row = n * sum(sizes.get(name, 0) for name in self.config.signals)
        return 2 * row * self.n_steps


_QUANTITIES = {"spikes": "count", "voltages": "voltage", "rates": "rate"}


def neuron_table(network):
    """The neurons of a column as the table of a recording.

    `y` is the depth below the pia, x and z lie along the surface, um; `tuning_angle` is
    the direction that decided the wiring, degrees.
    """
    return pd.DataFrame(
        {
            "id": network.node_id.astype(np.int64),
            "cell_type": network.pop_name.astype(object),
            "is_excitatory": network.is_excitatory,
            "layer": layer_of(network.pop_name).astype(object),
            "area": AREA,
            "x": network.x,
            "y": network.y,
            "z": network.z,
            "tuning_angle": network.tuning_angle,
            "node_type_id": network.types.node_type_id[network.type_index],
        }
    )


def job_of(config, network):
    """What decides a recording, JSON-able: options, network and version.

    Args:
        config: RecordConfig.
        network: Network that is recorded.
    """
    options = json.loads(json.dumps(_leaves(config)))
    shown = json.dumps([_leaves(config.shown), config.network.seed], sort_keys=True)
    return {
        "options": {k: v for k, v in options.items() if k not in FREE_OPTIONS},
        "network": fingerprint(network),
        "stimulus": hashlib.sha256(shown.encode()).hexdigest(),
        "version": v1model.__version__,
    }


def fingerprint(network):
    """SHA-256 of all that a network is made of."""
    digest = hashlib.sha256()

    def add(record):
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            if dataclasses.is_dataclass(value):
                add(value)
                continue
            value = np.asarray(value)
            digest.update(f"{field.name} {value.dtype} {value.shape}".encode())
            plain = value.astype(str) if value.dtype.kind in "OU" else value
            digest.update(np.ascontiguousarray(plain).tobytes())

    add(network)
    return digest.hexdigest()


def _leaves(config):
    """Value of each option by name."""
    found = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        is_group = dataclasses.is_dataclass(value)
        found |= _leaves(value) if is_group else {field.name: value}
    return found


def _given(network_config):
    """Options that a run decides and that differ from what is the default."""
    default = type(network_config)()
    return [n for n in OF_A_RUN if getattr(network_config, n) != getattr(default, n)]


def require_recording_of(job, path):
    """Raises ValueError unless the file is the recording of this job."""
    with open_recording(path) as found:
        old = found.metadata.get("job")
    if not isinstance(old, dict) or "options" not in old:
        raise ValueError(f"{path} is no recording of a column; give another --out.")
    require_same_job(old, job, path)
