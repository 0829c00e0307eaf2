"""The currents of a cell, computed apart, add up to the voltage that was recorded."""

import dataclasses
import functools

import numpy as np
import pytest

from tests.models.columns import N, batch_of, make_column, network_of
from v1model.engine.cell_currents import cell_currents
from v1model.models.cell_background import background_at
from v1model.models.trained_network import with_weights
from v1model.recorder import TrialRecorder

N_STEPS = 300
# mV: rounded constants of a float32 column, at rates of 50 to 290 Hz. Found: 1.6e-3.
TOLERANCE = 3e-3
SOME = range(1, N, 4)

SOURCES = ("from_lgn", "from_excitatory", "from_inhibitory", "from_background")


@pytest.fixture(scope="module", params=["poisson", "decoded"])
def recorded(request):
    """A trained column's network, its trial with all voltages, and its background."""
    rng = np.random.default_rng(1)
    pool = rng.normal(0, 0.1, 50) if request.param == "decoded" else None
    column = make_column(noise_pool=pool)
    weights = column.rsnn.cell.recurrent_weights
    weights.assign(weights * rng.uniform(0.5, 2, weights.shape))
    network = with_weights(
        network_of(), weights.numpy(), column.input_layer.input_weights.numpy()
    )
    batch = batch_of(2, N_STEPS)
    trial = TrialRecorder(column, np.arange(N)).record(batch, sample=1)
    seed = batch[0]["noise_seed"][1]
    background = functools.cache(lambda k: background_at(column, seed, k, N_STEPS))
    return network, trial, background


def test_the_voltage_integrated_from_the_currents_is_the_recorded_one(recorded):
    network, trial, background = recorded
    fired = trial.spike_counts
    assert (fired[SOME] > 0).sum() > 5  # else the reset would not be tested
    for neuron in SOME:
        found = cell_currents(network, trial, neuron, background(neuron))
        difference = found.voltage - trial.voltages[:, neuron]
        assert np.abs(difference).max() < TOLERANCE, neuron
        assert len(found.spike_step) == fired[neuron]


def test_every_source_is_needed_for_the_voltage(recorded):
    network, trial, background = recorded
    found = [cell_currents(network, trial, k, background(k)) for k in SOME]
    for source in (*SOURCES, "after_spike"):
        size = [np.abs(getattr(currents, source)).max() for currents in found]
        assert np.max(size) > 1, source  # pA
    of_excitatory = np.concatenate([currents.from_excitatory for currents in found])
    of_inhibitory = np.concatenate([currents.from_inhibitory for currents in found])
    assert of_excitatory.min() >= 0 and of_inhibitory.max() <= 0


def test_other_weights_give_another_voltage(recorded):
    network, trial, background = recorded
    stronger = network.recurrent.replace(weight=1.1 * network.recurrent.weight)
    other = dataclasses.replace(network, recurrent=stronger)
    found = cell_currents(other, trial, SOME[0], background(SOME[0]))
    assert np.abs(found.voltage - trial.voltages[:, SOME[0]]).max() > 0.1


def test_a_cell_that_does_not_exist_is_refused(recorded):
    network, trial, background = recorded
    with pytest.raises(ValueError, match="neuron 60: the trial has 60 neurons"):
        cell_currents(network, trial, N, background(0))
    with pytest.raises(ValueError, match=r"shape \(300, 4\), got \(9, 4\)"):
        cell_currents(network, trial, 0, np.zeros((9, 4)))
