"""Generalisation: models trained on one kind of stimulus, judged on all others."""

import numpy as np
import pandas as pd

from v1model.cnn.evaluation.scores import neuron_scores, true_rates_of
from v1model.cnn.evaluation.table import aggregates, require_readout
from v1model.cnn.prediction import predict

NUMBERS = ("bps_mean", "bps_median", "bps_affine_mean", "bps_gain_mean")
NUMBERS += ("corr_mean", "gain_gap_median", "gain_median", "oracle_share_median")


def generalisation_matrix(models, recording, part="test", types=None):
    """Scores of models on each type of trials, a row per pair.

    Args:
        models: ReadoutModel by the type it was trained on.
        recording: RecordingData with the types that are judged.
        part: Of the trials; None for all.
        types: Columns of the matrix; None takes all of the recording's trials.

    Returns:
        Data frame: train, test, bps_mean, bps_median, bps_affine_mean, bps_gain_mean,
        corr_mean, gain_gap_median, gain_median, n_neurons, and oracle_share_median
        where true rates are known.

    Raises:
        ValueError: A model has no read-out for the recording, or a type no trials.
    """
    if types is None:
        types = sorted(set(recording.trials_of(part)["type"]))
    for model in models.values():
        require_readout(model, recording)
    for one in types:
        recording.trials_of(part, one)
    truth = true_rates_of(recording)
    rows = []
    for train, model in models.items():
        prediction = predict(model, recording, part, types)
        for test in types:
            scores = neuron_scores(recording, prediction, part, test, truth)
            numbers = aggregates(scores)
            row = {name: numbers.get(name, np.nan) for name in NUMBERS}
            row["n_neurons"] = int(numbers["n_neurons"])
            rows.append({"train": train, "test": test, **row})
    return pd.DataFrame(rows)
