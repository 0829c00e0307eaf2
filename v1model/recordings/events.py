"""Events of a recording: who spiked in which step, or at which time."""

import numpy as np

from v1model.recordings.chunks import RowAppender, naming_damage, read_rows


class EventAppender:
    """Events in a file that grows step by step.

    The group has `neuron` (n,) in order of time, `first` (T + 1,), where the events of
    each step begin, and for exact signals `time_s` (n,).

    Args:
        group: Where the datasets are made.
        signal: Signal, a count.
        n_neurons: N.
        clock: Clock.
        pool: Executor that compresses.
        where: Path of the file and name of the signal, for errors.
    """

    def __init__(self, group, signal, n_neurons, clock, pool, where):
        self._signal, self._n_neurons, self._clock = signal, n_neurons, clock
        self._where, self._group = where, group
        group.attrs["dtype"] = signal.dtype
        self._neuron = RowAppender(group, "neuron", (), np.int32, pool)
        self._first = RowAppender(group, "first", (), np.int64, pool)
        self._first.append(np.zeros(1, np.int64))
        self._time_s = None
        if signal.is_exact:
            self._time_s = RowAppender(group, "time_s", (), np.float64, pool)

    def check(self, values, start, n_steps):
        """Events as (step from `start` on, neuron, time or None), in order.

        Args:
            values: (n_steps, N) counts; or (step, neuron); of an exact signal
                (time_s, neuron), in order of time.
            start: First step of these.
            n_steps: How many steps they cover.

        Raises:
            ValueError: Shapes, types, order or values are wrong.
        """
        if self._signal.is_exact:
            events = self._exact_events(values, start, n_steps)
        elif isinstance(values, tuple):
            events = self._step_events(values, n_steps)
        else:
            events = self._counted(values)
        self._require_countable(events[0], events[1])
        return events

    @property
    def attrs(self):
        return self._group.attrs

    def append_from(self, events, start):
        """Adds all events of an EventSignal, whose step 0 is step `start` here."""
        n_before = self._neuron.n_rows
        group = events.group
        self._neuron.append_from(group["neuron"])
        self._first.append_from(group["first"], lambda rows: rows + n_before, first=1)
        if self._time_s is not None:
            clock = events.clock
            is_same = start == 0 and clock == self._clock
            self._time_s.append_from(
                group["time_s"],
                None if is_same else lambda t: self._clock.moved(t, clock, start),
            )

    def append(self, events, n_steps):
        """Adds what `check` returned."""
        step, neuron, time_s = events
        n_before = self._neuron.n_rows
        counts = np.bincount(step, minlength=n_steps)
        self._neuron.append(neuron)
        self._first.append(n_before + np.cumsum(counts, dtype=np.int64))
        if self._time_s is not None:
            self._time_s.append(time_s)

    def close(self):
        for appender in (self._neuron, self._first, self._time_s):
            if appender is not None:
                appender.close()

    def _counted(self, counts):
        counts = np.asarray(counts)
        if counts.dtype.kind == "f":
            whole = np.rint(counts)
            if not (np.isfinite(counts) & (whole == counts)).all():
                raise ValueError(f"{self._where} must hold whole numbers of spikes.")
            counts = whole.astype(np.int64)
        if counts.dtype.kind not in "biu":
            raise ValueError(f"{self._where} must hold counts, got {counts.dtype}.")
        step, neuron = np.nonzero(counts)
        n = counts[step, neuron].astype(np.int64)
        if n.size and n.min() < 0:
            raise ValueError(f"{self._where} must not be negative, got {n.min()}.")
        limit = np.iinfo(self._signal.dtype).max
        if n.size and n.max() > limit:
            at = int(n.argmax())
            raise self._too_many(step[at], neuron[at], n[at])
        return np.repeat(step, n), np.repeat(neuron, n), None

    def _step_events(self, values, n_steps):
        step, neuron = self._pair(values)
        if step.dtype.kind not in "iu" and step.size:
            raise ValueError(f"{self._where}: steps must be integers.")
        step = step.astype(np.int64)
        if step.size and not 0 <= step.min() <= step.max() < n_steps:
            raise ValueError(
                f"{self._where}: steps must lie in 0..{n_steps - 1}, got "
                f"{step.min()} to {step.max()}."
            )
        cell = step * self._n_neurons + neuron
        if (cell[1:] < cell[:-1]).any():
            step, neuron = np.divmod(np.sort(cell), self._n_neurons)
        return step, neuron, None

    def _exact_events(self, values, start, n_steps):
        if not isinstance(values, tuple):
            raise ValueError(
                f"{self._where} has exact times: give (time_s, neuron), not an array."
            )
        time_s, neuron = self._pair(values)
        time_s = time_s.astype(np.float64)
        low, high = self._clock.times([start, start + n_steps])
        wrong = np.flatnonzero(~((time_s >= low) & (time_s < high)))
        if wrong.size:
            raise ValueError(
                f"{self._where}: times must lie in [{low}, {high}) s, got "
                f"{time_s[wrong[0]]}."
            )
        back = np.flatnonzero(np.diff(time_s) < 0)
        if back.size:
            at = int(back[0])
            raise ValueError(
                f"{self._where}: times must be in order, got {time_s[at + 1]} s after "
                f"{time_s[at]} s."
            )
        order = np.lexsort((neuron, time_s))
        time_s, neuron = time_s[order], neuron[order]
        return self._clock.steps(time_s) - start, neuron, time_s

    def _pair(self, values):
        first, neuron = (np.asarray(part) for part in values)
        if first.ndim != 1 or first.shape != neuron.shape:
            raise ValueError(
                f"{self._where}: two arrays of the same length are needed, got shapes "
                f"{first.shape} and {neuron.shape}."
            )
        if neuron.size and neuron.dtype.kind not in "iu":
            raise ValueError(f"{self._where}: neurons must be integers.")
        if neuron.size and not 0 <= neuron.min() <= neuron.max() < self._n_neurons:
            raise ValueError(
                f"{self._where}: neurons must lie in 0..{self._n_neurons - 1}, got "
                f"{neuron.min()} to {neuron.max()}."
            )
        return first, neuron.astype(np.int64)

    def _require_countable(self, step, neuron):
        """A count that its dtype cannot hold would be read as another one."""
        limit = np.iinfo(self._signal.dtype).max
        if not len(step) or np.bincount(step).max() <= limit:
            return
        cell, n = np.unique(step * self._n_neurons + neuron, return_counts=True)
        if n.max() > limit:
            at = divmod(int(cell[n.argmax()]), self._n_neurons)
            raise self._too_many(*at, n.max())

    def _too_many(self, step, neuron, n):
        return ValueError(
            f"{self._where}: neuron {neuron} has {n} spikes in step {step} of these, "
            f"more than {self._signal.dtype} holds; declare a larger dtype."
        )


