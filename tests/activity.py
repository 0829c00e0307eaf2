"""Trials for tests: random, or as a test wants them."""

import dataclasses

import numpy as np

from v1model.activity import TrialActivity, events_of


def trial_of(network, seed=0, n_steps=40, **changes):
    """A random trial of a network: two answers of three classes, the last one due."""
    rng = np.random.default_rng(seed)
    step, neuron = events_of(rng.random((n_steps, network.n_neurons)) < 0.1)
    traced = np.arange(0, network.n_neurons, 7)
    trial = TrialActivity(
        n_steps=n_steps,
        n_neurons=network.n_neurons,
        inputs=rng.random((n_steps, network.lgn.n_inputs)).astype(np.float32),
        spike_step=step,
        spike_neuron=neuron,
        traced=traced,
        voltages=rng.normal(-60, 5, (n_steps, len(traced))),
        outputs=rng.normal(size=(2, 3)),
        predictions=rng.dirichlet(np.ones(3), 2),
        labels=[1, 2],
        is_asked=[False, True],
        question="garrett",
    )
    return dataclasses.replace(trial, **changes)


def same(first, second):
    """Whether all fields of two records are equal, dtypes too."""
    for field in dataclasses.fields(first):
        a, b = (np.asarray(getattr(record, field.name)) for record in (first, second))
        has_nan = a.dtype.kind == "f"
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=has_nan):
            return False
    return True
