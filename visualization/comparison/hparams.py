"""A comparison for TensorBoard's tab HPARAMS: a session per run.

    FOLDER/               the options that differ with their values, and the metrics
    FOLDER/NUMBER_NAME/   one run: its options, and its metrics as scalars

The event files are written without TensorFlow, which would take seconds to start.
"""

import io
import math
import pathlib
import re
import time

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import (
    Discrete,
    HParam,
    Metric,
    hparams_config_pb,
    hparams_pb,
)
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from v1model.atomic import atomic_path
from v1model.comparison.contents import COST_WORDS

# Always the same name, so that a new comparison takes the place of the one before.
EVENTS = "events.out.tfevents.0000000000.v1-compare"
SEED, VARIANT = "seed", "variant"
STATUS = {
    "finished": api_pb2.STATUS_SUCCESS,
    "running": api_pb2.STATUS_RUNNING,
    "killed": api_pb2.STATUS_FAILURE,
    "failed": api_pb2.STATUS_FAILURE,
}


def write_hparams(comparison, folder):
    """Writes the runs of a comparison; `tensorboard --logdir FOLDER` shows them.

    Event files of an earlier comparison in the folder are replaced.

    Args:
        comparison: Comparison.
        folder: Is made if it is missing.

    Returns:
        Path of the folder.

    Raises:
        WriteError: A file cannot be written.
    """
    folder, now = pathlib.Path(folder), time.time()
    for stale in folder.glob(f"*/{EVENTS}"):
        stale.unlink()
    values = _values(comparison)
    metrics = {"score": comparison.words, **COST_WORDS}
    metrics = {name: text for name, text in metrics.items() if name in comparison.runs}
    labels = {**comparison.labels, SEED: SEED, VARIANT: VARIANT}
    config = hparams_config_pb(
        hparams=[
            HParam(name, Discrete(sorted(set(column))), display_name=labels[name])
            for name, column in values.items()
        ],
        metrics=[Metric(name, display_name=text) for name, text in metrics.items()],
    )
    _write(folder / EVENTS, [config], now)
    for number, row in enumerate(comparison.runs.to_dict("records")):
        name = re.sub(r"[^\w.,=+-]+", "_", str(row["run"]))
        own = {option: column[number] for option, column in values.items()}
        known = {k: float(row[k]) for k in metrics if _is_number(row[k])}
        summaries = [hparams_pb(own, trial_id=str(row["run"]), start_time_secs=now)]
        summaries += [scalar_pb(tag, value) for tag, value in known.items()]
        summaries.append(_session_end(STATUS[row["state"]], now))
        _write(folder / f"{number:03d}_{name}" / EVENTS, summaries, now)
    return folder


def _values(comparison):
    """Values of the runs by option, each option of one type."""
    found = {}
    for name in (VARIANT, *comparison.options, SEED):
        column = [*comparison.runs[name]]
        if all(isinstance(value, bool) for value in column):
            found[name] = column
        elif all(_is_number(value) for value in column):
            found[name] = [float(value) for value in column]
        else:
            found[name] = ["" if value is None else str(value) for value in column]
    return found


def _is_number(value):
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return False
    return math.isfinite(value)


def _session_end(status, now):
    """How a session ended; TensorBoard's own function for it needs TensorFlow."""
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=now)
    content = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    summary = summary_pb2.Summary()
    summary.value.add(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(content),
        tensor=metadata.NULL_TENSOR,
    )
    return summary


def _write(path, summaries, now):
    """An event file with these summaries at step 0."""
    text = io.BytesIO()
    records = RecordWriter(text)
    events = [event_pb2.Event(wall_time=now, file_version="brain.Event:2")]
    events += [event_pb2.Event(wall_time=now, summary=one) for one in summaries]
    for event in events:
        records.write(event.SerializeToString())
    with atomic_path(path) as partial:
        partial.write_bytes(text.getvalue())
