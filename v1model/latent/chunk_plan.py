"""ChunkPlan: in which chunks a long recording is read, and in which order."""

import numpy as np

from v1model.latent.splits import first_start

CHUNK_ROWS = 65_536  # as published
CHUNK_BYTES = 2**28  # fewer rows where neurons are many: the loader holds four chunks


def bytes_per_row(source, training):
    """What a row of a prepared chunk takes."""
    is_filled = training.acquisition_mode.mode == "staggered_random"
    n_numbers = source.n_neurons * (1 + is_filled) + source.n_inputs
    return 4 * n_numbers + source.n_neurons * source.has_gaps


class ChunkPlan:
    """Chunks of equal length that cover the steps [start, stop) of a recording.

    They begin at multiples of time_units of the recording and overlap by a rollout, so
    that every row from which one can begin lies in some chunk where it can end. An
    epoch is all of them in random order, which its seed and number decide alone.

    What is left out: up to time_units - 1 steps at either end, and, where staggered
    observations are filled without looking ahead, those until each neuron has been
    observed.

    Args:
        training: TrainingConfig.
        start, stop: Steps of the recording.
        row_bytes: Of a row of a chunk.
        rows: Of a chunk; None takes as many as are reasonable. It becomes a multiple of
            time_units, unless everything fits.
        where: Path of the recording, for errors.

    Attributes:
        rows: Of each chunk.
        first: The first step that is in a chunk.
        starts: Of the chunks, (K,) int64, increasing.

    Raises:
        ValueError: The steps, or the rows, are fewer than a rollout needs.
    """

    def __init__(self, training, start, stop, row_bytes, rows=None, where="recording"):
        tu = training.time_units
        rollout = tu * training.evolve_multiple_steps
        self.first = first_start(training, start)
        wanted = rows or min(CHUNK_ROWS, CHUNK_BYTES // row_bytes)
        shortest = rollout + tu
        n_rows = stop - self.first
        if n_rows < shortest or (rows or shortest) < shortest:
            raise ValueError(
                f"{where}: chunks must have at least {shortest} rows, for rollouts of "
                f"time_units {tu} x evolve_multiple_steps "
                f"{training.evolve_multiple_steps}; got steps {start} to {stop} and "
                f"rows {rows}."
            )
        wanted = max(wanted, 2 * shortest if rows is None else shortest)
        self.rows = n_rows if wanted >= n_rows else wanted // tu * tu
        stride = self.rows - rollout
        n_places = (n_rows - self.rows) // tu  # at which a chunk can begin, less one
        n_chunks = -(-n_places // (stride // tu)) + 1
        places = np.rint(np.linspace(0, n_places, n_chunks)).astype(np.int64)
        self.starts = self.first + tu * places
        self._seed, self._passes = training.seed, training.data_passes_per_epoch

    @property
    def is_whole(self):
        """Whether one chunk holds everything."""
        return len(self.starts) == 1

    def epoch(self, number, n_chunks=None):
        """Starts of the chunks of an epoch, in their order.

        Args:
            number: Of the epoch; the same one has the same chunks.
            n_chunks: How many; None is data_passes_per_epoch times all. Each comes
                equally often, plus or minus one.
        """
        n_all = len(self.starts)
        n_chunks = self._passes * n_all if n_chunks is None else n_chunks
        rng = np.random.default_rng((self._seed, number))
        order = np.tile(self.starts, (-(-n_chunks // n_all), 1))
        return rng.permuted(order, axis=1).ravel()[:n_chunks]
