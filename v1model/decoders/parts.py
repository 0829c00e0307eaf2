"""Part: the presentations that a decoder may see, as its numbers."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of a split, as a decoder sees it.

    Args:
        inputs: (P, T, U) float32.
        valid: (P, U) bool.
        targets: Position of the class, (P,) int64.
        n_classes: K.
    """

    inputs: np.ndarray
    valid: np.ndarray
    targets: np.ndarray
    n_classes: int

    @classmethod
    def of(cls, binned, inputs):
        """BinnedSpikes through Inputs."""
        return cls(
            inputs.apply(binned),
            inputs.valid(binned),
            inputs.targets(binned),
            inputs.n_classes,
        )

    @property
    def flat(self):
        """(P, T U)."""
        return self.inputs.reshape(len(self.inputs), -1)

    def accuracy(self, model):
        """Share of right answers of a model with `scores`."""
        scores = model.scores(self.inputs, self.valid)
        return float(np.mean(scores.argmax(axis=1) == self.targets))
