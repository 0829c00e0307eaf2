"""Spike times of many neurons, taken in order of time a stretch at a time."""

import numpy as np


class Trains:
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
            wrong = np.flatnonzero(~np.isfinite(times))
            if wrong.size:
                at = int(wrong[0])
                raise ValueError(
                    f"{where} must be finite, got {times[at]} s at position {at}."
                )
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
