"""Recordings from arrays in memory, the user's own."""

import numpy as np
import pandas as pd

from v1model.recordings.clock import Clock
from v1model.recordings.signals import COUNT, Signal
from v1model.recordings.trains import Trains
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
    connections=None,
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
        activity: Arrays (T, N) by name, or anything with a shape and a dtype that is
            sliced like one (h5py, np.memmap); it is read in parts. Floating point ones
            are stored in their own precision; counts as events.
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
        connections: See RecordingWriter.
        n_steps: T, where only spike times are given; None ends with the last of spikes
            and trials.
        start_s: When step 0 begins, s.
        source, session_id, metadata: See Recording.

    Raises:
        ValueError: Lengths disagree, times are not in order, outside the recording or
            not finite, values are not finite though valid, or a quantity is unknown.
    """
    activity, stimulus, behavior = (
        {name: _sliceable(array) for name, array in (arrays or {}).items()}
        for arrays in (activity, stimulus, behavior)
    )
    clock = Clock(dt_ms, start_s)
    trains = None
    if spike_times is not None:
        if "spikes" in activity:
            raise ValueError(f"{path}: 'spikes' are given as counts and as times.")
        trains = Trains(spike_times, path)
    for name, array in activity.items():
        if len(array.shape) != 2:
            raise ValueError(
                f"{path}: activity '{name}' must have shape (T, N), got {array.shape}."
            )
    for what, given in (("quantities", quantities), ("units", units)):
        unknown = (given or {}).keys() - activity.keys()
        if unknown:
            raise ValueError(
                f"{path}: {what} name {sorted(unknown)}, which activity lacks."
            )
    signals = {
        name: _signal(name, array, quantities or {}, units or {}, path)
        for name, array in activity.items()
    }
    if trains is not None:
        signals["spikes"] = Signal(COUNT, "uint16", is_exact=True)
    if not signals:
        raise ValueError(f"{path}: neither activity nor spike_times are given.")
    given = {**activity, **stimulus, **behavior}
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
    if np.ndim(valid) == 2 and len(valid) != n_steps:
        raise ValueError(
            f"{path}: valid must have {n_steps} rows or be of shape (N,), got shape "
            f"{np.shape(valid)}."
        )
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
        connections=connections,
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


def _sliceable(array):
    has_shape = hasattr(array, "shape") and hasattr(array, "dtype")
    return array if has_shape else np.asarray(array)


def _largest(counts):
    """The largest count, at least 0."""
    largest = 0
    for start, stop in _blocks([counts], *counts.shape):
        part = np.asarray(counts[start:stop])
        part = part[np.isfinite(part)] if part.dtype.kind == "f" else part
        largest = max(largest, int(part.max(initial=0)))
    return largest


def _signal(name, array, quantities, units, path):
    if name not in quantities:
        raise ValueError(f"{path}: quantities must say what '{name}' is.")
    quantity = quantities[name]
    if isinstance(quantity, Signal):
        return quantity
    if array.dtype.kind not in "iufb":
        raise ValueError(
            f"{path}: activity '{name}' must hold numbers, got {array.dtype}."
        )
    dtype = None
    if quantity == COUNT:
        dtype = np.min_scalar_type(_largest(array)).name
    elif array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        dtype = array.dtype.name
    try:
        return Signal(quantity, dtype, units.get(name))
    except ValueError as error:
        raise ValueError(f"{path}: activity '{name}': {error}") from error


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
    row = max((np.asarray(array[:1]).nbytes for array in arrays), default=0)
    size = max(_BLOCK_BYTES // max(row, 8 * n_neurons), 1)
    for start in range(0, n_steps, size):
        yield start, min(start + size, n_steps)


def _part(series, start, stop):
    return {name: array[start:stop] for name, array in (series or {}).items()}
