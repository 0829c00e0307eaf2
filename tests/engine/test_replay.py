"""Currents of known spikes against plain loops."""

import numpy as np
import pytest

from tests.networks import small_network
from v1model.engine.replay import arriving_currents


@pytest.mark.parametrize("with_delays", [False, True])
def test_every_spike_arrives_with_its_weight_after_its_delay(with_delays):
    network = small_network()
    synapses = network.recurrent
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.1, (20, 60))
    delays = rng.integers(1, 6, len(synapses)) if with_delays else None
    expected = np.zeros((30, 60, 4))
    for t, source in zip(*np.nonzero(counts), strict=True):
        for k in np.flatnonzero(synapses.pre == source):
            delay = delays[k] if with_delays else 0
            place = (t + delay, synapses.post[k], synapses.receptor[k])
            expected[place] += counts[t, source] * float(synapses.weight[k])
    found = [
        arriving_currents(synapses, counts, 60, steps, delays)
        for steps in (range(0, 3), range(3, 4), range(4, 20))
    ]
    expected = expected[:20].reshape(20, 240)
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-9)
