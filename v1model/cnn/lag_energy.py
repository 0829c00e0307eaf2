"""Which past frames a model's rates depend on: the energy of their gradients by lag."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

N_SEGMENTS = 16
MOST_NEURONS = 64  # each costs one gradient


class LagEnergy(NamedTuple):
    """sum over pixels of (d r_t / d x_{t - lag})^2 over lags, averaged over segments.

    energy: (n, L) float64, lag 0 first; of the neurons that were asked for.
    neurons: (n,) which ones.
    """

    energy: np.ndarray
    neurons: np.ndarray

    @property
    def share(self):
        """Energy of each lag in that of all lags, (n, L)."""
        total = self.energy.sum(axis=1, keepdims=True)
        return self.energy / np.where(total > 0, total, np.nan)

    @property
    def lag0_mass(self):
        """Share of lag 0 of each neuron, (n,)."""
        return self.share[:, 0]

    @property
    def mean_lag(self):
        """Lag, weighted by energy, of each neuron, (n,) bins."""
        return self.share @ np.arange(self.energy.shape[1])

    def numbers(self, sampling_rate):
        """lag0_mass and mean_latency_ms of a model: means over its neurons."""
        is_known = np.isfinite(self.lag0_mass)
        if not is_known.any():  # no rate depends on the movie
            return {"lag0_mass": np.nan, "mean_latency_ms": np.nan}
        lag = self.mean_lag[is_known].mean()
        return {
            "lag0_mass": float(self.lag0_mass[is_known].mean()),
            "mean_latency_ms": float(lag * 1000 / sampling_rate),
        }


def energy_by_lag(model, name):
    """A compiled function for `lag_energy`, which takes longer to compile than to run.

    Args:
        model: ReadoutModel.
        name: Of a recording that it has a read-out of.

    Returns:
        From a neuron's number, movie (B, L, Y, X, C) and behavior or None: energy of
        each of the L frames, the last one is lag 0.
    """

    @tf.function
    def energy(neuron, movie, behavior):
        given = {"movie": movie}
        if behavior is not None:
            given["behavior"] = behavior
        with tf.GradientTape() as tape:
            tape.watch(movie)
            rates = model({name: given}, training=False)[name]
            chosen = tf.reduce_sum(tf.gather(rates[:, -1], neuron, axis=-1))
        slope = tf.cast(tape.gradient(chosen, movie), tf.float32)
        return tf.reduce_mean(tf.reduce_sum(slope**2, axis=(2, 3, 4)), axis=0)

    return energy


def lag_energy(
    model, recording, parts="test", types=None, neurons=None, seed=0, by_lag=None
):
    """LagEnergy of a model on stretches of a recording that are drawn.

    Args:
        model: ReadoutModel.
        recording: RecordingData, of which the model has a read-out.
        parts, types: Of the trials; None for all.
        neurons: Indices; None takes all, or 64 that are drawn if there are more.
        seed: Of what is drawn.
        by_lag: `energy_by_lag` of this model and recording; None compiles it.

    Raises:
        ValueError: No trial is long enough for the model's memory.
    """
    rng = np.random.default_rng(seed)
    if neurons is None:
        n = recording.spec.n_neurons
        neurons = np.sort(rng.permutation(n)[:MOST_NEURONS])
    neurons = np.asarray(neurons)
    inputs = _segments(model, recording, recording.trials_of(parts, types), rng)
    by_lag = by_lag or energy_by_lag(model, recording.spec.name)
    energy = [
        by_lag(tf.constant(int(n)), inputs["movie"], inputs.get("behavior")).numpy()
        for n in neurons
    ]
    return LagEnergy(np.array(energy, np.float64)[:, ::-1], neurons)


def kernel_lag0_mass(kernels):
    """Share of lag 0 in the energy of kernels in time: the mean over kernels.

    Kernels of zeros do not count; NaN if all are.

    Args:
        kernels: (K, M), lag 0 first, as `frontend.kernels()`.
    """
    energy = np.asarray(kernels, np.float64) ** 2
    total = energy.sum(axis=0)
    is_some = total > 0
    if not is_some.any():
        return float("nan")
    return float(np.mean(energy[0, is_some] / total[is_some]))


def _segments(model, recording, trials, rng):
    """Stretches of memory_bins + 1 frames, within trials, and their behaviour."""
    size = model.memory_bins + 1
    lengths = (trials["stop"] - trials["start"]).to_numpy()
    room = np.maximum(lengths - size + 1, 0)
    if not room.any():
        raise ValueError(
            f"{recording.path}: no trial has the {size} bins that the model needs."
        )
    rows = rng.choice(len(trials), N_SEGMENTS, p=room / room.sum())
    starts = trials["start"].to_numpy()[rows] + rng.integers(0, room[rows])
    inputs = {
        "movie": tf.constant(
            np.stack([recording.movie(start, start + size) for start in starts])
        )
    }
    if recording.behavior is not None:
        inputs["behavior"] = tf.constant(
            np.stack([recording.behavior[start : start + size] for start in starts])
        )
    return inputs
