"""Receptive fields that the wiring from the LGN says, against the LGN itself."""

import dataclasses

import numpy as np

from v1model.column_recording.lgn_fields import field_positions, linear_fields
from v1model.lgn import LGN, Movie


def test_a_neuron_looks_where_its_units_look_on_average(network):
    lgn, n = network.lgn, network.n_neurons
    found = field_positions(lgn, n)
    synapses = lgn.synapses
    for neuron in range(n):
        own = synapses.post == neuron
        assert found.n_synapses[neuron] == own.sum()
        if not own.any():
            assert np.isnan(found.x[neuron]) and np.isnan(found.y[neuron])
            continue
        weight = np.abs(synapses.weight[own]).astype(np.float64)
        for place, axis in ((found.x, lgn.units.x), (found.y, lgn.units.y)):
            expected = np.average(axis[synapses.pre[own]], weights=weight)
            np.testing.assert_allclose(place[neuron], expected, rtol=1e-5)


def test_a_neuron_without_synapses_from_the_lgn_looks_nowhere(network):
    synapses = network.lgn.synapses
    kept = synapses.replace(weight=np.where(synapses.post == 3, 0, synapses.weight))
    found = field_positions(dataclasses.replace(network.lgn, synapses=kept), 60)
    assert np.isnan(found.x[3])
    assert np.isfinite(found.x).sum() >= np.isfinite(found.x).size - 60


def test_linear_fields_say_what_the_lgn_sends_where_nothing_is_rectified(network):
    lgn = LGN(network.lgn.units)
    silent = lgn.spontaneous_rates < 2
    synapses = network.lgn.synapses
    weight = np.where(silent[synapses.pre], 0, synapses.weight)
    inputs = dataclasses.replace(network.lgn, synapses=synapses.replace(weight=weight))
    rng = np.random.default_rng(0)
    frames = np.zeros((9, 120, 240), np.float32)
    frames[:, 30:90, 60:180] = 0.02 * rng.standard_normal((9, 60, 120))
    neurons = np.unique(synapses.post)[:7]
    bin_ms = 20
    fields = linear_fields(inputs, lgn.spatial_responses(frames), neurons, bin_ms, 9)
    # Frame k is on in bin k: at the end of the last bin its lag is 8 - k.
    sent = sum(fields[:, 8 - k, k] for k in range(9))
    rates = lgn.rates(Movie(frames, [bin_ms] * 9))[-1] - lgn.spontaneous_rates
    for row, neuron in enumerate(neurons):
        own = synapses.post == neuron
        expected = (weight[own] * rates[synapses.pre[own]]).sum()
        scale = np.abs(weight[own] * rates[synapses.pre[own]]).sum()
        assert abs(sent[row] - expected) <= 1e-3 * scale + 1e-6
