"""AffineScores: a decoder whose scores are linear in its inputs."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class AffineScores:
    """scores = x W + valid V + b, with x flattened over bins: (P, T U).

    Every linear classifier has this form once it is fitted: logistic regression, also
    of principal components, support vector machines, and naive Bayes of counts.

    Args:
        weights: W, (T U, K).
        bias: b, (K,).
        valid_weights: V, (U, K): what a unit adds by being recorded; zeros if it adds
            nothing.
        choice: What was chosen on the validation part, by name; JSON-able.
    """

    weights: np.ndarray
    bias: np.ndarray
    valid_weights: np.ndarray
    choice: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def of_classifier(cls, classifier, n_units, components=None, choice=None):
        """The map of a fitted classifier of scikit-learn.

        Args:
            classifier: With coef_ (K, F) and intercept_ (K,); K may be 1 for two
                classes.
            n_units: U.
            components: Principal axes of the F features, (F, T U), if it has any; the
                data are centred already.
            choice: See the class.
        """
        weights = np.asarray(classifier.coef_, np.float64).T
        bias = np.asarray(classifier.intercept_, np.float64)
        if weights.shape[1] == 1:  # scores of the second of two classes
            weights = np.concatenate([-weights / 2, weights / 2], axis=1)
            bias = np.concatenate([-bias / 2, bias / 2])
        if components is not None:
            weights = np.asarray(components, np.float64).T @ weights
        nothing = np.zeros((n_units, weights.shape[1]), np.float32)
        return cls(weights.astype(np.float32), bias, nothing, choice or {})

    def scores(self, inputs, valid):
        """Scores of the classes, (P, K) float64.

        Args:
            inputs: (P, T, U) float32.
            valid: (P, U) bool.
        """
        flat = inputs.reshape(len(inputs), -1)
        found = (flat @ self.weights).astype(np.float64) + self.bias
        if self.valid_weights.any():
            found += valid.astype(np.float64) @ self.valid_weights
        return found


def log_softmax(scores):
    """Scores as log posterior probabilities over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
