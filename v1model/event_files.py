"""What goes wrong when TensorBoard's event files are written, in one line."""

import contextlib

import tensorflow as tf

from v1model.atomic import WriteError


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
