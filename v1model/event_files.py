"""TensorBoard event files: pictures, numbers and distributions of a step."""

import contextlib
import struct
import types

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.histogram.metadata import (
    create_summary_metadata as histogram_metadata,
)
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.image.metadata import create_summary_metadata as image_metadata
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.util.tensor_util import make_tensor_proto

from v1model.atomic import WriteError

N_BUCKETS = 30
_NONE = types.MappingProxyType({})


class EventFile:
    """Writes steps to an event file, one event per step; nothing is kept in memory.

    Args:
        folder: Of the event files; made with the first step.
    """

    def __init__(self, folder):
        self.folder = folder
        self._writer = None

    def write(self, step, *, scalars=_NONE, histograms=_NONE, pictures=_NONE):
        """Writes one step.

        Args:
            step: Its number.
            scalars: Number by tag.
            histograms: Array of any shape by tag; what is not finite is left out.
            pictures: Bytes of a PNG file by tag.

        Raises:
            WriteError: The file cannot be written.
        """
        event = summary_pb2.Summary()
        for tag, value in scalars.items():
            event.MergeFrom(scalar_pb(tag, float(value)))
        for tag, values in histograms.items():
            metadata = histogram_metadata(None, None)
            tensor = make_tensor_proto(buckets_of(values), np.float64)
            event.value.add(tag=tag, metadata=metadata, tensor=tensor)
        for tag, png in pictures.items():
            metadata = image_metadata(None, None)
            tensor = make_tensor_proto([*map(_ascii, size_of(png)), png])
            event.value.add(tag=tag, metadata=metadata, tensor=tensor)
        with naming_events(self.folder):
            with self._opened().as_default():
                serialized = event.SerializeToString()
                tf.summary.experimental.write_raw_pb(serialized, step=step)
            self._writer.flush()

    def hyperparameters(self, values, metrics):
        """Writes options by name, and the numbers by tag that came out with them.

        Raises:
            WriteError: The file cannot be written.
        """
        shown = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in values.items()
        }
        with naming_events(self.folder), self._opened().as_default(0):
            hparams.hparams(shown)
        self.write(0, scalars=metrics)

    def close(self):
        """Closes the file; a later step begins another."""
        if self._writer is not None:
            with naming_events(self.folder):
                self._writer.close()
            self._writer = None

    def _opened(self):
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.folder))
        return self._writer


@contextlib.contextmanager
def naming_events(folder):
    """Turns TensorFlow's errors, a line for each lost event, into a WriteError.

    Args:
        folder: Of the event files.
    """
    try:
        yield
    except tf.errors.OpError as error:
        reason = error.message.splitlines()[0].rpartition("; ")[2]
        raise WriteError(None, reason, str(folder)) from error


def buckets_of(values):
    """Left edge, right edge and count of N_BUCKETS buckets, (N_BUCKETS, 3) float64."""
    values = np.ravel(values)
    values = values[np.isfinite(values)].astype(np.float64)
    if not values.size:
        return np.zeros((0, 3))
    low, high = float(values.min()), float(values.max())
    if high - low <= 2 * N_BUCKETS * np.spacing(max(abs(low), abs(high))):
        # One bucket, as TensorBoard draws a single value: there are no edges between.
        return np.array([[low, high, values.size]])
    counts, edges = np.histogram(values, N_BUCKETS, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def size_of(png):
    """Width and height of a PNG, from its header."""
    return struct.unpack(">II", png[16:24])


def _ascii(number):
    return str(number).encode()
