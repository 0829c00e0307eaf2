"""Board: what a training writes for TensorBoard."""

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from v1model.event_files import naming_events


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
        with naming_events(self.log_dir):
            self._writer = tf.summary.create_file_writer(str(log_dir))

    def close(self):
        """Closes the file."""
        with naming_events(self.log_dir):
            self._writer.close()

    def scalars(self, values, step):
        """Writes numbers by tag."""
        with naming_events(self.log_dir), self._writer.as_default(step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)
            self._writer.flush()

    def picture(self, tag, png, step):
        """Writes a picture, the bytes of a PNG file."""
        with naming_events(self.log_dir), self._writer.as_default(step):
            tf.summary.image(tag, tf.io.decode_png(png)[None])
            self._writer.flush()

    def hyperparameters(self, values, metrics):
        """Writes options by name, and the numbers by tag that came out with them."""
        shown = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in values.items()
        }
        with naming_events(self.log_dir), self._writer.as_default(0):
            hparams.hparams(shown)
            for tag, value in metrics.items():
                tf.summary.scalar(tag, value)
            self._writer.flush()
