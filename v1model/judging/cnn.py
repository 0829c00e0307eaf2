"""Scores and costs of a trained read-out model."""

import pandas as pd

from v1model.cnn.evaluation.table import LABELS, evaluate_rates
from v1model.cnn.validation import mean_score
from v1model.judging.costs import costs_of, readout_operations
from v1model.runs.scores import write_scores

ROOM = "cnn"
# Of `evaluate_rates`, what is kept; oracle_* where true rates are known, the others
# below n_spikes where trials repeat.
KEPT = ("bps", "corr", "bps_train_null", "oracle_bps", "oracle_share", "n_spikes")
KEPT += ("cc_norm", "feve", "rate_hz")
RELIABILITY = "cc_max"  # highest correlation of any prediction with a mean response


def judge_readouts(run, model, recordings, config, minutes, only=None):
    """Writes scores.csv of the neurons that were fitted, and says what the model cost.

    They are judged on the trials for the test, or for validation where there are none.

    Args:
        run: Run.
        model: ReadoutModel.
        recordings: List of RecordingData.
        config: ReadoutConfig.
        minutes: Of training.
        only: (N,) bool of the neurons by name of the recording; None for those that
            joint training saw.

    Returns:
        For result.json: costs and, of the trials for the test, test_bps and
        test_bps_by_recording.
    """
    found = {
        one.spec.name: neuron_rows(
            model, one, None if only is None else only[one.spec.name]
        )
        for one in recordings
    }
    table = pd.concat(found.values(), ignore_index=True)
    write_scores(run, table, ROOM)
    tested = {
        name: rows["bps"].to_numpy()
        for name, rows in found.items()
        if (rows["part"] == "test").all()
    }
    operations = readout_operations(model, config.data.segment_bins)
    result = {"costs": costs_of(model.count_params(), operations, minutes)}
    if tested:
        is_tested = (table["part"] == "test").to_numpy()
        result["test_bps"] = mean_score(table["bps"].to_numpy()[is_tested])
        result["test_bps_by_recording"] = {
            name: mean_score(scores) for name, scores in tested.items()
        }
    return result


def neuron_rows(model, recording, only=None):
    """Rows of scores.csv, one for each neuron that was fitted: Data frame.

    Args:
        model: ReadoutModel.
        recording: RecordingData with trials for the test or validation.
        only: (N,) bool, neurons that were fitted; None for those that are not held out.
    """
    part = "test" if recording.has("test") else "validation"
    table = evaluate_rates(model, recording, part)
    rows = pd.DataFrame({"group": table["recording"], "unit": table["id"].astype(str)})
    rows = rows.join(table[[name for name in KEPT if name in table]])
    if RELIABILITY in table:
        rows["reliability"] = table[RELIABILITY]
    label = next((name for name in LABELS if name in table), None)
    if label is not None:
        rows["kind"] = table[label].fillna("").astype(str)
    rows["part"] = part
    fitted = ~recording.held_out if only is None else only
    return rows[fitted].reset_index(drop=True)
