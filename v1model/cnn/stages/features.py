"""What read-outs see of a recording, computed once by a core that no longer changes."""

import tempfile
from typing import NamedTuple

import numpy as np

from v1model.cnn.prediction import iterate_features

IN_MEMORY = 1 << 30  # bytes; more of it lies in a file that vanishes with the program
_LARGEST = 6e4  # number that float16 can keep


class Features(NamedTuple):
    """Bins of trials of one recording, one after the other.

    values: (R, h, w, C) float16 or float32, in memory or in a file.
    counts: (R, N) float32, spikes per bin.
    mask: (R, N) bool: bins of neurons that count.
    """

    values: np.ndarray
    counts: np.ndarray
    mask: np.ndarray

    def batches(self, size, rng=None):
        """Iterates over (values, counts, mask) of `size` bins at most, float32.

        Args:
            size: Bins.
            rng: NumPy generator, for any bins together; None goes from first to last.
        """
        n = len(self.counts)
        rows = np.arange(n) if rng is None else rng.permutation(n)
        for first in range(0, n, size):
            # In order, so that a file is read from front to back.
            own = np.sort(rows[first : first + size])
            values = self.values[own].astype(np.float32)
            yield values, self.counts[own], self.mask[own].astype(np.float32)


def cached_features(model, recording, part, types=None, dtype="float16"):
    """Features of the trials of a part; the model is used as in evaluation.

    Args:
        model: ReadoutModel.
        recording: RecordingData, whose adapter the model has.
        part: train, validation or test.
        types: Of the trials; None for all.
        dtype: float16 or float32.

    Raises:
        ValueError: No bin of these trials can be predicted, or a feature is too large
            for float16.
    """
    trials = recording.trials_of(part, types)
    lengths = (trials["stop"] - trials["start"] - model.memory_bins).clip(lower=0)
    n_rows, values = int(lengths.sum()), None
    bins = np.empty(n_rows, np.int64)
    done = 0
    for piece in iterate_features(model, recording, part, types):
        if values is None:
            values = _room((n_rows, *piece.values.shape[1:]), np.dtype(dtype))
        if values.dtype == np.float16 and np.abs(piece.values).max() > _LARGEST:
            raise ValueError(
                f"{recording.path}: a feature is {np.abs(piece.values).max():.3g}, "
                "which float16 cannot keep; refit with dtype float32."
            )
        rows = slice(done, done + len(piece.values))
        values[rows] = piece.values
        bins[rows] = piece.first + np.arange(len(piece.values))
        done = rows.stop
    if not done:
        raise ValueError(
            f"{recording.path}: no trial of part {part} is longer than the model's "
            f"memory of {model.memory_bins} bins."
        )
    mask = recording.usable(model.memory_bins)[bins[:done]]
    return Features(values[:done], recording.counts[bins[:done]], mask)


def _room(shape, dtype):
    n_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if n_bytes <= IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="features_") as file:
        # The mapping keeps the file, which has no name any more.
        return np.memmap(file, dtype, "w+", shape=shape)
