"""Batches: where the rollouts of each update of an epoch begin.

It depends on the seed, the phase and the epoch alone, so that a resumed training draws
what it would have drawn.
"""

from typing import NamedTuple

import numpy as np

from v1model.latent.acquisition import draw_starts

_EPOCHS = 1_000_000  # more than a phase has; numbers the epochs of all phases


class Batches(NamedTuple):
    """The updates that are done on one chunk.

    starts: (n, R, B) int32, rows of the chunk, for n updates of R replicas.
    seeds: (n, 2) int32.
    """

    starts: np.ndarray
    seeds: np.ndarray

    def parts(self, n):
        """The same in parts of at most n updates."""
        for first in range(0, len(self.starts), n):
            part = slice(first, first + n)
            yield Batches(self.starts[part], self.seeds[part])


def epoch_batches(training, plan, number, phase, epoch, n_replicas=1):
    """Where the chunks of an epoch begin, and their Batches: two lists.

    Args:
        training: TrainingConfig.
        plan: ChunkPlan.
        number: Of the phase.
        phase: Phase.
        epoch: From 0.
        n_replicas: R.
    """
    at_once = phase.steps_per_epoch
    whole_batch = phase.batch_size * n_replicas
    if not plan.is_whole:
        at_once = min(max(plan.rows // whole_batch, 1), at_once)
    sizes = [
        min(at_once, phase.steps_per_epoch - done)
        for done in range(0, phase.steps_per_epoch, at_once)
    ]
    chunks = plan.epoch(number * _EPOCHS + epoch, len(sizes))
    rng = np.random.default_rng((training.seed, number, epoch))
    batches, update = [], epoch * phase.steps_per_epoch
    for start, n in zip(chunks, sizes, strict=True):
        starts = draw_starts(
            rng,
            plan.rows,
            training.time_units,
            phase.multiples_at(epoch),
            n,
            whole_batch,
            phase.mode,
            int(start) % training.time_units,
        )
        seeds = np.empty((n, 2), np.int32)
        seeds[:, 0] = rng.integers(2**31)
        # Replicas add their own number.
        seeds[:, 1] = (update + np.arange(n)) * n_replicas % 2**31
        starts = starts.reshape(n, n_replicas, phase.batch_size)
        batches.append(Batches(starts, seeds))
        update += n
    return chunks, batches
