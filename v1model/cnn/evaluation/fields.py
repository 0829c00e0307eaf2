"""Receptive fields of spikes and of predicted rates, compared."""

import numpy as np
import pandas as pd

from v1model.cnn.field_shapes import field_shapes
from v1model.cnn.receptive_fields import MOST_PIXELS, map_correlation, sta_ste

SPARSE_TYPES = ("gaborium", "noise", "sparse_noise")  # stimuli made for maps
N_LAGS_MS = 130.0


def field_types(recording):
    """Types of trials that maps are taken of: those made for it, or None for all."""
    found = [one for one in SPARSE_TYPES if (recording.trials["type"] == one).any()]
    return tuple(found) or None


def field_averages(recording, prediction, types=None, parts=None):
    """TriggeredAverages of spikes and of predicted rates, over the same bins: a pair.

    Movies that are not made for maps are whitened in space.

    Args:
        recording: RecordingData.
        prediction: Prediction of all these trials.
        types, parts: Of the trials; None for all.
    """
    n_lags = max(2, round(N_LAGS_MS * recording.spec.sampling_rate / 1000))
    is_sparse = types is not None and set(types) <= set(SPARSE_TYPES)
    # Both at once, so that the movie is read and whitened once.
    both = sta_ste(
        recording,
        np.concatenate([recording.counts, prediction.rates], axis=1),
        np.concatenate([prediction.mask] * 2, axis=1),
        n_lags,
        parts,
        types,
        is_whitened=not is_sparse,
        most_pixels=MOST_PIXELS,
    )
    n = recording.spec.n_neurons
    return both.take(slice(None, n)), both.take(slice(n, None))


def field_scores(recording, data, model):
    """What the averages of spikes and of rates say, a row per neuron.

        rf_y, rf_x, rf_latency_ms, rf_snr_sta, rf_snr_ste, simple_index    of spikes
        model_rf_y, model_rf_x, model_rf_latency_ms                        of the rates
        sta_corr, ste_corr         correlation of both over lags and pixels
        rf_distance_px, latency_difference_ms    of both
        rf_error_px, latency_error_ms, model_rf_error_px, model_latency_error_ms
            from the truth, where the table of neurons has center_y, center_x and
            latency_ms

    Args:
        recording: RecordingData.
        data, model: TriggeredAverages of spikes and rates, see `field_averages`.
    """
    rate = recording.spec.sampling_rate
    own = field_shapes(data, rate)
    theirs = field_shapes(model, rate, own.is_by_energy)
    columns = {
        "rf_y": own.center_y,
        "rf_x": own.center_x,
        "rf_latency_ms": own.latency_ms,
        "rf_snr_sta": own.snr_sta,
        "rf_snr_ste": own.snr_ste,
        "simple_index": own.simple_index,
        "model_rf_y": theirs.center_y,
        "model_rf_x": theirs.center_x,
        "model_rf_latency_ms": theirs.latency_ms,
        "sta_corr": map_correlation(data.sta, model.sta),
        "ste_corr": map_correlation(data.ste - data.power, model.ste - model.power),
        "rf_distance_px": distance(own.centers, theirs.centers),
        "latency_difference_ms": theirs.latency_ms - own.latency_ms,
    }
    truth = true_centers(recording)
    if truth is not None:
        columns["rf_error_px"] = distance(own.centers, truth)
        columns["model_rf_error_px"] = distance(theirs.centers, truth)
    if "latency_ms" in recording.neurons:
        latency = recording.neurons["latency_ms"].to_numpy()
        columns["latency_error_ms"] = own.latency_ms - latency
        columns["model_latency_error_ms"] = theirs.latency_ms - latency
    return pd.DataFrame(columns)


def true_centers(recording):
    """Centres that the table of neurons names, (N, 2) y, x pixels; None without."""
    if not {"center_y", "center_x"} <= {*recording.neurons.columns}:
        return None
    return recording.neurons[["center_y", "center_x"]].to_numpy(np.float64)


def distance(one, other):
    """Euclidean, of places (N, 2): (N,)."""
    return np.sqrt(((np.asarray(one) - np.asarray(other)) ** 2).sum(axis=-1))
