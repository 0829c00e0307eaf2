"""Scores of answers."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    top_k_accuracy_score,
)
from sklearn.metrics import (
    confusion_matrix as sklearn_confusion,
)

from v1model.decoders.evaluation import confusion_matrix, evaluate
from v1model.metrics import wilson_interval


def drawn(seed, n, k, signal=1.0):
    rng = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    scores = rng.standard_normal((n, k)) + signal * np.eye(k)[targets]
    return scores, targets


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 12), n=st.integers(12, 200))
def test_scores_are_those_of_scikit_learn(seed, k, n):
    scores, targets = drawn(seed, n, k)
    found = evaluate(scores, targets)
    answers = scores.argmax(axis=1)
    assert found.accuracy == pytest.approx(np.mean(answers == targets))
    balanced = balanced_accuracy_score(targets, answers)
    assert found.balanced == pytest.approx(balanced)
    if k > 5:
        top = top_k_accuracy_score(targets, scores, k=5, labels=np.arange(k))
        assert found.top5 == pytest.approx(top)
    else:
        assert found.top5 is None
    np.testing.assert_array_equal(
        confusion_matrix(answers, targets, k),
        sklearn_confusion(targets, answers, labels=np.arange(k)),
    )
    for name in ("accuracy", "balanced"):
        low, high = (getattr(found, f"{name}_{end}") for end in ("low", "high"))
        assert 0 <= low <= getattr(found, name) <= high <= 1


def test_balanced_accuracy_of_equal_classes_has_the_interval_of_the_accuracy():
    scores, _ = drawn(0, 60, 6)
    found = evaluate(scores, np.repeat(np.arange(6), 10))
    assert found.balanced == pytest.approx(found.accuracy)
    assert found.balanced_low == pytest.approx(found.accuracy_low)
    assert found.balanced_high == pytest.approx(found.accuracy_high)


def test_the_interval_of_balanced_accuracy_covers_the_truth():
    """Unequal classes that are read unequally well: 19 times of 20, or more often."""
    rng = np.random.default_rng(0)
    sizes, rates = np.array([60, 25, 15]), np.array([0.9, 0.6, 0.7])
    targets = np.repeat(np.arange(3), sizes)
    covered = []
    for _ in range(600):
        right = rng.random(len(targets)) < rates[targets]
        answers = np.where(right, targets, (targets + 1) % 3)
        found = evaluate(np.eye(3)[answers], targets)
        covered.append(found.balanced_low <= rates.mean() <= found.balanced_high)
    assert np.mean(covered) > 0.93


def test_chance_is_the_commonest_class_and_one_of_all_classes():
    scores, _ = drawn(0, 10, 4)
    found = evaluate(scores, np.array([0] * 6 + [1, 1, 2, 3]))
    assert found.chance == 0.6
    assert found.chance_uniform == 0.25


def test_noise_is_at_chance_and_a_clear_answer_is_not():
    assert evaluate(*drawn(3, 400, 6, signal=0)).is_at_chance
    assert not evaluate(*drawn(3, 400, 6, signal=3)).is_at_chance


def test_all_numbers_are_fractions_with_wilson_s_interval():
    scores, targets = drawn(1, 50, 8)
    found = evaluate(scores, targets)
    right = round(found.accuracy * 50)
    assert (found.accuracy_low, found.accuracy_high) == wilson_interval(right, 50)
    values = [v for v in dataclasses.astuple(found)[1:]]
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.parametrize(
    ("scores", "targets", "message"),
    [
        (np.zeros((3, 2)), [0, 1], "one target per row"),
        (np.zeros((0, 2)), [], "one target per row"),
        (np.array([[0, 1], [np.nan, 0]]), [0, 1], "presentation 1 are not"),
    ],
)
def test_bad_scores_are_refused(scores, targets, message):
    with pytest.raises(ValueError, match=message):
        evaluate(scores, np.array(targets))
