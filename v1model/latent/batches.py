"""Batches: which rows of a recording each update of an epoch is given.

They depend on the seed, the phase and the epoch alone, so that a resumed training draws
the ones that it would have drawn.
"""

from typing import NamedTuple

import numpy as np

from v1model.latent.acquisition import draw_starts
from v1model.latent.interpolation import INTERPOLATED

CHUNK_ROWS = 65_536  # as published
CHUNK_BYTES = 1 << 30  # of activity and stimulus, less where neurons are many
STAGGERED = "staggered_random"


class Batches(NamedTuple):
    """The updates that are done on one chunk.

    start, stop: Steps of the recording that the chunk holds.
    starts: (n, R, B) int32, rows of the chunk.
    seeds: (n, 2) int32.
    """

    start: int
    stop: int
    starts: np.ndarray
    seeds: np.ndarray


class BatchPlan:
    """Batches of every epoch of a phase.

    Args:
        training: TrainingConfig.
        start, stop: Steps that are trained on.
        row_bytes: Of a row of the recording.
        n_replicas: R.
    """

    def __init__(self, training, start, stop, row_bytes, n_replicas=1):
        self.training, self.n_replicas = training, n_replicas
        self.start, self.stop = start, stop
        tu = training.time_units
        rows = min(CHUNK_ROWS, CHUNK_BYTES // row_bytes)
        shortest = tu * (training.evolve_multiple_steps + 2)
        self.rows = min(max(rows // tu * tu, shortest), stop - start)

    @property
    def is_whole(self):
        """Whether one chunk holds everything."""
        return self.rows == self.stop - self.start

    def epoch(self, number, phase, epoch):
        """A list of Batches.

        Args:
            number: Of the phase.
            phase: Phase.
            epoch: From 0.
        """
        training, tu = self.training, self.training.time_units
        rng = np.random.default_rng((training.seed, number, epoch))
        multiples = max(phase.multiples_at(epoch), 0)
        at_once = phase.steps_per_epoch
        if not self.is_whole:
            batch = phase.batch_size * self.n_replicas
            at_once = min(max(self.rows // batch, 1), at_once)
        first = epoch * phase.steps_per_epoch
        batches = []
        for done in range(0, phase.steps_per_epoch, at_once):
            n = min(at_once, phase.steps_per_epoch - done)
            n_places = (self.stop - self.start - self.rows) // tu + 1
            start = self.start + tu * int(rng.integers(n_places))
            starts = draw_starts(
                rng,
                self.rows,
                tu,
                multiples,
                n,
                phase.batch_size * self.n_replicas,
                phase.mode,
                start % tu,
            )
            starts = starts.reshape(n, self.n_replicas, phase.batch_size)
            seeds = np.empty((n, 2), np.int32)
            seeds[:, 0] = rng.integers(2**31)
            # Replicas add their number.
            seeds[:, 1] = (first + done + np.arange(n)) * self.n_replicas % 2**31
            batches.append(Batches(start, start + self.rows, starts, seeds))
        return batches


def chunk_arrays(stretch, start, training, phases):
    """What `Objective` is given of a Stretch, NumPy arrays by name.

    Args:
        stretch: Stretch.
        start: Its first step in the recording.
        training: TrainingConfig.
        phases: (N,), when each neuron is observed, or None.
    """
    tu = training.time_units
    chunk = {
        "activity": stretch.activity,
        "stimulus": stretch.stimulus,
        "origin": np.int32(start % tu),
    }
    if stretch.valid is not None:
        chunk["valid"] = stretch.valid
    if training.acquisition_mode.mode == STAGGERED:
        fill = INTERPOLATED[training.acquisition_mode.interpolation]
        chunk["filled"] = fill(
            stretch.activity, phases, tu, start % tu, valid=stretch.valid
        )
    return chunk
