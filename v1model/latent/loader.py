"""ChunkLoader: from a recording on the disk to tensors, behind the back of a training.

Why not tf.data: Dataset.from_generator with prefetch overlaps reading as well and is as
fast (benchmarks/latent_loader.py), but an error of a read comes back as text inside one
of TensorFlow's, only after all that was ready before it, and its threads end when the
iterator is collected. Here the original error comes at once, and closing is closing.
"""

import contextlib

import numpy as np
import tensorflow as tf

from v1model.latent.acquisition import phases_of
from v1model.latent.chunk_plan import ChunkPlan, bytes_per_row
from v1model.latent.interpolation import INTERPOLATED
from v1model.latent.overlap import Overlapped

KEPT_BYTES = 2**30  # a recording up to this size is read once and kept in memory
WAITING = (1, 1, 1)  # chunks that may wait: as read, filled in, and on the device


class ChunkLoader:
    """Chunks of a recording as tensors: disk, memory and device at the same time.

    One thread reads and decompresses, a second fills in between observations, a third
    copies to the device. A small recording is read once and then kept in memory.

        with ChunkLoader(source, training, start, stop) as loader:
            for epoch in range(training.epochs):
                for start, chunk in loader.epoch(epoch):
                    ...

    A chunk is a dict of tensors: activity (C, N) float32; stimulus (C, S) float32;
    valid (C, N) bool, if the recording has gaps; filled (C, N) float32, the activity
    between observations, if they are staggered; origin () int32, the step of the
    recording at which it begins modulo time_units.

    Args:
        source: ActivitySource, or what has its `read` and attributes.
        training: TrainingConfig.
        start, stop: Steps of the recording that are read; nothing else is looked at.
        rows: C; None takes as many as are reasonable.
        waiting: How many chunks may wait, those in the making included; see WAITING.
        device: Name of the device of the tensors; None for TensorFlow's choice.
        kept_bytes: A recording up to this size is kept in memory.
        unknown: What is filled in where a neuron has not been observed, not even
            time_units steps before or after the chunk: a number or (N,), such as means.

    Attributes:
        plan: ChunkPlan.
        phases: When each neuron is observed, (N,) int32, or None.
        is_kept: Whether it is kept in memory.

    Raises:
        ValueError: There are fewer steps than a rollout needs.
    """

    def __init__(
        self,
        source,
        training,
        start,
        stop,
        *,
        rows=None,
        waiting=WAITING,
        device=None,
        kept_bytes=KEPT_BYTES,
        unknown=0.0,
    ):
        row_bytes = bytes_per_row(source, training)
        self.plan = ChunkPlan(training, start, stop, row_bytes, rows, source.path)
        acquisition, tu = training.acquisition_mode, training.time_units
        self.phases = phases_of(acquisition, tu, source.n_neurons)
        self.is_kept = row_bytes * (stop - self.plan.first) <= kept_bytes
        self._source, self._time_units = source, tu
        self._start, self._stop = start, stop
        self._waiting, self._device = tuple(waiting), device
        self._unknown = np.asarray(unknown, np.float32)
        self._fill = None
        if acquisition.mode == "staggered_random":
            self._fill = INTERPOLATED[acquisition.interpolation]
        self._arrays = self._tensors = None  # what is kept
        self._running = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Stops all threads and drops what is kept. The source stays open."""
        self._stop_running()
        self._arrays = self._tensors = None

    def epoch(self, number, n_chunks=None):
        """(start, chunk) of an epoch, in the order that its number decides.

        Args:
            number: Of the epoch.
            n_chunks: See ChunkPlan.epoch.

        Raises:
            Whatever a read raises, at the next chunk.
        """
        return self.chunks(self.plan.epoch(number, n_chunks))

    def chunks(self, starts):
        """(start, chunk) of chunks that begin at some steps, in this order.

        An earlier iteration ends when a new one begins.

        Args:
            starts: Steps of the recording; each chunk has plan.rows rows.

        Raises:
            ValueError: A chunk does not lie in those of the plan.
        """
        starts = [int(start) for start in starts]
        first, last = self.plan.starts[0], self.plan.starts[-1]
        for start in starts:
            if not first <= start <= last:
                raise ValueError(
                    f"{self._source.path}: chunks of {self.plan.rows} rows must begin "
                    f"in steps {first} to {last}, got {start}."
                )
        if self.is_kept and self.plan.is_whole:
            return self._whole(starts)
        return self._overlapped(starts)

    def _whole(self, starts):
        """The only chunk again and again, which stays on the device."""
        for start in starts:
            if self._tensors is None:
                prepared = self.prepared(self.read((start, start + self.plan.rows)))
                self._tensors = self.transferred(prepared)
            yield self._tensors

    def _overlapped(self, starts):
        self._stop_running()
        rows = self.plan.rows
        if self.is_kept:
            stages, room = (self._cut, self.transferred), self._waiting[1:]
        else:
            stages = (self.read, self.prepared, self.transferred)
            room = self._waiting
        windows = [(start, start + rows) for start in starts]
        with Overlapped(windows, stages, room) as running:
            self._running = running
            yield from running

    def _stop_running(self):
        if self._running is not None:
            self._running.close()
            self._running = None

    def read(self, window):
        """(first step, window, Stretch), with what is observed around it."""
        start, stop = window
        margin = 0 if self._fill is None else self._time_units
        first, last = max(start - margin, self._start), min(stop + margin, self._stop)
        return first, window, self._source.read(first, last)

    def prepared(self, read):
        """(first step of the window, arrays by name)."""
        first, (start, stop), stretch = read
        inside = slice(start - first, stop - first)
        arrays = {"activity": stretch.activity, "stimulus": stretch.stimulus}
        if stretch.valid is not None:
            arrays["valid"] = stretch.valid
        if self._fill is not None:
            origin = first % self._time_units
            given = (stretch.activity, self.phases, self._time_units, origin)
            arrays["filled"] = self._fill(*given, stretch.valid, self._unknown)
        return start, {name: array[inside] for name, array in arrays.items()}

    def _cut(self, window):
        """The same of what is kept."""
        start, stop = window
        first, last = self.plan.first, int(self.plan.starts[-1]) + self.plan.rows
        if self._arrays is None:
            _, self._arrays = self.prepared(self.read((first, last)))
        inside = slice(start - first, stop - first)
        return start, {name: array[inside] for name, array in self._arrays.items()}

    def transferred(self, prepared):
        """(first step, tensors by name)."""
        start, arrays = prepared
        arrays = {**arrays, "origin": np.int32(start % self._time_units)}
        with contextlib.ExitStack() as stack:
            if self._device is not None:
                stack.enter_context(tf.device(self._device))
            return start, {
                name: tf.convert_to_tensor(array) for name, array in arrays.items()
            }
