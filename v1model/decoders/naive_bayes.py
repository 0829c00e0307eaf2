"""Poisson naive Bayes: the decoder that has no weights to learn."""

import numpy as np

from v1model.decoders.affine import AffineScores

PRIOR_PRESENTATIONS = (
    0.1,
    0.3,
    1.0,
    3.0,
    10.0,
    30.0,
    100.0,
)  # tried on the validation part


def fit_naive_bayes(training, validation, log):
    """Counts are Poisson and independent given the class; rates shrink to the mean.

        rate[k, t, u] = (spikes[k, t, u] + a mean[t, u]) / (presentations[k, u] + a)

    is the posterior mean under a gamma prior worth `a` presentations at the mean rate
    over classes. `a` is the one with the highest validation accuracy. All classes are
    as likely beforehand as in the training part.

    Args:
        training, validation: Parts of counts.
        log: Told each choice and its accuracy.

    Returns:
        AffineScores.
    """
    k = training.n_classes
    one_hot = np.eye(k, dtype=np.float64)[training.targets]  # (P, K)
    spikes = np.tensordot(one_hot, training.inputs, axes=(0, 0))  # (K, T, U)
    shown = one_hot.T @ training.valid  # (K, U)
    mean = training.inputs.sum(axis=0, dtype=np.float64) / shown.sum(axis=0)  # (T, U)
    mean = np.maximum(mean, 0.5 / len(one_hot))  # a bin that never had a spike
    prior = np.log(one_hot.mean(axis=0))
    best, best_accuracy = None, -1.0
    for a in PRIOR_PRESENTATIONS:
        rates = (spikes + a * mean) / (shown[:, None] + a)
        model = AffineScores(
            np.log(rates).reshape(k, -1).T.astype(np.float32),
            prior,
            -rates.sum(axis=1).T,
            {"prior_presentations": a},
        )
        accuracy = validation.accuracy(model)
        log(model.choice, accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best
