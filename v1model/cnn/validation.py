"""Validation: bits per spike on trials that training does not see."""

import contextlib

import numpy as np

from v1model.cnn.prediction import predict
from v1model.metrics.likelihood import bits_per_spike


class Validation:
    """Scores of a model, for each recording.

    Args:
        model: ReadoutModel.
        recordings: List of RecordingData.
        part: Of the trials: train, validation or test.
        only: (N,) bool, neurons of each recording that are judged; None for those that
            training sees.
    """

    def __init__(self, model, recordings, part="validation", only=None):
        self.model, self.recordings, self.part = model, recordings, part
        self.only = only

    def per_neuron(self):
        """Bits per spike, (N,) by name of the recording.

        NaN for neurons that are not judged, and those that did not fire.
        """
        found = {}
        for recording in self.recordings:
            prediction = predict(self.model, recording, parts=(self.part,))
            rows = prediction.mask.any(axis=1)
            mask = prediction.mask[rows]
            rates = np.where(mask, prediction.rates[rows], 1.0)
            scores = bits_per_spike(recording.counts[rows], rates, mask)
            judged = ~recording.held_out if self.only is None else self.only
            scores = np.where(judged, scores, np.nan)
            found[recording.spec.name] = scores
        return found

    def scores(self):
        """Mean bits per spike over neurons: by name of the recording, and of all.

        Returns:
            A dict by name, and the mean over all neurons; NaN where none fired.
        """
        by_name = self.per_neuron()
        means = {name: mean_score(scores) for name, scores in by_name.items()}
        return means, mean_score(np.concatenate(list(by_name.values())))


def mean_score(scores):
    """Mean over the neurons that have a score; NaN if none has."""
    scores = scores[np.isfinite(scores)]
    return float(scores.mean()) if scores.size else float("nan")


@contextlib.contextmanager
def weights_in_place(variables, averages):
    """In its block variables have the values of their running means, if there are any.

    Args:
        variables: Keras variables.
        averages: As many, or none.
    """
    if not averages:
        yield
        return
    own = [variable.numpy() for variable in variables]
    for variable, average in zip(variables, averages, strict=True):
        variable.assign(average.numpy())
    try:
        yield
    finally:
        for variable, value in zip(variables, own, strict=True):
            variable.assign(value)
