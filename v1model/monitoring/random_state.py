"""Random numbers of a training that monitors must not use up."""

import contextlib
import random

import numpy as np


@contextlib.contextmanager
def kept_random_state(model):
    """Puts back what its block draws from global generators and from those of a model.

    Monitors get no generator; where one draws nevertheless, or calls a layer that does,
    training goes on as if it had not. Those of Python, NumPy and the seeds of Keras
    layers are kept.

    Args:
        model: Keras model or layer, or None.
    """
    # The global state of NumPy is what a monitor may have drawn from.
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    seeds = [(seed, seed.numpy()) for seed in _seeds(model)]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        for seed, before in seeds:
            seed.assign(before)


def _seeds(model):
    """Variables that are states of random generators: `weights` leaves them out."""
    weights = {id(variable) for variable in getattr(model, "weights", ())}
    return [v for v in getattr(model, "variables", ()) if id(v) not in weights]
