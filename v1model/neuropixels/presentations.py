"""Presentations of a session: what was on the screen, and when."""

import logging

import numpy as np
import pandas as pd

from v1model.neuropixels.invalid_times import ALL_PROBES, STIMULUS, overlaps
from v1model.neuropixels.nwb_tables import read_table, require_group
from v1model.presentations.recording_bins import LONGEST_OVERLAP_S

SUFFIX = "_presentations"
INVALID = "invalid_presentation"  # AllenSDK's name of a stimulus that is not to be used
FIRST = ("stimulus", "start_s", "stop_s")

logger = logging.getLogger(__name__)


def read_presentations(file, invalid):
    """All presentations of all stimuli in order of time.

    Columns: stimulus, start_s, stop_s, block, shown (the stimulus, also where it is
    invalid), invalid (why it is, or ""), and all columns that any stimulus has, such as
    frame and orientation; NaN or "" where another stimulus has them. A presentation
    that overlaps an invalid time of the screen or of all probes has the stimulus
    "invalid_presentation".

    Args:
        file: The open session.
        invalid: Its invalid times.

    Raises:
        ValueError: There is no stimulus, a column is missing, a presentation does not
            end after it began, or two of a stimulus overlap.
    """
    intervals = require_group(file, "intervals")
    names = sorted(name for name in intervals if name.endswith(SUFFIX))
    if not names:
        raise ValueError(
            f"{file.filename}: /intervals has no table of presentations "
            f"(*{SUFFIX}); it has {', '.join(sorted(intervals)) or 'nothing'}."
        )
    table = pd.concat([_read_stimulus(intervals[n]) for n in names], ignore_index=True)
    for name in table:
        table[name] = _column(table[name])
    table = table.sort_values("start_s", kind="stable", ignore_index=True)
    table = table[[*FIRST, *(name for name in table if name not in FIRST)]]
    table["invalid"] = _reasons(table, invalid)
    table["shown"] = table["stimulus"]
    table.loc[table["invalid"] != "", "stimulus"] = INVALID
    return table


def _column(values):
    """A column of all stimuli: numbers, or text; NaN or "" where it is missing."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    values = values.astype(object).where(values.notna() & (values != "null"), "")
    numbers = pd.to_numeric(values, errors="coerce")
    if (numbers.notna() | (values == "")).all() and numbers.notna().any():
        return numbers.astype(np.float64)
    return values.astype(str)


def _read_stimulus(group):
    table = read_table(group, ("start_time", "stop_time"))
    table = table.drop(columns="id").rename(
        columns={
            "start_time": "start_s",
            "stop_time": "stop_s",
            "stimulus_name": "stimulus",
            "stimulus_block": "block",
        }
    )
    name = group.name.rpartition("/")[2][: -len(SUFFIX)]
    if "stimulus" not in table:
        table.insert(0, "stimulus", name)
    where = f"{group.file.filename}: {group.name}"
    start, stop = table["start_s"].to_numpy(), table["stop_s"].to_numpy()
    is_wrong = ~(np.isfinite(start) & np.isfinite(stop) & (stop > start))
    if is_wrong.any():
        row = int(np.flatnonzero(is_wrong)[0])
        raise ValueError(
            f"{where}: row {row} must stop after it starts, but goes from start_time "
            f"{start[row]} to stop_time {stop[row]} s."
        )
    order = np.argsort(start, kind="stable")
    late = stop[order][:-1] - start[order][1:]
    if len(late) and late.max() > LONGEST_OVERLAP_S:
        first, second = order[[late.argmax(), late.argmax() + 1]]
        raise ValueError(
            f"{where}: rows {first} and {second} overlap by {late.max():.4g} s "
            f"(stop_time {stop[first]} s, next start_time {start[second]} s)."
        )
    return table


def _reasons(table, invalid):
    """Which kind of invalid time, if any, spoils each presentation."""
    reasons = np.full(len(table), "", dtype=object)
    for label in (ALL_PROBES, STIMULUS):
        rows = invalid[invalid["label"] == label]
        reasons[overlaps(table["start_s"], table["stop_s"], rows)] = label
    for label, count in zip(*np.unique(reasons, return_counts=True), strict=True):
        if label:
            logger.info("%d presentations are invalid (%s)", count, label)
    return reasons
