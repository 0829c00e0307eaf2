"""Numbers of a trial against those of its dense spikes."""

import numpy as np
import pytest

from tests.activity import trial_of
from v1model.network import neurons_of, rough_index
from visualization.logger.trial_numbers import scalars_of


def test_the_numbers_are_those_of_the_dense_spikes(network):
    trial = trial_of(network, n_steps=20)
    spikes = np.zeros((20, network.n_neurons))
    spikes[trial.spike_step, trial.spike_neuron] = 1
    found = scalars_of(trial, neurons_of(network))
    names, index = rough_index(network)
    for k, name in enumerate(names):
        members = spikes[:, index == k]
        if members.size:
            rate = found.pop(f"rate_hz/{name}")
            assert rate == pytest.approx(1000 * members.mean()), name
        assert f"rate_hz/{name}" not in found
    expected = {
        "rate_hz": 1000 * spikes.mean(),
        "spikes": spikes.sum(),
        "silent_share": (spikes.sum(axis=0) == 0).mean(),
        "confidence_of_answer": trial.predictions[1, 2],
        "is_right": float(trial.predictions[1].argmax() == 2),
    }
    assert found == pytest.approx(expected)


def test_a_trial_without_a_question_has_no_confidence(network):
    found = scalars_of(trial_of(network, is_asked=[False, False]))
    assert set(found) == {"rate_hz", "spikes", "silent_share"}


def test_a_tie_is_not_right(network):
    tied = np.full((2, 3), 1 / 3)
    for label in range(3):
        found = scalars_of(trial_of(network, predictions=tied, labels=[0, label]))
        assert found["is_right"] == 0


def test_a_silent_trial_is_silent(network):
    found = scalars_of(trial_of(network, spike_step=[], spike_neuron=[]))
    assert (found["rate_hz"], found["spikes"], found["silent_share"]) == (0, 0, 1)
