"""evaluate: all that is known of neurons and their prediction, in one table."""

import numpy as np
import pandas as pd

from v1model import metrics
from v1model.cnn.evaluation.fields import (
    distance,
    field_averages,
    field_scores,
    field_types,
    true_centers,
)
from v1model.cnn.evaluation.repeats import repeat_groups, repeat_scores
from v1model.cnn.evaluation.scores import neuron_scores, true_rates_of
from v1model.cnn.prediction import predict

# Of the table of neurons, what rows are told apart by.
LABELS = ("kind", "population", "layer", "cell_type")
MEANS = ("corr", "corr_sd1", "corr_sd2", "deviance_explained", "cc_abs", "cc_norm")
MEANS += ("cc_norm_halves", "feve", "bps_affine", "bps_gain", "gain_gap")
MEANS += ("lag0_mass", "mean_latency_ms", "saccade_corr")
MEDIANS = ("gain_gap", "gain", "offset_hz", "oracle_share", "sta_corr", "ste_corr")
MEDIANS += (
    "feve",  # of a neuron that hardly repeats it has no lower end
    "orientation_difference",
    "rf_distance_px",
    "model_rf_error_px",
    "readout_error_px",
    "rf_error_px",
)
DIFFERENCES = (
    "latency_difference_ms",
    "latency_error_ms",
    "model_latency_error_ms",
)


def evaluate(model, recording, part="test", types=None):
    """How well a model predicts the neurons of a recording, a row per neuron.

    The columns are those of `evaluate_rates` and of `field_scores`. Scores are of the
    trials of one part; maps of receptive fields are of all parts, of trials made for
    maps (gaborium, noise) if there are any.

    Args:
        model, recording, part, types: See `evaluate_rates`.

    Returns:
        Data frame of N rows.

    Raises:
        ValueError: See `evaluate_rates`.
    """
    scores = evaluate_rates(model, recording, part, types)
    chosen = field_types(recording)
    prediction = predict(model, recording, types=chosen)
    fields = field_scores(recording, *field_averages(recording, prediction, chosen))
    return pd.concat([scores, fields], axis=1)


def evaluate_rates(model, recording, part="test", types=None, prediction=None):
    """What `evaluate` says without maps of receptive fields, in half of the time.

    The columns are those of `neuron_scores`, of `repeat_scores` if the part has movies
    that were shown four times or more, labels of the table of neurons, and readout_y,
    readout_x (pixels) with readout_error_px from true centres.

    Args:
        model: ReadoutModel.
        recording: RecordingData, of which the model has a read-out.
        part: "train", "validation" or "test"; None for all.
        types: Of the trials that are scored; None for all.
        prediction: Prediction of the part, if there is one; None predicts.

    Returns:
        Data frame of N rows.

    Raises:
        ValueError: The model has no read-out for the recording, or no trial is of this
            part and these types.
    """
    require_readout(model, recording)
    recording.trials_of(part, types)  # says no before anything is predicted
    groups = repeat_groups(recording, part)
    if prediction is None:  # repeats are of any type
        prediction = predict(model, recording, part, None if groups else types)
    parts = [
        _labels(recording),
        neuron_scores(recording, prediction, part, types, true_rates_of(recording)),
        _readout_places(model, recording),
    ]
    if groups:
        parts.append(repeat_scores(recording, prediction, groups))
    return pd.concat(parts, axis=1)


def aggregates(frame):
    """Named numbers of a table of `evaluate`; NaN where nothing is known.

    Those of `metrics.bits_aggregates`, and bps_train_null_mean, NAME_mean and
    NAME_median of other columns, NAME_mean_abs of differences, favouritism (Spearman of
    bps and rate), gini_oracle_share, cc_norm_left_out (neurons whose ceiling is too
    low), oracle_share_left_out (whose true rates say too little), n_silent (without a
    spike).
    """
    numbers = metrics.bits_aggregates(frame["bps"], frame["n_spikes"])
    numbers["n_silent"] = int((frame["n_spikes"] == 0).sum())
    numbers["bps_train_null_mean"] = _mean(frame["bps_train_null"])
    for names, word, number in (
        (MEANS, "mean", _mean),
        (MEDIANS, "median", lambda x: x.median()),
        (DIFFERENCES, "mean_abs", lambda x: _mean(x.abs())),
    ):
        for name in names:
            if name in frame:
                numbers[f"{name}_{word}"] = float(number(frame[name]))
    numbers["favouritism"] = metrics.favouritism(frame["bps"], frame["rate_hz"])
    if "oracle_share" in frame:
        numbers["gini_oracle_share"] = metrics.gini(frame["oracle_share"])
        numbers["oracle_share_left_out"] = int(frame["oracle_share"].isna().sum())
    if "cc_norm" in frame:
        numbers["cc_norm_left_out"] = int(frame["cc_norm"].isna().sum())
    return numbers


def aggregates_by(frame, label):
    """`aggregates` of each value of a column such as `kind`: a row each."""
    rows = {name: aggregates(own) for name, own in frame.groupby(label, sort=True)}
    return pd.DataFrame(rows).T.rename_axis(label)


def require_readout(model, recording):
    """Raises ValueError unless the model has a read-out for all of a recording."""
    spec = recording.spec
    if spec.name not in model.heads:
        raise ValueError(
            f"{recording.path}: the model has no read-out for '{spec.name}'; it has "
            f"{sorted(model.heads)}."
        )


def _labels(recording):
    found = [name for name in LABELS if name in recording.neurons]
    return recording.neurons[found].reset_index(drop=True)


def _readout_places(model, recording):
    centers = np.asarray(model.readout_centers(recording.spec.name), np.float64)
    places = pd.DataFrame(centers, columns=["readout_y", "readout_x"])
    truth = true_centers(recording)
    if truth is not None:
        places["readout_error_px"] = distance(centers, truth)
    return places


def _mean(values):
    return float(values.mean())
