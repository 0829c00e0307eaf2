"""Linear decoders beside scikit-learn, and naive Bayes beside its formula."""

import numpy as np
import pytest
from scipy.stats import poisson
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from tests.decoders.sessions import drawn_session, session_of
from v1model.decoders.affine import AffineScores, log_softmax
from v1model.decoders.fitting import LINEAR_FITS as FITS
from v1model.decoders.fitting import fit_linear_decoder
from v1model.decoders.inputs import Inputs
from v1model.decoders.linear import fit_logistic, fit_pca_logistic
from v1model.decoders.naive_bayes import fit_naive_bayes
from v1model.decoders.pairwise import PairwiseVotes
from v1model.decoders.parts import Part
from v1model.presentations.splits import stratified_split


def ignore(choice, accuracy):
    """No progress."""


def parts_of(binned, is_scaled=True):
    inputs = Inputs.fit(binned, is_scaled)
    half = np.arange(binned.n_presentations) < binned.n_presentations * 0.7
    return tuple(Part.of(binned.take(rows), inputs) for rows in (half, ~half))


@pytest.mark.parametrize("n_classes", [2, 5])
def test_an_affine_map_scores_as_the_classifier_that_it_came_from(n_classes):
    training, _ = parts_of(drawn_session(n_classes))
    classifier = LogisticRegression().fit(training.flat, training.targets)
    n_units = training.inputs.shape[2]
    model = AffineScores.of_classifier(classifier, n_units)
    found = log_softmax(model.scores(training.inputs, training.valid))
    np.testing.assert_allclose(
        found, classifier.predict_log_proba(training.flat), atol=1e-4
    )


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_votes_of_pairs_are_those_of_scikit_learn(n_classes):
    binned = drawn_session(n_classes, spread=0.3)  # hard, so that votes are close
    training, held_out = parts_of(binned)
    kernel = training.flat.astype(np.float64) @ training.flat.T
    classifier = SVC(C=1e-2, kernel="precomputed").fit(kernel, training.targets)
    model = PairwiseVotes.of_classifier(classifier, training.flat, {})
    answers = model.scores(held_out.inputs, held_out.valid).argmax(axis=1)
    classifier.decision_function_shape = "ovr"
    expected = classifier.decision_function(
        held_out.flat.astype(np.float64) @ training.flat.T
    )
    expected = expected > 0 if n_classes == 2 else expected.argmax(axis=1)
    np.testing.assert_array_equal(answers, expected)


def test_principal_components_and_regression_are_one_affine_map():
    training, held_out = parts_of(drawn_session(n_units=40))
    model = fit_pca_logistic(training, held_out, ignore)
    n, c = model.choice["components"], model.choice["C"]
    reference = make_pipeline(
        PCA(n, svd_solver="full"), LogisticRegression(C=c, max_iter=2000, tol=1e-8)
    ).fit(training.flat, training.targets)
    answers = model.scores(held_out.inputs, held_out.valid).argmax(axis=1)
    agreement = np.mean(answers == reference.predict(held_out.flat))
    assert agreement > 0.97  # one of them stops earlier


def test_fewer_presentations_than_features_give_the_same_weights():
    """They are fitted in the space that the presentations span."""
    training, held_out = parts_of(drawn_session(repeats=6, n_units=40))
    assert len(training.flat) < training.flat.shape[1]
    model = fit_logistic(training, held_out, ignore)
    reference = LogisticRegression(C=model.choice["C"], max_iter=5000, tol=1e-8)
    reference.fit(training.flat.astype(np.float64), training.targets)
    np.testing.assert_allclose(
        model.scores(held_out.inputs, held_out.valid).argmax(axis=1),
        reference.predict(held_out.flat),
    )
    size = np.abs(reference.coef_).max()
    np.testing.assert_allclose(model.weights, reference.coef_.T, atol=0.03 * size)


def test_naive_bayes_is_the_posterior_of_independent_poisson_counts():
    rng = np.random.default_rng(0)
    binned = drawn_session()
    valid = rng.random((binned.n_presentations, binned.n_units)) > 0.2
    binned = session_of(binned.counts, binned.labels, valid)
    training, held_out = parts_of(binned, is_scaled=False)
    model = fit_naive_bayes(training, held_out, ignore)
    a = model.choice["prior_presentations"]
    k = training.n_classes
    expected = np.empty((len(held_out.targets), k))
    mean = training.inputs.sum(axis=0) / training.valid.sum(axis=0)
    for c in range(k):
        own = training.targets == c
        spikes = training.inputs[own].sum(axis=0)
        rate = (spikes + a * mean) / (training.valid[own].sum(axis=0) + a)
        of_bins = poisson.logpmf(held_out.inputs, rate) * held_out.valid[:, None]
        expected[:, c] = of_bins.sum(axis=(1, 2)) + np.log(own.mean())
    found = model.scores(held_out.inputs, held_out.valid)
    np.testing.assert_allclose(log_softmax(found), log_softmax(expected), atol=1e-3)


@pytest.mark.parametrize("name", FITS)
def test_linear_decoders_read_what_can_be_read(name):
    training, held_out = parts_of(drawn_session(), name != "naive_bayes")
    model = FITS[name](training, held_out, ignore)
    assert held_out.accuracy(model) > 0.9


@pytest.mark.parametrize("name", FITS)
def test_one_presentation_of_each_class_is_enough_to_be_above_chance(name):
    binned = drawn_session()
    first = np.unique(binned.labels, return_index=True)[1]
    rest = np.setdiff1d(np.arange(binned.n_presentations), first)
    decoder = fit_linear_decoder(name, binned.take(first), binned.take(rest))
    assert np.mean(decoder.predict(binned.take(rest)) == binned.labels[rest]) > 0.4


@pytest.mark.parametrize("name", FITS)
def test_the_choice_is_the_best_of_those_that_were_tried(name):
    training, held_out = parts_of(drawn_session(spread=0.3), name != "naive_bayes")
    tried = []
    model = FITS[name](training, held_out, lambda c, a: tried.append((dict(c), a)))
    best = max(accuracy for _, accuracy in tried)
    assert held_out.accuracy(model) == best
    assert (model.choice, best) in tried


def test_scores_are_a_posterior_whatever_their_size():
    posterior = log_softmax(np.array([[1e5, 0.0, -1e5], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(np.exp(posterior).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(posterior[1]), 1 / 3)


def test_the_recipe_of_the_docstring_works():
    binned = drawn_session()
    split = stratified_split(binned, seed=0)
    parts = [binned.take(rows) for rows in split]
    decoder = fit_linear_decoder("logistic", *parts[:2])
    assert np.mean(decoder.predict(parts[2]) == parts[2].labels) > 0.9
    with pytest.raises(ValueError, match="got 'lstm'"):
        fit_linear_decoder("lstm", *parts[:2])
