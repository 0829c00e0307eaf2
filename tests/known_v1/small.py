"""Small recordings of known neurons, and movies for them."""

import numpy as np

from v1model.known_v1 import KnownV1Config, neurons
from v1model.known_v1.movies import grating

FS = 120.0  # Hz


def small_config(**options):
    """Trials of two seconds, half a minute in all."""
    small = {
        "train_minutes": 0.2,
        "validation_minutes": 0.1,
        "test_minutes": 0.1,
        "gaborium_minutes": 0.2,
        "gratings_minutes": 0.1,
        "fixrsvp_repeats": 2,
        "trial_s": 2.0,
        "n_neurons": 6,
    }
    return KnownV1Config(**{**small, **options})


def drawn(n_neurons=12, seed=0, **options):
    """A table of neurons, calibrated on white noise."""
    config = small_config(n_neurons=n_neurons, **options)
    rng = np.random.default_rng(seed)
    table = neurons.draw_neurons(rng, config)
    size = config.frame_size
    noise = 0.2 * rng.standard_normal((2000, size, size)).astype(np.float32)
    return neurons.calibrated(table, neurons.drives(noise, table, FS))


def drifting(table, row, contrast=0.2, hz=4.0, seconds=2.0, size=24, turned=0.0):
    """A drifting grating that suits a neuron, (T, size, size) float32.

    `turned`: degrees by which its orientation is another one.
    """
    t = np.arange(round(seconds * FS)) / FS
    own = table.iloc[row]
    ones = np.ones(len(t))
    movie = grating(
        (own["orientation_deg"] + turned) * ones,
        own["frequency"] * ones,
        -360 * hz * t,
        size,
    )
    return (contrast * movie).astype(np.float32)
