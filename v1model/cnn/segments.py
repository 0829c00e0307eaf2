"""Segments: the pieces of trials that an update is done on.

A trial of b bins has P = b - memory_bins bins that a model can predict. In each pass
through a recording they are cut into ceil(P / S) segments of S bins, at places that are
drawn anew, so that every one of them is in exactly one segment. A segment at the end of
a trial is moved inwards, and what another segment has, it leaves out: its frames are
all real. Only trials that are shorter than a segment are filled up with grey.
"""

import hashlib
from typing import NamedTuple

import numpy as np


class Segments(NamedTuple):
    """n segments; all fields (n,) int64, bins of the recording.

    first: The first bin of which a rate is given; frames begin memory_bins earlier.
    begin, end: Bins [begin, end) of them count; the others are another segment's.
    stop: Where the trial ends; later frames are grey.
    """

    first: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    stop: np.ndarray

    def take(self, rows):
        """The same of some rows."""
        return Segments(*(field[rows] for field in self))


def cut(trials, memory_bins, segment_bins, rng):
    """Segments of one pass through some trials, in order of time.

    Trials that are not longer than the memory have none.

    Args:
        trials: Data frame with `start` and `stop`.
        memory_bins: Past bins that a model needs.
        segment_bins: S.
        rng: NumPy generator: where the cuts are.
    """
    rows = []
    for start, stop in zip(trials["start"], trials["stop"], strict=True):
        first = start + memory_bins
        n_bins = stop - first
        if n_bins <= 0:
            continue
        n = -(-n_bins // segment_bins)
        shift = rng.integers(n * segment_bins - n_bins + 1)
        nominal = first - shift + segment_bins * np.arange(n)
        latest = max(stop - segment_bins, first)
        rows.append(
            (
                np.clip(nominal, first, latest),
                np.maximum(nominal, first),
                np.minimum(nominal + segment_bins, stop),
                np.full(n, stop),
            )
        )
    if not rows:
        return Segments(*np.zeros((4, 0), np.int64))
    return Segments(*np.concatenate(rows, axis=1, dtype=np.int64))


class SegmentStream:
    """Segments of one recording without end, one pass in random order after another.

    Segment number k depends on the seed, the recording's name and k alone, not on other
    recordings, devices or how many are taken at a time.

    Args:
        recording: RecordingData.
        memory_bins, segment_bins: As in `cut`.
        seed: Of places and order.

    Raises:
        ValueError: No trial for training is longer than the memory.
    """

    def __init__(self, recording, memory_bins, segment_bins, seed):
        self._trials = recording.trials_of("train")
        self._size = (memory_bins, segment_bins)
        name = hashlib.sha256(recording.spec.name.encode()).digest()
        self._seed = [seed, int.from_bytes(name[:4], "little")]
        self._passes = {}
        self.n_per_pass = len(self._pass(0).first)
        if not self.n_per_pass:
            longest = (self._trials["stop"] - self._trials["start"]).max()
            raise ValueError(
                f"{recording.path}: trials for training must have more than the "
                f"{memory_bins} bins of the model's memory, got at most {longest}."
            )

    def take(self, first, n):
        """Segments number first to first + n - 1, from 0."""
        numbers = np.arange(first, first + n)
        passes, rows = np.divmod(numbers, self.n_per_pass)
        parts = [
            self._pass(number).take(rows[passes == number])
            for number in np.unique(passes).tolist()
        ]
        return Segments(
            *(np.concatenate(fields) for fields in zip(*parts, strict=True))
        )

    def _pass(self, number):
        if number not in self._passes:
            rng = np.random.default_rng([*self._seed, number])
            segments = cut(self._trials, *self._size, rng)
            segments = segments.take(rng.permutation(len(segments.first)))
            recent = {k: v for k, v in self._passes.items() if abs(k - number) <= 1}
            self._passes = {**recent, number: segments}
        return self._passes[number]
