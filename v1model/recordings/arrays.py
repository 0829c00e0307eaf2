"""Recordings from arrays in memory, the user's own."""

import numpy as np
import pandas as pd

from v1model.recordings.clock import Clock
from v1model.recordings.signals import COUNT, Signal
from v1model.recordings.writer import RecordingWriter

_BLOCK_BYTES = 2**26  # written at a time


def save_recording(
    path,
    *,
    dt_ms,
    activity=None,
    quantities=None,
    units=None,
    spike_times=None,
    neurons=None,
    trials=None,
    stimulus=None,
    frames=None,
    behavior=None,
    valid=None,
    invalid=None,
    invalid_neurons=None,
    n_steps=None,
    start_s=0.0,
    source="",
    session_id="",
    metadata=None,
):
    """Writes a recording of arrays of one's own.

    Args:
        path: Where to, .h5.
        dt_ms: Length of a step, ms.
        activity: Arrays (T, N) by name. Floating point ones are stored in their own
            precision; counts as events.
        quantities: What each of them is, a quantity of Signal or a Signal.
        units: Unit of each, where it is not that of the quantity.
        spike_times: Exact times of spikes, in s: one increasing array per neuron, or a
            pair (time_s, neuron) in order of time. They become the signal "spikes".
        neurons: Table of neurons; None numbers them.
        trials: Table of presentations, columns start_s, stop_s and others.
        stimulus: By name (T, ...), or (T,) indices into the frames of that name.
        frames: Pictures by name (F, ...).
        behavior: By name (T, V) or (T,).
        valid: (T, N) or (N,) bool; None for all.
        invalid, invalid_neurons: Intervals, and who in each; see RecordingWriter.
        n_steps: T, where only spike times are given; None ends with the last of spikes
            and trials.
        start_s: When step 0 begins, s.
        source, session_id, metadata: See Recording.

    Raises:
        ValueError: Lengths disagree, times are not in order, outside the recording or
            not finite, values are not finite though valid, or a quantity is unknown.
    """
    activity = {name: np.asarray(array) for name, array in (activity or {}).items()}
    clock = Clock(dt_ms, start_s)
    trains = None
    if spike_times is not None:
        if "spikes" in activity:
            raise ValueError(f"{path}: 'spikes' are given as counts and as times.")
        trains = _Trains(spike_times, path)
    for name, array in activity.items():
        if array.ndim != 2:
            raise ValueError(
                f"{path}: activity '{name}' must have shape (T, N), got {array.shape}."
            )
    signals = {
        name: _signal(name, array, quantities or {}, units or {}, path)
        for name, array in activity.items()
    }
    if trains is not None:
        signals["spikes"] = Signal(COUNT, "uint16", is_exact=True)
    if not signals:
        raise ValueError(f"{path}: neither activity nor spike_times are given.")
    given = {**activity, **(stimulus or {}), **(behavior or {})}
    lengths = {name: len(array) for name, array in given.items()}
    if trains is not None:
        trains.check_order()
    n_steps = _n_steps(lengths, n_steps, trains, trials, clock, path)
    if neurons is None:
        widths = [array.shape[1] for array in activity.values()]
        n = trains.n_neurons if trains is not None else widths[0] if widths else 0
        neurons = pd.DataFrame({"id": np.arange(n)})
    if trains is not None:
        trains.check_range(len(neurons), clock, n_steps)
    with RecordingWriter(
        path,
        neurons=neurons,
        dt_ms=dt_ms,
        signals=signals,
        start_s=start_s,
        source=source,
        session_id=session_id,
        metadata=metadata,
        frames=frames,
        invalid=invalid,
        invalid_neurons=invalid_neurons,
    ) as writer:
        if trials is not None:
            writer.add_trials(trials)
        for start, stop in _blocks(given.values(), n_steps, len(neurons)):
            part = {name: array[start:stop] for name, array in activity.items()}
            if trains is not None:
                part["spikes"] = trains.between(*clock.times([start, stop]))
            writer.append(
                part,
                _part(stimulus, start, stop),
                _part(behavior, start, stop),
                valid=valid[start:stop] if np.ndim(valid) == 2 else valid,
                n_steps=stop - start,
            )


