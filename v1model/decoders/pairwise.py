"""PairwiseVotes: support vector machines for pairs of classes, which vote."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class PairwiseVotes:
    """A machine for each pair of classes; the class with most votes wins.

        d_pq = sum_s a_s (x_s . x) + b_pq over the support vectors s of p and q
        score_k = votes of k + c_k / (3 (|c_k| + 1)),   c_k = sum of its margins

    so that margins decide between classes with as many votes.

    Args:
        vectors: Support vectors, in the order of their classes, (S, T U).
        per_class: Support vectors of each class, (K,).
        dual: a, (K - 1, S): row q - 1 (q > p) or q (q < p) for a vector of class p.
        intercepts: b of the pairs (0, 1), (0, 2), ..., (K(K - 1)/2,); positive margins
            are for the first of a pair.
        choice: What was chosen on the validation part, by name.
    """

    vectors: np.ndarray
    per_class: np.ndarray
    dual: np.ndarray
    intercepts: np.ndarray
    choice: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def of_classifier(cls, classifier, flat, choice):
        """The votes of a fitted SVC with a precomputed kernel of `flat`, (P, T U)."""
        dual, intercepts = classifier.dual_coef_, classifier.intercept_
        if len(classifier.classes_) == 2:  # scikit-learn turns the sign of one pair
            dual, intercepts = -dual, -intercepts
        return cls(
            flat[classifier.support_],
            classifier.n_support_,
            np.asarray(dual, np.float64),
            np.asarray(intercepts, np.float64),
            choice,
        )

    def scores(self, inputs, valid):
        """Votes, (P, K) float64.

        Args:
            inputs: (P, T, U) float32.
            valid: (P, U) bool; units that are not count as at their mean.
        """
        flat = inputs.reshape(len(inputs), -1)
        kernel = flat.astype(np.float64) @ self.vectors.T
        k = len(self.per_class)
        first = np.concatenate(([0], np.cumsum(self.per_class)))
        parts = np.empty((k, len(flat), k - 1))
        for p in range(k):
            own = slice(first[p], first[p + 1])
            parts[p] = kernel[:, own] @ self.dual[:, own].T
        p, q = np.triu_indices(k, 1)
        margins = parts[p, :, q - 1] + parts[q, :, p] + self.intercepts[:, None]
        votes, sums = np.zeros((k, len(flat))), np.zeros((k, len(flat)))
        is_first = margins > 0
        np.add.at(votes, p, is_first)
        np.add.at(votes, q, ~is_first)
        np.add.at(sums, p, margins)
        np.subtract.at(sums, q, margins)
        return (votes + sums / (3 * (np.abs(sums) + 1))).T
