"""Invalid times of a session: stretches in which something was not recorded well.

Each has three tags, its scope, the id of what it is about, and a label:

    stimulus     the screen was wrong: presentations are dropped
    all_probes   no spikes can be trusted: presentations are dropped, units masked
    probeX       spikes of that probe cannot be trusted: its units are masked

Two intervals overlap if they share a stretch of time; touching is none.
"""

import logging

import numpy as np
import pandas as pd

from v1model.neuropixels.nwb_tables import read_ragged, read_table, require_columns
from v1model.recordings.clock import ROUNDING_S

STIMULUS, ALL_PROBES = "stimulus", "all_probes"

logger = logging.getLogger(__name__)


def read_invalid_times(file, probes):
    """Invalid times of a session file: start_s, stop_s, label.

    Args:
        file: The open file; without the table, nothing is invalid.
        probes: Names of the probes of the session.

    Raises:
        ValueError: An interval ends before it begins, or its tags name nothing known.
    """
    empty = {"start_s": np.float64, "stop_s": np.float64, "label": object}
    if "intervals/invalid_times" not in file:
        return pd.DataFrame({k: np.empty(0, t) for k, t in empty.items()})
    group = file["intervals/invalid_times"]
    require_columns(group, ("tags",))
    table = read_table(group, ("start_time", "stop_time"))
    known = {STIMULUS, ALL_PROBES, *probes}
    where, rows = f"{file.filename}: {group.name}", []
    for row, tags in enumerate(read_ragged(group, "tags")):
        start, stop = table["start_time"][row], table["stop_time"][row]
        if not (np.isfinite([start, stop]).all() and start <= stop):
            raise ValueError(f"{where}: row {row} goes from {start} to {stop} s.")
        labels = known.intersection(map(str, tags))
        if len(labels) != 1:
            raise ValueError(
                f"{where}: tags {list(map(str, tags))} of row {row} must hold one of "
                f"{sorted(known)}."
            )
        if start == stop:
            logger.warning("%s: row %d lasts no time; it masks nothing", where, row)
            continue
        rows.append((start, stop, labels.pop()))
    return pd.DataFrame(rows, columns=list(empty)).astype(empty)


def overlaps(start_s, stop_s, invalid):
    """Whether each of P intervals overlaps any of the invalid times, (P,) bool.

    Args:
        start_s, stop_s: (P,), s.
        invalid: Table with start_s and stop_s.
    """
    start_s, stop_s = np.asarray(start_s)[:, None], np.asarray(stop_s)[:, None]
    from_s, until_s = invalid["start_s"].to_numpy(), invalid["stop_s"].to_numpy()
    shared = np.minimum(stop_s, until_s) - np.maximum(start_s, from_s)
    return (shared > ROUNDING_S).any(axis=1)


def mask_units(invalid, unit_probes, start_s, stop_s):
    """Whether each unit was recorded well all through each interval, (P, U) bool.

    Args:
        invalid: Table of `read_invalid_times`.
        unit_probes: Probe of each unit, (U,) str.
        start_s, stop_s: (P,), s.
    """
    valid = np.ones((len(start_s), len(unit_probes)), bool)
    for label, rows in invalid.groupby("label"):
        if label == STIMULUS:
            continue
        is_hit = overlaps(start_s, stop_s, rows)
        concerned = (np.asarray(unit_probes) == label) | (label == ALL_PROBES)
        valid[np.ix_(is_hit, concerned)] = False
    return valid
