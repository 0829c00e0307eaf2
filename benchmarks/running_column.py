"""A column at its natural rate: built, shown a grating, and past its first 200 ms."""

import dataclasses
import multiprocessing
import statistics
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.config import NetworkConfig
from v1model.engine.glif3 import GLIF3State
from v1model.lgn import LGN, current_from_rates
from v1model.network import load_network
from v1model.network.data import Network
from v1model.simulation import grating_lgn_rates, untrained_column

SEED = 3000
WARM_UP_MS = 200  # a column that starts at rest is silent at first


class Trial(NamedTuple):
    """A column, where it stands after the warm-up, and what it receives from then on.

    network: Network, with those LGN units that project.
    lgn: Currents of the LGN units, (B, T, I).
    noise: Currents of the background, (B, T, P).
    state: GLIF3State of arrays.
    """

    network: Network
    lgn: np.ndarray
    noise: np.ndarray
    state: GLIF3State


def natural_trial(neurons, batch, ms):
    """The Trial of a drifting grating; the noise differs between the trials."""
    network = load_network(NetworkConfig(neurons=neurons, seed=SEED))
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    n_steps = WARM_UP_MS + ms
    rates = grating_lgn_rates(LGN(network.lgn.units), 45.0, duration_ms=n_steps)
    lgn = np.repeat(current_from_rates(rates)[None], batch, axis=0)
    column = untrained_column(network, engine="compiled")
    seeds = np.random.default_rng(SEED).integers(0, 2**31, (batch, 2))
    noise = column.noise(tf.constant(seeds, tf.int32), n_steps=n_steps).numpy()
    before, after = slice(0, WARM_UP_MS), slice(WARM_UP_MS, None)
    state = column.rsnn(column.input_layer(lgn[:, before]) + noise[:, before]).state
    arrays = GLIF3State(*(part.numpy() for part in state))
    return Trial(network, lgn[:, after], noise[:, after], arrays)


def median_seconds(function, repeats):
    """Median of the seconds that a function takes; it was called before."""
    return statistics.median(seconds(function) for _ in range(repeats))


def seconds(function):
    """Seconds that one call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def in_process_of_its_own(function, *arguments):
    """What the function returns in a new process.

    Its peak memory is its own, and nothing that ran before has warmed it up.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)
