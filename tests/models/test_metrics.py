"""Accuracy on the response window, rates per population."""

import numpy as np
import pytest

from tests.models.columns import network_of, round_trip
from v1model.models import Questions
from v1model.models.metrics import PopulationRates, QuestionMeans, ResponseAccuracy
from v1model.network.populations import rough_index


def one_question(n_classes):
    return Questions(("response",), (n_classes,), (False,))


def test_always_answering_no_change_is_chance():
    """Also with the loss weights that inflated the published accuracy to 0.60."""
    rng = np.random.default_rng(0)
    labels = np.zeros((1000, 12), np.int32)
    weights = np.full((1000, 12), 0.05, np.float32)
    labels[:, 6] = rng.integers(0, 2, 1000)
    weights[:, 6] = 1
    logits = np.tile(np.array([1.0, 0.0], np.float32), (1000, 12, 1))
    metric = ResponseAccuracy(one_question(2))
    metric.update_state(labels, logits, weights)
    result = {name: float(value) for name, value in metric.result().items()}
    assert result["accuracy"] == pytest.approx(np.mean(labels[:, 6] == 0))
    assert result["balanced_accuracy"] == 0.5
    assert result["chance"] == pytest.approx(
        max(labels[:, 6].mean(), 1 - labels[:, 6].mean())
    )
    assert result["responses"] == 1000


def test_perfect_answers_have_accuracy_1():
    labels = np.array([[0, 1, 2, 1]], np.int32)
    logits = np.eye(3, dtype=np.float32)[labels]
    metric = ResponseAccuracy(one_question(3))
    metric.update_state(labels, logits, np.ones((1, 4), np.float32))
    assert float(metric.result()["accuracy"]) == 1
    assert float(metric.result()["balanced_accuracy"]) == 1
    assert float(metric.result()["chance"]) == 0.5


def test_balanced_accuracy_weighs_classes_alike():
    labels = np.array([[0, 0, 0, 1]], np.int32)
    answers = np.array([[0, 0, 1, 1]])
    metric = ResponseAccuracy(one_question(3))
    logits = np.eye(3, dtype=np.float32)[answers]
    metric.update_state(labels, logits, np.ones((1, 4), np.float32))
    assert float(metric.result()["accuracy"]) == 0.75
    expected = (2 / 3 + 1) / 2  # class 2 did not occur
    assert float(metric.result()["balanced_accuracy"]) == pytest.approx(expected)


def test_batches_add_up_and_a_reset_forgets_them():
    metric = ResponseAccuracy(one_question(2))
    right = np.eye(2, dtype=np.float32)[np.zeros((1, 1), int)]
    for label in (0, 1, 1):
        metric.update_state(np.array([[label]]), right, np.ones((1, 1)))
    assert float(metric.result()["accuracy"]) == pytest.approx(1 / 3)
    metric.reset_state()
    assert float(metric.result()["responses"]) == 0
    assert float(metric.result()["accuracy"]) == 0


def test_rates_are_spikes_per_second_of_each_population():
    network = network_of()
    names, index = rough_index(network)
    rng = np.random.default_rng(0)
    batches = [rng.random((2, 30, 60)) < 0.1, rng.random((3, 10, 60)) < 0.2]
    metric = PopulationRates(names, index, dt=0.5)
    for batch in batches:
        counts = batch.sum((0, 1)).astype(np.float32)
        metric.update_state(counts, float(batch[..., 0].size))
    spikes = sum(batch.sum((0, 1)) for batch in batches)
    rate = spikes / ((2 * 30 + 3 * 10) * 0.5 / 1000)
    result = metric.result()
    assert float(result["rate_hz"]) == pytest.approx(rate.mean(), rel=1e-5)
    for i, name in enumerate(names):
        if not (index == i).any():
            assert f"rate_hz/{name}" not in result
            continue
        mean = rate[index == i].mean()
        assert float(result[f"rate_hz/{name}"]) == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize(
    "metric",
    [
        ResponseAccuracy(one_question(3)),
        QuestionMeans(one_question(2), name="loss"),
        PopulationRates(("a", "b"), [0, 1, 1]),
    ],
)
def test_a_metric_copied_from_its_config_has_the_same_config(metric):
    assert round_trip(metric).get_config() == metric.get_config()