class EventSignal:
    """A count that is stored as events.

    Args:
        group: HDF5 group.
        signal: Signal.
        n_neurons: N.
        clock: Clock.
        n_steps: T.
        pool: Executor that decompresses.
    """

    def __init__(self, group, signal, n_neurons, n_steps, clock, pool):
        self.group, self._pool, self.clock = group, pool, clock
        self.signal, self._n_neurons, self._n_steps = signal, n_neurons, n_steps

    quantity = property(lambda self: self.signal.quantity)
    unit = property(lambda self: self.signal.unit)
    is_exact = property(lambda self: self.signal.is_exact)

    @property
    def n_events(self):
        """Events of the whole recording."""
        return len(self.group["neuron"])

    @property
    def shape(self):
        return self._n_steps, self._n_neurons

    @property
    def stored_bytes(self):
        """What it takes on the disk."""
        with naming_damage(self.group.file.filename):
            return sum(one.id.get_storage_size() for one in self.group.values())

    @property
    def array_bytes(self):
        """What its arrays would take uncompressed."""
        return sum(one.nbytes for one in self.group.values())

    def read(self, start=0, stop=None, neurons=None):
        """Counts of steps [start, stop), (t, n) unsigned integers.

        Args:
            start, stop: Steps; None is the last.
            neurons: Indices, a mask or a slice; None for all.
        """
        start, stop = steps_of(start, stop, self._n_steps)
        wanted = indices_of(neurons, self._n_neurons)
        step, neuron = self.events(start, stop)
        step -= start
        if wanted is None:
            return self._dense(step, neuron, stop - start, self._n_neurons)
        unique, back = np.unique(wanted, return_inverse=True)
        column = np.full(self._n_neurons, -1)
        column[unique] = np.arange(len(unique))
        column = column[neuron]
        kept = column >= 0
        counts = self._dense(step[kept], column[kept], stop - start, len(unique))
        return counts[:, back]

    def events(self, start=0, stop=None):
        """(step (n,) int64, neuron (n,) int32) of steps [start, stop), by time.

        Raises:
            ValueError: The steps are not in the recording, or the file is damaged.
        """
        start, stop = steps_of(start, stop, self._n_steps)
        first = self._read("first", start, stop + 1)
        counts = np.diff(first)
        if (counts < 0).any():
            raise ValueError(
                f"{self.group.file.filename}: {self.group.name}/first decreases in "
                f"step {start + int((counts < 0).argmax())}."
            )
        neuron = self._read("neuron", first[0], first[-1])
        if neuron.size and not 0 <= neuron.min() <= neuron.max() < self._n_neurons:
            raise ValueError(
                f"{self.group.file.filename}: {self.group.name}/neuron must lie in "
                f"0..{self._n_neurons - 1}, got {neuron.min()} to {neuron.max()}."
            )
        return np.repeat(np.arange(start, stop), counts), neuron

    def counts(self, start=0, stop=None):
        """Spikes of each neuron in steps [start, stop), (N,) int64; flat memory."""
        start, stop = steps_of(start, stop, self._n_steps)
        total = np.zeros(self._n_neurons, np.int64)
        low, high = (int(self._read("first", at, at + 1)[0]) for at in (start, stop))
        for left in range(low, high, 2**22):
            neuron = self._read("neuron", left, min(left + 2**22, high))
            total += np.bincount(neuron, minlength=self._n_neurons)
        return total

    def spike_times(self, start_s=None, stop_s=None):
        """(time_s (n,) float64 increasing, neuron (n,) int32) of [start_s, stop_s).

        Exact times where the recording has them, else when the step of each begins.
        """
        begin, end = self.clock.times([0, self._n_steps])
        start_s = begin if start_s is None else max(start_s, begin)
        stop_s = end if stop_s is None else min(stop_s, end)
        if stop_s <= start_s:
            return np.empty(0), np.empty(0, np.int32)
        start, last = self.clock.steps([start_s, stop_s])
        stop = min(int(last) + 1, self._n_steps)
        if not self.is_exact:
            step, neuron = self.events(int(start), stop)
            time_s = self.clock.times(step)
        else:
            first = int(self._read("first", start, start + 1)[0])
            beyond = int(self._read("first", stop, stop + 1)[0])
            neuron = self._read("neuron", first, beyond)
            time_s = self._read("time_s", first, beyond)
        kept = slice(*np.searchsorted(time_s, (start_s, stop_s)))
        return time_s[kept], neuron[kept]

    def trains(self, start_s=None, stop_s=None):
        """Spike times of each neuron, a list of N increasing float64 arrays, s."""
        time_s, neuron = self.spike_times(start_s, stop_s)
        order = np.argsort(neuron, kind="stable")
        ends = np.cumsum(np.bincount(neuron, minlength=self._n_neurons))
        return np.split(time_s[order], ends[:-1])

    def _dense(self, step, neuron, n_steps, n_neurons):
        counts = np.zeros(n_steps * n_neurons, self.signal.dtype)
        cell, n = np.unique(step * n_neurons + neuron, return_counts=True)
        counts[cell] = n
        return counts.reshape(n_steps, n_neurons)

    def _read(self, name, start, stop):
        return read_rows(self.group[name], int(start), int(stop), pool=self._pool)


