"""TrialActivity: its numbers are those of the dense arrays, and it checks itself."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.activity import trial_of
from v1model.activity import UNDECIDED, TrialActivity, events_of

SPIKES = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 7)))


def of(spikes, dt_ms=1.0):
    """A trial that is nothing but these spikes."""
    step, neuron = events_of(spikes)
    t, n = spikes.shape
    none = np.zeros((0, 2))
    return TrialActivity(
        t, n, np.zeros((t, 1)), step, neuron, [], np.zeros((t, 0)), none, none, [], []
    )


@given(SPIKES)
def test_events_are_the_spikes_in_order_of_time_then_neuron(spikes):
    step, neuron = events_of(spikes)
    again = np.zeros_like(spikes)
    again[step, neuron] = True
    np.testing.assert_array_equal(again, spikes)
    assert len(step) == spikes.sum()
    order = step.astype(int) * spikes.shape[1] + neuron
    assert (np.diff(order) > 0).all()


@given(SPIKES, st.sampled_from([0.5, 1.0, 2.0]))
def test_counts_and_rates_are_those_of_the_dense_spikes(spikes, dt_ms):
    trial = dataclasses.replace(of(spikes), dt_ms=dt_ms)
    np.testing.assert_array_equal(trial.spike_counts, spikes.sum(axis=0))
    seconds = len(spikes) * dt_ms / 1000
    np.testing.assert_allclose(trial.rates, spikes.sum(axis=0) / seconds)
    assert trial.duration_ms == pytest.approx(1000 * seconds)
    np.testing.assert_array_equal(trial.spike_ms, trial.spike_step * dt_ms)


def test_the_answer_is_that_of_the_last_chunk_in_which_one_is_due(network):
    predictions = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
    answers = {"predictions": predictions, "labels": [0, 2, 1]}
    trial = trial_of(network, **answers, is_asked=[True, True, False])
    assert (trial.answer_chunk, trial.label, trial.prediction) == (1, 2, 1)
    np.testing.assert_allclose(trial.confidence, predictions[1], rtol=1e-6)
    unasked = trial_of(network, **answers, is_asked=[False] * 3)
    assert (unasked.answer_chunk, unasked.label, unasked.prediction) == (2, 1, 2)


def test_a_tie_of_the_likeliest_classes_is_no_answer(network):
    tied, clear = [0.4, 0.4, 0.2], [0.3, 0.3, 0.4]
    for last, expected in ((tied, None), (clear, 2), ([np.nan] * 3, None)):
        trial = trial_of(network, predictions=[tied, last])
        assert trial.prediction == expected
        answers = [UNDECIDED, UNDECIDED if expected is None else expected]
        np.testing.assert_array_equal(trial.answers, answers)


def test_spikes_are_counted_once_and_nobody_can_spoil_the_counts(network):
    trial = trial_of(network)
    assert trial.spike_counts is trial.spike_counts and trial.rates is trial.rates
    for counts in (trial.spike_counts, trial.rates):
        with pytest.raises(ValueError, match="read-only"):
            counts[0] = 7
    silent = dataclasses.replace(trial, spike_step=[], spike_neuron=[])
    assert not silent.spike_counts.any() and trial.spike_counts.any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": np.zeros((39, 4))}, r"inputs must have shape \(40, I\)"),
        ({"inputs": np.zeros(40)}, "inputs"),
        ({"voltages": np.zeros((40, 1))}, r"voltages must have shape \(40, 9\)"),
        ({"spike_neuron": [1, 2]}, "spike_neuron must have shape"),
        ({"spike_step": [40], "spike_neuron": [0]}, r"spike_step .* 0\.\.39, got 40"),
        ({"spike_step": [0], "spike_neuron": [60]}, r"spike_neuron .* 0\.\.59, got 60"),
        ({"spike_step": [0], "spike_neuron": [-1]}, "spike_neuron .* got -1"),
        ({"traced": np.arange(52, 61)}, "traced must lie"),
        ({"predictions": np.zeros((3, 2))}, r"predictions must have shape \(2, K\)"),
        ({"outputs": np.zeros(3)}, r"outputs must have shape \(Co, K\)"),
        ({"is_asked": [True]}, r"is_asked must have shape \(2,\), got \(1,\)"),
        ({"labels": [1, 3]}, r"labels must lie in 0\.\.2, got 3 to 3"),
        ({"labels": [1, -1]}, "labels must lie .* got -1"),
    ],
)
def test_shapes_that_disagree_and_spikes_outside_are_refused(network, changes, message):
    with pytest.raises(ValueError, match=message):
        trial_of(network, **changes)


def test_where_no_answer_is_due_any_label_will_do(network):
    assert trial_of(network, labels=[-1, 2]).label == 2