class _Trains:
    """Spike times of many neurons, of which those of a stretch are taken in order.

    Args:
        spike_times: A list of N arrays, or a pair (time_s, neuron).
        path: For errors.
    """

    def __init__(self, spike_times, path):
        self._path = path
        self._pair = self._trains = None
        if isinstance(spike_times, tuple):
            time_s, neuron = (np.asarray(part) for part in spike_times)
            if time_s.shape != neuron.shape:
                raise ValueError(
                    f"{path}: spike_times must be two arrays of the same length, got "
                    f"shapes {time_s.shape} and {neuron.shape}."
                )
            self._pair = (time_s.astype(np.float64), neuron)
            self.n_neurons = int(neuron.max()) + 1 if neuron.size else 0
            self._all = [time_s]
        else:
            self._trains = [np.asarray(t, np.float64) for t in spike_times]
            self.n_neurons = len(self._trains)
            self._all = self._trains

    @property
    def last_s(self):
        ends = [times[-1] for times in self._all if len(times)]
        return max(ends, default=-np.inf)

    def check_order(self):
        """Refuses times that are not finite or not in order."""
        for where, times in self._named():
            if not np.isfinite(times).all():
                raise ValueError(f"{where} must be finite.")
            back = np.flatnonzero(np.diff(times) < 0)
            if back.size:
                at = int(back[0])
                raise ValueError(
                    f"{where} must be in order, got {times[at + 1]} s after "
                    f"{times[at]} s."
                )

    def check_range(self, n_neurons, clock, n_steps):
        """Refuses another number of neurons and times outside the recording."""
        if self._trains is not None and self.n_neurons != n_neurons:
            raise ValueError(
                f"{self._path}: spike_times are of {self.n_neurons} neurons, the table "
                f"of {n_neurons}."
            )
        begin, end = clock.times([0, n_steps])
        for where, times in self._named():
            if times.size and not begin <= times[0] <= times[-1] < end:
                raise ValueError(
                    f"{where} must lie in [{begin}, {end}) s, got {times[0]} to "
                    f"{times[-1]} s."
                )

    def _named(self):
        for k, times in enumerate(self._all):
            of = f" of neuron {k}" if self._trains is not None else ""
            yield f"{self._path}: spike_times{of}", times

    def between(self, start_s, stop_s):
        """Events of [start_s, stop_s) in order of time, (time_s, neuron)."""
        if self._pair is not None:
            time_s, neuron = self._pair
            kept = slice(*np.searchsorted(time_s, (start_s, stop_s)))
            return time_s[kept], neuron[kept]
        pieces = [
            times[slice(*np.searchsorted(times, (start_s, stop_s)))]
            for times in self._trains
        ]
        neuron = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        time_s = np.concatenate(pieces) if pieces else np.empty(0)
        order = np.argsort(time_s, kind="stable")
        return time_s[order], neuron[order]


def _signal(name, array, quantities, units, path):
    if name not in quantities:
        raise ValueError(f"{path}: quantities must say what '{name}' is.")
    quantity = quantities[name]
    if isinstance(quantity, Signal):
        return quantity
    dtype = None
    if quantity == COUNT:
        largest = int(np.nanmax(array)) if array.size else 0
        dtype = np.min_scalar_type(max(largest, 0)).name
    elif array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        dtype = array.dtype.name
    return Signal(quantity, dtype, units.get(name))


def _n_steps(lengths, n_steps, trains, trials, clock, path):
    if n_steps is not None:
        lengths = {"n_steps": n_steps, **lengths}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: lengths disagree: {lengths}.")
    if lengths:
        return int(next(iter(lengths.values())))
    n = 0
    if np.isfinite(trains.last_s):
        n = int(clock.steps(trains.last_s)) + 1
    if trials is not None and len(trials):
        stop_s = np.max(trials["stop_s"])
        step = int(clock.steps(stop_s))
        n = max(n, step + int(clock.times(step) < stop_s))
    if n <= 0:
        raise ValueError(f"{path}: n_steps is needed, there are no spikes or trials.")
    return n


def _blocks(arrays, n_steps, n_neurons):
    row = max((array[:1].nbytes for array in map(np.asarray, arrays)), default=0)
    size = max(_BLOCK_BYTES // max(row, 8 * n_neurons), 1)
    for start in range(0, n_steps, size):
        yield start, min(start + size, n_steps)


def _part(series, start, stop):
    return {name: array[start:stop] for name, array in (series or {}).items()}
