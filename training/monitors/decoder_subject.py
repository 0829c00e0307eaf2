"""DecoderSubject: the training of a decoder as its monitors see it."""

import numpy as np
import tensorflow as tf

from v1model.decoders.affine import log_softmax
from v1model.monitoring.subject import Subject

MOST = 2048  # presentations of the validation part that are looked at
_BATCH = 256


class DecoderSubject(Subject):
    """A decoder and its validation part; the test part is not here.

    Args:
        run: Run.
        validation: Part.
        classes: Labels of the classes, (K,).
        network: Compiled Keras model from (B, T, U) to logits (B, K); None for a linear
            decoder.
        linear: A linear decoder, with `scores`; None for a network.
    """

    def __init__(self, run, validation, classes, network=None, linear=None):
        super().__init__("decoder", run, network)
        self.classes, self._linear = np.asarray(classes), linear
        inputs, valid, targets = validation.inputs, validation.valid, validation.targets
        self._inputs, self._valid = inputs[:MOST], valid[:MOST]
        self.targets = targets[:MOST]
        self._logits = None

    @property
    def optimizer(self):
        return None if self.model is None else self.model.optimizer

    @property
    def trained(self):
        return () if self.model is None else self.model.trainable_variables

    def scores(self):
        """Log posterior of the classes of each presentation, (P, K) float64."""
        return self.once("scores", self._scores)

    def _scores(self):
        if self.model is None:
            return log_softmax(self._linear.scores(self._inputs, self._valid))
        if self._logits is None:
            # Not `predict`, which has callbacks and state of its own within `fit`.
            network = self.model
            self._logits = tf.function(lambda x: network(x, training=False))
        found = [
            self._logits(self._inputs[k : k + _BATCH]).numpy()
            for k in range(0, len(self._inputs), _BATCH)
        ]
        return log_softmax(np.concatenate(found).astype(np.float64))
