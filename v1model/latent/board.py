"""Board: what a training writes for TensorBoard."""

import contextlib

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from v1model.atomic import WriteError


class Board:
    """Curves with the published tags, and pictures.

        Loss/train_total, train_recon, ...     by joint epoch
        ReconWarmup/..., StimulusAE/...        by epoch of those phases
        Val/..., CrossVal/<name>/...           by joint epoch
        Time/..., Latency/..., EarlyStop/...   by joint epoch

    Args:
        log_dir: Folder of the event files.

    Raises:
        WriteError: The files cannot be written.
    """

    def __init__(self, log_dir):
        self.log_dir = log_dir
        with self._naming_the_folder():
            self._writer = tf.summary.create_file_writer(str(log_dir))

    def close(self):
        """Closes the file."""
        with self._naming_the_folder():
            self._writer.close()

    def scalars(self, values, step):
        """Writes numbers by tag."""
        with self._naming_the_folder(), self._writer.as_default(step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)
            self._writer.flush()

    def picture(self, tag, png, step):
        """Writes a picture, the bytes of a PNG file."""
        with self._naming_the_folder(), self._writer.as_default(step):
            tf.summary.image(tag, tf.io.decode_png(png)[None])
            self._writer.flush()

    def hyperparameters(self, values, metrics):
        """Writes options by name, and the numbers by tag that came out with them."""
        shown = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in values.items()
        }
        with self._naming_the_folder(), self._writer.as_default(0):
            hparams.hparams(shown)
            for tag, value in metrics.items():
                tf.summary.scalar(tag, value)
            self._writer.flush()

    @contextlib.contextmanager
    def _naming_the_folder(self):
        """TensorFlow's errors end with a line for each lost event; one says enough."""
        try:
            yield
        except tf.errors.OpError as error:
            reason = error.message.splitlines()[0].rpartition("; ")[2]
            raise WriteError(None, reason, str(self.log_dir)) from error
