"""A trial in numbers: what TensorBoard draws as curves and distributions."""

import numpy as np

from v1model.network.populations import ROUGH_POPULATIONS


def scalars_of(trial, neurons=None):
    """Numbers of a trial by name, a dict of float.

    `rate_hz`, and `rate_hz/POPULATION` of each population; `spikes`; `silent_share`,
    the share of neurons without a spike; and, where an answer is due,
    `confidence_of_answer`, the probability of the right class, and `is_right`, which a
    tie is not.

    Args:
        trial: TrialActivity.
        neurons: Neurons, or None: then no population has a rate.
    """
    counts = trial.spike_counts
    found = {
        "rate_hz": trial.rates.mean(),
        "spikes": counts.sum(),
        "silent_share": np.mean(counts == 0),
    }
    if neurons is not None:
        size = np.bincount(neurons.group, minlength=len(ROUGH_POPULATIONS))
        total = np.bincount(neurons.group, trial.rates, len(ROUGH_POPULATIONS))
        rates = zip(ROUGH_POPULATIONS, total, size, strict=True)
        found |= {f"rate_hz/{name}": rate / n for name, rate, n in rates if n}
    if trial.is_asked.any():
        found["confidence_of_answer"] = trial.confidence[trial.label]
        found["is_right"] = trial.prediction == trial.label
    return {name: float(value) for name, value in found.items()}
