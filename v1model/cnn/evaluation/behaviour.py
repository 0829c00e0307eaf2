"""Saccades and gratings of a recording, in its spikes and in predicted rates."""

import numpy as np
import pandas as pd

from v1model.cnn.grating_tuning import grating_tuning, orientation_difference
from v1model.cnn.saccades import (
    LEAST_SACCADES,
    curve_correlation,
    find_saccades,
    saccade_responses,
)
from v1model.recordings import open_recording

EYE_VELOCITY = "eye_velocity"  # behaviour (T, 2), degrees/s
GRATING = "grating"  # behaviour (T, 3): orientation, cycles per pixel, phase


def behaviour_of(recording, name):
    """A behaviour of the recording's file, (T, ...); None where it has none."""
    with open_recording(recording.path) as file:
        series = file.behavior.get(name)
        return None if series is None else np.asarray(series.read())


def trial_of_bins(recording, parts=None, types=None):
    """Number of the trial of each bin, (T,); -1 for none of these parts and types."""
    runs = np.full(recording.n_bins, -1)
    trials = recording.trials_of(parts, types)
    for row, start, stop in zip(
        trials.index, trials["start"], trials["stop"], strict=True
    ):
        runs[start:stop] = row
    return runs


def saccade_curves(recording, prediction, velocity, parts=None, types=None):
    """SaccadeResponses of spikes and of rates, over the same bins: a pair.

    Args:
        recording: RecordingData.
        prediction: Prediction of these trials.
        velocity: Of the eye, (T, 2), degrees/s.
        parts, types: Of the trials; None for all.

    Returns:
        None where there are fewer than ten saccades.
    """
    rate = recording.spec.sampling_rate
    runs = trial_of_bins(recording, parts, types)
    onsets = find_saccades(np.where(runs[:, None] >= 0, velocity, 0), rate)
    if len(onsets) < LEAST_SACCADES:
        return None
    return tuple(
        saccade_responses(signal, prediction.mask, onsets, rate, runs=runs)
        for signal in (recording.counts, prediction.rates)
    )


def saccade_scores(data, model):
    """A row per neuron: correlation of both curves, suppression and rebound of each."""
    return pd.DataFrame(
        {
            "saccade_corr": curve_correlation(data, model),
            "suppression_depth": data.suppression_depth,
            "model_suppression_depth": model.suppression_depth,
            "rebound_ms": data.rebound_ms,
            "model_rebound_ms": model.rebound_ms,
        }
    )


def grating_tunings(recording, prediction, shown, parts=None, types=None):
    """GratingTuning of spikes and of rates, over the same bins: a pair.

    Args:
        recording: RecordingData.
        prediction: Prediction of these trials.
        shown: See `grating_tuning`.
        parts, types: Of the trials; None for all.
    """
    runs = trial_of_bins(recording, parts, types)
    return tuple(
        grating_tuning(signal, prediction.mask, shown, runs)
        for signal in (recording.counts, prediction.rates)
    )


def grating_scores(data, model):
    """A row per neuron: what spikes and rates prefer, and how far that is apart."""
    columns = {}
    for name in ("orientation", "osi", "frequency", "f1_f0"):
        columns[f"grating_{name}"] = getattr(data, name)
        columns[f"model_grating_{name}"] = getattr(model, name)
    columns["orientation_difference"] = orientation_difference(
        data.orientation, model.orientation
    )
    return pd.DataFrame(columns)
