"""Questions: which columns of the readout answer which task."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

NO_ANSWER = -1e9  # logit of an answer to another question; its probability is 0


@keras.saving.register_keras_serializable("v1model")
@dataclasses.dataclass(frozen=True)
class Questions:
    """The tasks that one readout answers, each in columns of its own, in this order.

    Args:
        names: Of the tasks, (Q,).
        n_classes: Number of answers of each, (Q,).
        carries_state: Whether a trial of it goes on from the one before, (Q,) bool.

    Raises:
        ValueError: Lengths differ, there is no question, or one has no answer.
    """

    names: tuple[str, ...]
    n_classes: tuple[int, ...]
    carries_state: tuple[bool, ...]

    def __post_init__(self):
        lengths = {len(self.names), len(self.n_classes), len(self.carries_state)}
        if lengths != {len(self.names)} or not self.names or min(self.n_classes) < 1:
            raise ValueError(
                "questions need a name, a number of classes from 1 on and whether they "
                f"carry the state, each, got {self}."
            )

    @property
    def n_columns(self):
        """Columns of the readout, K."""
        return sum(self.n_classes)

    @property
    def first(self):
        """First column of each question, (Q,) int32."""
        return np.concatenate([[0], np.cumsum(self.n_classes)[:-1]]).astype(np.int32)

    @property
    def question_of_column(self):
        """(K,) int."""
        return np.repeat(np.arange(len(self.names)), self.n_classes)

    @property
    def stream(self):
        """Number of each among those that carry the state, (Q,) int32; -1 for none."""
        carries = np.array(self.carries_state)
        return np.where(carries, np.cumsum(carries) - 1, -1).astype(np.int32)

    def masked(self, logits, question):
        """Logits of the question that was asked; NO_ANSWER in all other columns.

        Args:
            logits: (B, C, K).
            question: Which one each trial asks, (B,) int.
        """
        if len(self.names) == 1:
            return logits
        is_asked = self.question_of_column == question[:, None]
        return tf.where(is_asked[:, None, :], logits, tf.cast(NO_ANSWER, logits.dtype))

    def columns_of(self, labels, question):
        """Columns of the right answers, (B, C) int32, from labels within a question."""
        return labels + tf.gather(self.first, question)[:, None]

    def get_config(self):
        """For `from_config`."""
        return {name: list(value) for name, value in vars(self).items()}

    @classmethod
    def from_config(cls, config):
        return cls(**{name: tuple(value) for name, value in config.items()})
