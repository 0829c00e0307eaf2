"""Proximal: steps that follow an update, for what a gradient cannot do exactly."""

import tensorflow as tf

from v1model.cnn.model_parts import readouts_of
from v1model.cnn.penalties import scheduled_weight

_NO_LIMIT = 1.0  # the default of widths, which models without Gaussians may have


class Proximal:
    """Soft threshold of channel weights, and a limit to the widths of Gaussians.

        w <- sign(w) max(|w| - learning rate * weight, 0)
        width <- min(width, widest),   widest from readout_std_start to _end, linearly

    The first is the proximal step of weight * sum |w|: unlike its gradient it makes
    weights exactly 0.

    Args:
        model: ReadoutModel, built.
        regularization: config.Regularization.

    Raises:
        ValueError: Widths are limited, but there is no Gaussian read-out.
    """

    def __init__(self, model, regularization):
        self._options = regularization
        readouts = readouts_of(model)
        self._features = []
        if regularization.proximal_l1.weight:
            self._features = [v for one in readouts for v in one.channel_variables()]
        self._gaussians = [one for one in readouts if one.has_limited_width]
        limits = regularization.readout_std_start, regularization.readout_std_end
        if not self._gaussians and limits != (_NO_LIMIT, _NO_LIMIT):
            raise ValueError(
                f"regularization.readout_std_start and readout_std_end are {limits}, "
                "but the model has no Gaussian read-out."
            )

    def widest(self, epoch):
        """Widest Gaussian in an epoch, half sides of the map: a scalar tensor."""
        options = self._options
        share = 1.0
        if options.std_epochs:
            done = tf.cast(epoch, tf.float32) / options.std_epochs
            share = tf.clip_by_value(done, 0, 1)
        start, end = options.readout_std_start, options.readout_std_end
        return start + (end - start) * share

    def apply(self, learning_rate, epoch):
        """Does the steps; to be called once after each update, for all replicas.

        Args:
            learning_rate: Of the read-outs in this update.
            epoch: Epochs that are done, a number or a scalar tensor.
        """
        for features in self._features:
            weight = scheduled_weight(self._options.proximal_l1, epoch)
            features.assign(soft_threshold(features, learning_rate * weight))
        for readout in self._gaussians:
            readout.limit_widths(self.widest(epoch))


def soft_threshold(weights, threshold):
    """Weights nearer to 0 by a threshold, which do not cross it."""
    weights = tf.convert_to_tensor(weights)
    return tf.sign(weights) * tf.nn.relu(tf.abs(weights) - threshold)
