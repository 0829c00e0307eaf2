"""How well each neuron's spikes are predicted: a table of scores."""

import numpy as np
import pandas as pd

from v1model import metrics
from v1model.recordings import open_recording

TRUE_RATES = "rate"  # name of the signal of recordings whose rates are known
SMOOTHINGS = (1, 2)  # bins, SD
LEAST_ORACLE = 0.05  # bits per spike; a share of less is noise over noise


def neuron_scores(recording, prediction, parts=None, types=None, true_rates=None):
    """Scores of the bins of some trials, a row per neuron.

        id, recording
        held_out                      joint training did not see it; where some are
        n_bins, n_spikes, rate_hz     of the bins that are judged
        bps, bps_train_null           bits per spike, over the mean rate of these bins
                                      and over that of the training trials
        bps_gain, bps_affine          of rates rescaled, cross-fitted by trial
        gain, offset_hz, gain_gap     rates become gain r + offset; bps_affine - bps
        corr, corr_sd1, corr_sd2      single bins, and smoothed by 1 and 2 bins
        deviance, deviance_explained  Poisson's, per bin
        oracle_bps, oracle_corr       of the true rates, where they are known
        oracle_share                  bps / oracle_bps; NaN where that is below 0.05

    Args:
        recording: RecordingData.
        prediction: Prediction of it: rates and mask (T, N).
        parts, types: Of the trials that are judged; None for all.
        true_rates: (T, N) spikes per bin, or None where nobody knows them.

    Raises:
        ValueError: No trial is of these parts and types, or no bin is predicted.
    """
    trials = recording.trials_of(parts, types)
    rows, runs = bins_of(trials)
    counts, rates = recording.counts[rows], prediction.rates[rows]
    mask = prediction.mask[rows]
    if not mask.any():
        raise ValueError(
            f"{recording.path}: no bin of part {parts} and type {types} is predicted."
        )
    sums = metrics.likelihood_sums(counts, rates, mask)
    hz = recording.spec.sampling_rate
    is_seen = sums.n_bins > 0
    columns = {
        "id": recording.neurons["id"].to_numpy(),
        "recording": recording.spec.name,
        **({"held_out": recording.held_out} if recording.held_out.any() else {}),
        "n_bins": sums.n_bins.astype(np.int64),
        "n_spikes": sums.spikes.astype(np.int64),
        "rate_hz": np.where(is_seen, hz * sums.spikes / np.maximum(sums.n_bins, 1), 0),
        "bps": sums.bits_per_spike(),
        "bps_train_null": sums.bits_per_spike(_training_rates(recording)),
    }
    if len(trials) > 1:
        fit = metrics.affine_rescaled(counts, rates, mask, runs)
        columns |= {
            "bps_gain": fit.bits_gain,
            "bps_affine": fit.bits_affine,
            "gain": fit.gain,
            "offset_hz": fit.offset * hz,
            "gain_gap": fit.gain_gap,
        }
    columns["corr"] = metrics.correlation(counts, rates, mask)
    for sd in SMOOTHINGS:
        columns[f"corr_sd{sd}"] = metrics.smoothed_correlation(
            counts, rates, mask, sd, runs
        )
    columns["deviance"] = sums.deviance()
    columns["deviance_explained"] = sums.deviance_explained()
    if true_rates is not None:
        true_rates = true_rates[rows]
        best = metrics.bits_per_spike(counts, true_rates, mask)
        is_known = best >= LEAST_ORACLE
        columns["oracle_bps"] = best
        columns["oracle_corr"] = metrics.correlation(counts, true_rates, mask)
        columns["oracle_share"] = np.where(
            is_known, columns["bps"] / np.where(is_known, best, 1), np.nan
        )
    return pd.DataFrame(columns)


def true_rates_of(recording):
    """The rates that spikes were drawn from, (T, N) spikes per bin; None if unknown.

    They are those of a signal `rate` beside the counts.
    """
    with open_recording(recording.path) as file:
        signal = file.activity.get(TRUE_RATES)
        if signal is None or signal.quantity != "rate":
            return None
    return np.nan_to_num(recording.signal(TRUE_RATES))


def bins_of(trials):
    """Bins of trials one after the other, and the number of the trial of each, (t,)."""
    bins = [
        np.arange(start, stop)
        for start, stop in zip(trials["start"], trials["stop"], strict=True)
    ]
    lengths = [len(own) for own in bins]
    return np.concatenate(bins), np.repeat(np.arange(len(bins)), lengths)


def _training_rates(recording):
    if not (recording.trials["part"] == "train").any():
        return None
    return recording.mean_counts("train")
