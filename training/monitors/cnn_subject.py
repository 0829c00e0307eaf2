"""CnnSubject: the training of a read-out model as its monitors see it."""

import contextlib
import copy

import numpy as np

from v1model.cnn.prediction import predict
from v1model.cnn.validation import weights_in_place
from v1model.monitoring.subject import Subject

MOST_BINS = 2048  # of the validation part of each recording, for fast monitors


class CnnSubject(Subject):
    """A CnnTrainer.

    Predictions are those of the weights that are judged and saved as best: with
    `training.ema_decay` their running means.

    Args:
        trainer: CnnTrainer.

    Attributes:
        recordings: List of RecordingData.
    """

    def __init__(self, trainer):
        super().__init__("cnn", trainer.run, trainer.model)
        self.trainer, self.recordings = trainer, trainer.recordings
        self._small = None

    @property
    def optimizer(self):
        return self.trainer.updates.optimizer

    @property
    def trained(self):
        return self.trainer.updates.variables

    @contextlib.contextmanager
    def judged_weights(self):
        """In its block the model has the weights that are judged."""
        updates = self.trainer.updates
        with weights_in_place(updates.variables, updates.averages):
            yield

    def predictions(self):
        """Some validation trials, always the same: pairs, a list of a recording each.

        RecordingData with these trials alone, and the Prediction of them.
        """
        return self.once("predictions", lambda: self._predicted(self._few_trials()))

    def whole_predictions(self):
        """The same with all validation trials."""
        return self.once("whole predictions", lambda: self._predicted(self.recordings))

    def judged(self, recording):
        """Neurons that training sees, (N,) bool."""
        return ~recording.held_out

    def _predicted(self, recordings):
        with self.judged_weights():
            return [
                (one, predict(self.model, one, parts=("validation",)))
                for one in recordings
            ]

    def _few_trials(self):
        if self._small is None:
            self._small = [_first_trials(one) for one in self.recordings]
        return self._small


def _first_trials(recording):
    """A RecordingData with the first validation trials of about MOST_BINS bins."""
    trials = recording.trials_of("validation")
    ends = np.cumsum((trials["stop"] - trials["start"]).to_numpy())
    few = copy.copy(recording)
    few.trials = trials[: max(int((ends <= MOST_BINS).sum()), 1)]
    return few
