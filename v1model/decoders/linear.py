"""Linear classifiers of scikit-learn on counts flattened over bins: the bar to beat.

All see (P, T U) numbers, so that a unit has a weight of its own in each bin. The
penalty and the number of components are chosen on the validation part; each fit starts
from that of the next stronger penalty.
"""

import contextlib
import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from v1model.decoders.affine import AffineScores
from v1model.decoders.pairwise import PairwiseVotes

LOGISTIC_C = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse of the penalty
MARGIN_C = (1e-4, 1e-3, 1e-2, 1e-1)
COMPONENTS = (50, 100, 200, 400)
_MOST_STEPS = 200


def fit_logistic(training, validation, log):
    """Multinomial logistic regression with an L2 penalty.

    Args:
        training, validation: Parts.
        log: Told each choice and its validation accuracy.

    Returns:
        AffineScores.
    """
    flat = training.flat
    if len(flat) >= flat.shape[1]:
        return _best_penalty(flat, training, validation, log)[0]
    axes = _row_space(flat)
    projection = _Projection(axes, np.zeros(flat.shape[1], np.float32))
    return _best_penalty(flat @ axes.T, training, validation, log, projection)[0]


def fit_pca_logistic(training, validation, log):
    """The same of the first principal components; see `fit_logistic`.

    The axes are those of the training part; components keep their variances.
    """
    flat = training.flat
    most = min(flat.shape) - 1
    sizes = [n for n in COMPONENTS if n <= most] or [most]
    mean = flat.mean(axis=0)
    pca = PCA(sizes[-1], svd_solver="covariance_eigh").fit(flat - mean)
    best, best_accuracy = None, -1.0
    for n in sizes:
        axes = pca.components_[:n].astype(np.float32)
        model, accuracy = _best_penalty(
            (flat - mean) @ axes.T,
            training,
            validation,
            log,
            _Projection(axes, mean),
            n,
        )
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best


def fit_svm(training, validation, log):
    """Linear support vector machines, one for each pair of classes, which vote.

    Machines for one class against the rest took minutes for 119 classes. See
    `fit_logistic`; scores are votes, no probabilities.

    Returns:
        PairwiseVotes.
    """
    flat = training.flat
    kernel = flat.astype(np.float64) @ flat.T
    best, best_accuracy = None, -1.0
    for c in MARGIN_C:
        classifier = SVC(C=c, kernel="precomputed")
        with _as_intended():
            classifier.fit(kernel, training.targets)
        model = PairwiseVotes.of_classifier(classifier, flat, {"C": c})
        accuracy = validation.accuracy(model)
        log(model.choice, accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best


@contextlib.contextmanager
def _as_intended():
    """Without scikit-learn's warnings of what is meant to be."""
    with warnings.catch_warnings():
        # Stopping weak penalties early is a penalty of its own, and validated.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # One presentation per class is what a 1-shot decoder has.
        warnings.filterwarnings("ignore", "The number of unique classes is greater")
        yield


def _row_space(flat):
    """Orthonormal axes of the space that fewer rows than columns span, (R, F) float32.

    Penalised weights lie in it, so a fit to these R numbers is the fit to all F.
    """
    gram = flat.astype(np.float64) @ flat.T
    values, vectors = np.linalg.eigh(gram)
    is_there = values > 1e-9 * values[-1]
    axes = (vectors[:, is_there] / np.sqrt(values[is_there])).T @ flat
    return axes.astype(np.float32)


class _Projection:
    """Principal axes (F, T U) and the mean that is taken away before."""

    def __init__(self, axes, mean):
        self.axes, self.mean = axes, mean

    def undone(self, model):
        """The map of the unprojected numbers: (x - m) W + b = x W + (b - m W)."""
        bias = model.bias - self.mean.astype(np.float64) @ model.weights
        return AffineScores(model.weights, bias, model.valid_weights, model.choice)


def _best_penalty(
    features, training, validation, log, projection=None, n_components=None
):
    """The AffineScores with the highest validation accuracy, and that accuracy."""
    best, best_accuracy = None, -1.0
    classifier = LogisticRegression(max_iter=_MOST_STEPS, warm_start=True)
    n_units = training.inputs.shape[2]
    for c in LOGISTIC_C:
        classifier.set_params(C=c)
        with _as_intended():
            classifier.fit(features, training.targets)
        choice = {"C": c} if not n_components else {"C": c, "components": n_components}
        if projection is None:
            model = AffineScores.of_classifier(classifier, n_units, choice=choice)
        else:
            model = projection.undone(
                AffineScores.of_classifier(classifier, n_units, projection.axes, choice)
            )
        accuracy = validation.accuracy(model)
        log(choice, accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best, best_accuracy
