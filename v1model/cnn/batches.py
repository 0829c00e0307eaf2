"""Batches: segments of several recordings, always as many of each."""

import collections
import concurrent.futures
import contextlib

import numpy as np

from v1model.cnn.recording_weights import quotas, recording_weights
from v1model.cnn.segments import SegmentStream

_AHEAD = 3  # batches that are made while an update runs


class Batches:
    """What the updates of each epoch are done on.

    A batch is a dictionary by recording of dictionaries of float32 arrays:

        movie     (B_d, memory_bins + S, H, W, C), oldest frame first
        counts    (B_d, S, N_d), 0 where they do not count
        mask      (B_d, S, N_d), 1 or 0
        behavior  (B_d, memory_bins + S, V), where there is one

    Shapes never change. Segments B_d of a recording are the same in every batch, in
    proportion to its segments, and sum to `batch_size`; which ones depends on the seed,
    the epoch and the step alone. In one pass every bin that can be predicted is used
    once.

    Several devices share a batch along segments, after segments whose mask is 0 where
    they cannot be shared out equally. Nothing here depends on how many there are, so
    the objective does not either if sums over m and over m l are of all devices.

    Args:
        recordings: List of RecordingData.
        memory_bins: Past bins that the model needs.
        data: DataParams.
        training: TrainingParams.
        neurons: Which neurons count, (N,) bool by name; None for all that are not held
            out.

    Attributes:
        steps_per_epoch: Batches of an epoch.
        quotas: Segments of each recording in a batch, {name: B_d}.
        recording_weights: {name: w_d}, of the mean loss of each recording; sum 1.

    Raises:
        ValueError: A recording has nothing to train on, or there are more recordings
            than segments in a batch.
    """

    def __init__(self, recordings, memory_bins, data, training, neurons=None):
        self._recordings = {one.spec.name: one for one in recordings}
        self._memory_bins, self._segment_bins = memory_bins, data.segment_bins
        self._streams, self._usable, n_bins = {}, {}, {}
        for name, one in self._recordings.items():
            wanted = ~one.held_out if neurons is None else np.asarray(neurons[name])
            stream = SegmentStream(one, memory_bins, data.segment_bins, training.seed)
            self._streams[name] = stream
            self._usable[name] = usable = one.usable(memory_bins) & wanted
            in_train = np.zeros(one.n_bins, bool)
            trials = one.trials_of("train")
            for start, stop in zip(trials["start"], trials["stop"], strict=True):
                in_train[start:stop] = True
            n_bins[name] = usable[in_train].any(axis=1).sum()
            if not n_bins[name]:
                raise ValueError(
                    f"{one.path}: no bin of the trials for training is valid for a "
                    f"model with a memory of {memory_bins} bins; data.invalid_lags "
                    "may be smaller."
                )
        sizes = [stream.n_per_pass for stream in self._streams.values()]
        found = quotas(sizes, training.batch_size).tolist()
        self.quotas = dict(zip(self._streams, found, strict=True))
        self.steps_per_epoch = training.steps_per_epoch or -(
            -sum(sizes) // training.batch_size
        )
        self.recording_weights = recording_weights(recordings, n_bins, data)

    def epoch(self, number, first_step=0):
        """Iterates over the batches of an epoch; a thread makes the next ones.

        Args:
            number: Of the epoch, from 0.
            first_step: Batches that are left out: where a training is resumed.
        """
        steps = range(first_step, self.steps_per_epoch)
        with contextlib.ExitStack() as stack:
            pool = concurrent.futures.ThreadPoolExecutor(1, "batches")
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
            waiting = collections.deque()
            for step in steps:
                waiting.append(pool.submit(self.batch, number, step))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def batch(self, epoch, step):
        """One batch; see the class."""
        update = epoch * self.steps_per_epoch + step
        return {
            name: self._of_recording(name, stream.take(update * quota, quota))
            for (name, stream), quota in zip(
                self._streams.items(), self.quotas.values(), strict=True
            )
        }

    def _of_recording(self, name, segments):
        recording, usable = self._recordings[name], self._usable[name]
        n, memory, size = len(segments.first), self._memory_bins, self._segment_bins
        spec = recording.spec
        movie = np.zeros((n, memory + size, *spec.frame_shape), np.float32)
        counts, mask = np.zeros((2, n, size, spec.n_neurons), np.float32)
        batch = {"movie": movie, "counts": counts, "mask": mask}
        if recording.behavior is not None:
            shape = (n, memory + size, spec.n_behavior)
            batch["behavior"] = np.zeros(shape, np.float32)
        for row in range(n):
            first, begin, end, stop = (int(field[row]) for field in segments)
            past, stop = first - memory, min(first + size, stop)
            movie[row, : stop - past] = recording.movie(past, stop)
            if recording.behavior is not None:
                batch["behavior"][row, : stop - past] = recording.behavior[past:stop]
            inside = slice(begin - first, end - first)
            mask[row, inside] = usable[begin:end]
            counts[row, inside] = recording.counts[begin:end]
        counts *= mask
        return batch
