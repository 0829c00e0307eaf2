"""When a course in time has come half way."""

import numpy as np
import pytest

from v1model.decoders.rise import half_rise, rise_of


def test_half_of_the_peak_lies_between_the_windows():
    stops, chance = np.array([10.0, 20.0, 30.0, 40.0]), 0.1
    times = half_rise(stops, np.array([0.1, 0.1, 0.5, 0.7]), chance)
    assert times == pytest.approx(20 + 10 * (0.4 - 0.1) / (0.5 - 0.1))
    early = np.array([0.9, 0.9, 0.5, 0.7])
    assert half_rise(stops, early, chance) == stops[0]
    row = {"accuracy": 0.3, "low": 0.1, "chance": 0.25, "stop_ms": 10.0}
    never = rise_of([row], np.zeros((1, 9), bool), 0)
    assert np.isnan(never).all()
