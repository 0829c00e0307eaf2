"""DataSummary: how much data a training reads and holds, known before it begins."""

from typing import NamedTuple

from v1model.latent.chunk_plan import ChunkPlan, bytes_per_row
from v1model.latent.loader import KEPT_BYTES, WAITING
from v1model.latent.splits import split_of


class DataSummary(NamedTuple):
    """Sizes of the data of a training.

    n_steps, n_neurons, n_inputs: T, N and S of the recording.
    train_steps, validation_steps: How many are used.
    recording_bytes: Of all steps as float32, the stimulus included.
    train_bytes: Of the steps for training, with what is filled in.
    chunk_rows, chunk_bytes, n_chunks: Of the chunks of an epoch.
    is_kept: Whether the recording is read once and kept in memory.
    host_bytes: At most in memory at a time, about.
    device_bytes: At most on the device, about; on a CPU it is the same memory.
    """

    n_steps: int
    n_neurons: int
    n_inputs: int
    train_steps: int
    validation_steps: int
    recording_bytes: int
    train_bytes: int
    chunk_rows: int
    chunk_bytes: int
    n_chunks: int
    is_kept: bool
    host_bytes: int
    device_bytes: int


def memory_of(source, params):
    """The DataSummary of a training with the loader's defaults; reads nothing.

    Args:
        source: ActivitySource.
        params: ModelParams.

    Raises:
        ValueError: The split does not suit the recording.
    """
    training = params.training
    split = split_of(training, source.n_steps, source.path)
    row_bytes = bytes_per_row(source, training)
    steps = (split.train_start, split.train_end)
    plan = ChunkPlan(training, *steps, row_bytes, where=source.path)
    n_chunks = len(plan.starts)
    chunk_bytes = row_bytes * plan.rows
    train_bytes = row_bytes * (split.train_end - plan.first)
    is_kept = train_bytes <= KEPT_BYTES
    # What is filled in is in the making beside what is there.
    making = train_bytes if is_kept else chunk_bytes
    waiting = train_bytes if is_kept else sum(WAITING[:-1]) * chunk_bytes
    return DataSummary(
        n_steps=source.n_steps,
        n_neurons=source.n_neurons,
        n_inputs=source.n_inputs,
        train_steps=split.train_end - split.train_start,
        validation_steps=split.validation_end - split.validation_start,
        recording_bytes=4 * (source.n_neurons + source.n_inputs) * source.n_steps,
        train_bytes=train_bytes,
        chunk_rows=plan.rows,
        chunk_bytes=chunk_bytes,
        n_chunks=n_chunks,
        is_kept=is_kept,
        host_bytes=waiting + making,
        device_bytes=chunk_bytes * (1 if plan.is_whole else WAITING[-1] + 1),
    )
