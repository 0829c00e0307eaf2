"""Small binned sessions for tests."""

import numpy as np
import pandas as pd

from v1model.presentations.binned import BinnedSpikes


def poisson_session(means, repeats, n_bins=1, seed=0, **others):
    """Independent Poisson counts, `repeats` presentations of each class in turn.

    Args:
        means: Spikes per presentation, (K, U).
    """
    means = np.asarray(means, float)
    labels = np.tile(np.arange(len(means)), repeats)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(
        means[labels][:, None, :] / n_bins, (len(labels), n_bins, means.shape[1])
    )
    n, n_units = len(labels), means.shape[1]
    fields = {
        "counts": counts.astype(np.uint16),
        "labels": labels,
        "start_s": np.arange(n) * 0.25,
        "stop_s": np.arange(1, n + 1) * 0.25,
        "block": np.zeros(n, int),
        "valid": np.ones((n, n_units), bool),
        "units": pd.DataFrame({"id": 100 + np.arange(n_units)}),
        "session_id": "made-up",
        **others,
    }
    return BinnedSpikes(**fields)