def steps_of(start, stop, n_steps):
    """A range of steps as two integers.

    Raises:
        ValueError: It does not lie in the recording.
    """
    stop = n_steps if stop is None else stop
    if not 0 <= start <= stop <= n_steps:
        raise ValueError(
            f"steps must lie in 0..{n_steps} and be in order, got {start} to {stop}."
        )
    return int(start), int(stop)


def indices_of(neurons, n_neurons):
    """Neurons as indices, or None for all.

    Raises:
        ValueError: They are no neurons of this recording.
    """
    if neurons is None:
        return None
    if isinstance(neurons, slice):
        return np.arange(n_neurons)[neurons]
    neurons = np.asarray(neurons)
    if neurons.dtype == bool:
        if neurons.shape != (n_neurons,):
            raise ValueError(
                f"a mask of neurons must have shape ({n_neurons},), got "
                f"{neurons.shape}."
            )
        return np.flatnonzero(neurons)
    neurons = np.atleast_1d(neurons)
    if neurons.size and (
        neurons.dtype.kind not in "iu"
        or not 0 <= neurons.min() <= neurons.max() < n_neurons
    ):
        raise ValueError(
            f"neurons must be indices in 0..{n_neurons - 1}, got {neurons.min()} to "
            f"{neurons.max()}."
        )
    return neurons.astype(np.int64)
