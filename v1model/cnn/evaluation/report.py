"""Report: all that is judged of a model on a recording, as tables and for figures."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.cnn.evaluation import behaviour
from v1model.cnn.evaluation.fields import field_averages, field_scores, field_types
from v1model.cnn.evaluation.scores import true_rates_of
from v1model.cnn.evaluation.table import (
    LABELS,
    aggregates,
    aggregates_by,
    evaluate_rates,
    require_readout,
)
from v1model.cnn.lag_energy import lag_energy
from v1model.cnn.prediction import predict

GRATINGS = "gratings"  # type of trials


class Report(NamedTuple):
    """What is known of a model on a recording.

    neurons: Data frame of `evaluate`, with columns of saccades, gratings and lags where
        the recording has them.
    numbers: Data frame, a row of named numbers for all neurons and for each kind.
    prediction: Prediction of the part that was judged.
    fields: TriggeredAverages of spikes and of rates.
    saccades: SaccadeResponses of spikes and of rates, or None.
    true_rates: (T, N) spikes per bin, or None.
    recording: RecordingData.
    part, types: What was judged.
    """

    neurons: pd.DataFrame
    numbers: pd.DataFrame
    prediction: object
    fields: tuple
    saccades: tuple | None
    true_rates: np.ndarray | None
    recording: object
    part: str
    types: tuple | None


def report(model, recording, part="test", types=None):
    """Judges a model on a recording: Report.

    Args:
        model: ReadoutModel.
        recording: RecordingData, of which the model has a read-out.
        part, types: See `evaluate`.

    Raises:
        ValueError: See `evaluate`.
    """
    require_readout(model, recording)
    prediction = predict(model, recording, part)
    scores = evaluate_rates(model, recording, part, types, prediction)
    chosen = field_types(recording)
    fields = field_averages(recording, predict(model, recording, types=chosen), chosen)
    parts = [scores, field_scores(recording, *fields)]
    velocity = behaviour.behaviour_of(recording, behaviour.EYE_VELOCITY)
    saccades = None
    if velocity is not None:
        saccades = behaviour.saccade_curves(
            recording, prediction, velocity, part, types
        )
    if saccades is not None:
        parts.append(behaviour.saccade_scores(*saccades))
    parts.append(_gratings(model, recording))
    lags = lag_energy(model, recording, part, types)
    columns = np.full((2, len(scores)), np.nan)
    columns[:, lags.neurons] = (
        lags.lag0_mass,
        lags.mean_lag * 1000 / recording.spec.sampling_rate,
    )
    own = dict(zip(("lag0_mass", "mean_latency_ms"), columns, strict=True))
    neurons = pd.concat([*parts, pd.DataFrame(own)], axis=1)
    return Report(
        neurons,
        _numbers(neurons),
        prediction,
        fields,
        saccades,
        true_rates_of(recording),
        recording,
        part,
        types,
    )


def _gratings(model, recording):
    shown = behaviour.behaviour_of(recording, behaviour.GRATING)
    if shown is None or not (recording.trials["type"] == GRATINGS).any():
        return pd.DataFrame()
    prediction = predict(model, recording, types=GRATINGS)
    return behaviour.grating_scores(
        *behaviour.grating_tunings(recording, prediction, shown, types=GRATINGS)
    )


def _numbers(neurons):
    rows = [pd.DataFrame([aggregates(neurons)], index=["all"])]
    label = next((name for name in LABELS if name in neurons), None)
    if label is not None:
        rows.append(aggregates_by(neurons, label))
    return pd.concat(rows).rename_axis("neurons")
