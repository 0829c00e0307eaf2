"""Recordings that the tests of the latent evolver make up."""

import numpy as np
import pandas as pd

from v1model.recordings import save_recording


def write(path, n_steps=60, n_neurons=5, n_inputs=3, seed=0, **others):
    """Writes a recording with voltages and one stimulus; its arrays."""
    rng = np.random.default_rng(seed)
    voltage = rng.standard_normal((n_steps, n_neurons)).astype(np.float32)
    bars = rng.random((n_steps, n_inputs)).astype(np.float32)
    given = {
        "dt_ms": 20,
        "activity": {"voltage": voltage},
        "quantities": {"voltage": "voltage"},
        "neurons": pd.DataFrame(
            {
                "id": np.arange(n_neurons),
                "cell_type": [f"T{n % 2}" for n in range(n_neurons)],
            }
        ),
        "stimulus": {"bars": bars},
    }
    save_recording(path, **{**given, **others})
    return voltage, bars
