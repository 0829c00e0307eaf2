"""Batches by hand: what does not fit is refused by name."""

import numpy as np
import pytest

from visualization.logger.array_trials import BatchArrays

B, T, N, K = 2, 10, 5, 4
SHAPES = {
    "inputs": (B, T, 3),
    "spikes": (B, T, N),
    "voltages": (B, T, N),
    "outputs": (B, 2, K),
    "predictions": (B, 6, K),
    "labels": (B, 6),
}


def batch(**shapes):
    return BatchArrays(
        **{name: np.zeros(shape) for name, shape in {**SHAPES, **shapes}.items()}
    )


@pytest.mark.parametrize(
    ("name", "shape", "rule"),
    [
        ("inputs", (T, 3), r"\(B, T, I\)"),
        ("inputs", (B, T + 1, 3), r"\(B, T, I\) = \(2, 10, I\)"),
        ("spikes", (T, N), r"\(B, T, N\)"),
        ("voltages", (B, T, N + 1), r"= \(2, 10, 5\)"),
        ("outputs", (B, K), r"\(B, Co, K\)"),
        ("outputs", (B, 2, K + 1), r"= \(2, Co, 4\)"),
        ("predictions", (K,), r"\(B, K\) or \(B, C, K\)"),
        ("predictions", (B + 1, K), r"= \(2, \.\.\., 4\)"),
        ("labels", (B, 5), r"= \(2, 6\)"),
        ("labels", (), r"\(B,\) or \(B, C\)"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_name_the_rule_and_what_it_is(
    name, shape, rule
):
    got = str(tuple(shape)).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=f"{name} must have shape .*{rule}.*got {got}"):
        batch(**{name: shape})


def test_a_batch_without_neurons_is_refused():
    with pytest.raises(ValueError, match="spikes .* none of them 0"):
        batch(spikes=(B, T, 0), voltages=(B, T, 0))


def test_one_label_per_trial_is_asked_for_in_the_last_chunk():
    arrays = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    arrays["labels"] = [3, 1]
    trial = BatchArrays(**arrays).trial(1, np.array([0]))
    assert trial.labels.tolist() == [1] * 6
    assert trial.is_asked.tolist() == [False] * 5 + [True]
    arrays["predictions"] = np.zeros((B, K))
    trial = BatchArrays(**arrays).trial(0, np.array([0]))
    assert (trial.labels.tolist(), trial.is_asked.tolist()) == ([3], [True])


def test_a_sample_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"sample must lie in 0\.\.1, got 2"):
        batch().trial(2, np.array([0]))


def test_a_label_that_is_no_class_is_refused():
    arrays = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    arrays["labels"] = [0, K]
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.3, got 4 to 4"):
        BatchArrays(**arrays).trial(1, np.array([0]))


def test_voltages_are_not_touched_where_no_neuron_is_traced():
    class Untouchable:
        shape = (B, T, N)

    arrays = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    arrays["voltages"] = Untouchable()
    trial = BatchArrays(**arrays).trial(1, np.arange(0))
    assert trial.voltages.shape == (T, 0)
