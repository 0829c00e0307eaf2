"""Batches, as calls of several updates take them."""

import itertools

import numpy as np
import tensorflow as tf

from v1model.cnn.batches import Batches
from v1model.cnn.updates import CALL_UPDATES


def batches_of(recordings, memory_bins, config):
    """Batches whose epochs have a whole number of updates.

    Args:
        recordings: List of RecordingData.
        memory_bins: Past bins that the model needs.
        config: ReadoutConfig.
    """
    training = config.training
    n_steps = training.steps_per_epoch * training.accumulate
    while True:
        given = training.model_copy(update={"steps_per_epoch": n_steps})
        batches = Batches(recordings, memory_bins, config.data, given)
        n_steps = batches.steps_per_epoch
        left_over = -n_steps % training.accumulate
        if not left_over:
            return batches
        n_steps += left_over


def calls_of(batches, epoch, n_skipped, accumulate, n_replicas):
    """The updates of an epoch, as many as a call does at a time.

    Args:
        batches: Batches.
        epoch: Number of the epoch, from 0.
        n_skipped: Updates of it that are done.
        accumulate: Batches of an update, A.
        n_replicas: How many share the segments of a batch.

    Yields:
        n updates, and their batches as in `stacked`.
    """
    steps = batches.epoch(epoch, n_skipped * accumulate)
    n_left = batches.steps_per_epoch // accumulate - n_skipped
    while n_left:
        n = min(CALL_UPDATES, n_left)
        taken = list(itertools.islice(steps, n * accumulate))
        yield n, stacked(taken, accumulate, n_replicas)
        n_left -= n


def stacked(batches, n_batches, n_replicas):
    """Batches as arrays (n, A, B, ...), for n updates of A batches.

    Segments without a valid bin fill B up to a multiple of the replicas.

    Args:
        batches: List of n A batches.
        n_batches: A.
        n_replicas: How many share the segments.
    """

    def joined(*arrays):
        array = np.stack(arrays)
        missing = -array.shape[1] % n_replicas
        if missing:
            array = np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2))
        return array.reshape(-1, n_batches, *array.shape[1:])

    return tf.nest.map_structure(joined, *batches)
