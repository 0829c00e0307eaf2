"""Small sessions of binned spikes."""

import numpy as np
import pandas as pd

from v1model.presentations.binned import BinnedSpikes


def drawn_session(
    n_classes=6, repeats=20, n_units=30, n_bins=3, seed=0, spread=0.8, mean=0.5
):
    """Poisson counts of units with log-normal tuning, presentations in random order."""
    rng = np.random.default_rng(seed)
    rates = mean * np.exp(spread * rng.standard_normal((n_classes, n_bins, n_units)))
    targets = rng.permutation(np.repeat(np.arange(n_classes), repeats))
    return session_of(rng.poisson(rates[targets]), targets - 1)


def session_of(counts, labels, valid=None, session_id="drawn"):
    """BinnedSpikes of back-to-back presentations of 0.25 s."""
    counts = np.asarray(counts, np.uint16)
    n, _, n_units = counts.shape
    start = np.arange(n) * 0.25
    valid = np.ones((n, n_units), bool) if valid is None else valid
    return BinnedSpikes(
        counts=counts * valid[:, None].astype(np.uint16),
        labels=np.asarray(labels),
        start_s=start,
        stop_s=start + 0.25,
        block=np.zeros(n, np.int64),
        valid=valid,
        units=pd.DataFrame({"id": 100 + np.arange(n_units)}),
        session_id=session_id,
    )
