"""Neurons of which it is known why a model fits them badly."""

import numpy as np
import pandas as pd

from tests.cnn.recorded import write
from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.cnn.evaluation.fields import field_averages, field_scores
from v1model.cnn.evaluation.repeats import repeat_groups, repeat_scores
from v1model.cnn.evaluation.scores import neuron_scores, true_rates_of
from v1model.cnn.prediction import Prediction
from v1model.judging.verdicts import (
    FINE,
    LOW_RATE,
    OUTSIDE,
    OVERFITTED,
    UNDERFITTED,
    UNRELIABLE,
)

SORTS = (FINE, LOW_RATE, UNRELIABLE, OUTSIDE, UNDERFITTED, OVERFITTED)
SIDE, RATE_HZ = 14, 50.0
TRIAL, N_TRAIN, N_REPEATS = 200, 60, 20


def known_sorts(folder, n_each=10, seed=0):
    """A recording of neurons of each sort, and what a model says of them.

    The movie is white noise; in test trials it is the same each time.

        fine                 driven by a Gaussian spot; the model is nearly right
        low rate             the same neurons, at a hundredth of the rate
        unreliable           counts are shuffled over time; the model predicts what
                             they were before
        outside the screen   the centre is a little beyond the frame, and the model
                             knows nothing of the neuron
        underfitted          by the energy of a pair of spots; the model is the best
                             linear one
        overfitted           as the first; the model has learnt the spikes of training
                             by heart, and its rates are noise where it knows none

    Returns:
        RecordingData, Prediction, and the sort of each neuron, (N,).
    """
    rng = np.random.default_rng(seed)
    sorts = np.repeat(SORTS, n_each)
    n_trials = N_TRAIN + N_REPEATS
    frames = rng.integers(0, 256, (n_trials, TRIAL, SIDE, SIDE), np.uint8)
    frames[N_TRAIN:] = frames[N_TRAIN]
    z = (frames.reshape(-1, SIDE, SIDE) - 127.5) / 73.6  # unit variance
    is_train = np.arange(len(z)) < N_TRAIN * TRIAL
    centers = rng.uniform(3.5, SIDE - 4.5, (len(sorts), 2))
    n_out = int((sorts == OUTSIDE).sum())
    centers[sorts == OUTSIDE, 0] = rng.choice([-1.2, SIDE + 0.2], n_out)
    drive = _spots(centers, z)
    other = _spots(centers + [0.0, 2.2], z)
    energy = (drive**2 + other**2) / 2 - 1
    signal = np.where(sorts == UNDERFITTED, 0.8 * energy, 0.9 * drive)
    rates = np.exp(signal)
    mean_hz = rng.uniform(6, 14, len(sorts)) * np.where(sorts == LOW_RATE, 0.01, 1)
    rates *= mean_hz / RATE_HZ / rates.mean(axis=0)
    counts = rng.poisson(rates)
    shuffled = np.flatnonzero(sorts == UNRELIABLE)
    counts[:, shuffled] = rng.permuted(counts[:, shuffled], axis=0)
    mean = counts[is_train].mean(axis=0)
    predicted = rates * np.exp(0.2 * rng.standard_normal(rates.shape))
    predicted[:, sorts == OUTSIDE] = mean[sorts == OUTSIDE]
    linear = np.flatnonzero(sorts == UNDERFITTED)
    predicted[:, linear] = _linear(drive[:, linear], counts[:, linear], is_train)
    for n in np.flatnonzero(sorts == OVERFITTED):
        by_heart = 0.5 * counts[:, n] + 0.5 * mean[n]
        noise = mean[n] * np.exp(0.7 * rng.standard_normal(len(z)))
        predicted[:, n] = np.where(is_train, by_heart, noise)
    known = np.where(sorts == UNRELIABLE, counts.mean(axis=0), rates)
    path = folder / "sorts.h5"
    parts = ["train"] * N_TRAIN + ["test"] * N_REPEATS
    write(
        path,
        n_trials=n_trials,
        trial_bins=TRIAL,
        n_neurons=len(sorts),
        side=SIDE,
        parts=parts,
        types=("noise",),
        n_behavior=0,
        rate_hz=RATE_HZ,
        activity={
            "spikes": counts.astype(np.uint8),
            "rate": np.float32(RATE_HZ * known),
        },
        stimulus={"movie": frames.reshape(-1, SIDE, SIDE)},
    )
    recording = load_recording(path, DataParams())
    mask = np.ones(counts.shape, bool)
    return recording, Prediction(predicted.astype(np.float32), mask), sorts


def table_of(recording, prediction, has_truth=True, has_repeats=True):
    """What `evaluate` would say of a model with this prediction, and train_bps."""
    truth = true_rates_of(recording) if has_truth else None
    parts = [neuron_scores(recording, prediction, "test", None, truth)]
    if has_repeats:
        groups = repeat_groups(recording, "test")
        parts.append(repeat_scores(recording, prediction, groups))
    fields = field_averages(recording, prediction, None)
    parts.append(field_scores(recording, *fields))
    table = pd.concat(parts, axis=1)
    trained = neuron_scores(recording, prediction, "train")
    return table.assign(train_bps=trained["bps"])


def _spots(centers, z):
    """Movie through Gaussian spots, of unit variance as if no border cut them."""
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = (y - centers[:, 0, None, None]) ** 2 + (
        x - centers[:, 1, None, None]
    ) ** 2
    spots = np.exp(-distance / 2).reshape(len(centers), -1)
    return z.reshape(len(z), -1) @ (spots / np.sqrt(np.pi)).T


def _linear(drive, counts, is_train):
    """exp(a x + b), fitted by moments: what is best of a small, normal drive."""
    x = drive[is_train]
    own = counts[is_train]
    slope = (own * x).mean(axis=0) / own.mean(axis=0)
    rates = np.exp(slope * drive)
    return rates * own.mean(axis=0) / rates[is_train].mean(axis=0)
