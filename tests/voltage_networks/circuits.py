"""Circuits that the tests make up."""

import os
import pathlib

import numpy as np
import pytest

from v1model.voltage_networks import VoltageNetwork


def circuit(**changes):
    """Four inputs on two hexals, and two others that inhibit each other."""
    arrays = {
        "source": [0, 1, 2, 3, 4, 5, 4],
        "target": [4, 5, 5, 4, 5, 4, 4],
        "weight": [0.9, -0.7, 0.5, 0.8, -0.6, -0.4, 0.3],
        "tau_s": [0.02, 0.03, 0.005, 0.05, 0.1, 0.06],
        "bias": [0.0, 0.1, -0.1, 0.0, 0.2, 0.4],
        "cell_type": ["R1", "R1", "R2", "R2", "A", "B"],
        "u": [0, 1, 0, 1, 0, 0],
        "v": [0, -1, 0, -1, 0, 0],
        "role": ["input"] * 4 + ["intermediate", "output"],
    }
    return VoltageNetwork(**{**arrays, **changes})


def by_hand(network, movie, dt_s, v):
    """Euler's rule in float64 loops: rows before each update, and the last state."""
    n, rows = network.n_neurons, []
    v = np.array(v, np.float64)
    hexals = [tuple(one) for one in network.hexals.tolist()]
    for frame in movie:
        rows.append(v.copy())
        change = np.empty(n)
        for i in range(n):
            drive = float(network.bias[i])
            for a, b, w in zip(
                network.source, network.target, network.weight, strict=True
            ):
                if b == i:
                    drive += float(w) * max(v[a], 0.0)
            if network.role[i] == "input":
                drive += frame[hexals.index((network.u[i], network.v[i]))]
            tau_s = max(float(network.tau_s[i]), dt_s)
            change[i] = dt_s / tau_s * (-v[i] + drive)
        v += change
    return np.array(rows), v


def published(name):
    """A file that is not in the repository; skips where it is not at hand."""
    folder = os.environ.get("V1MODEL_LOCAL_DATA")
    if not folder:
        pytest.skip("V1MODEL_LOCAL_DATA is not set")
    path = pathlib.Path(folder) / "flyvis" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path
