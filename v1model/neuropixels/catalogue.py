"""Catalogue: which sessions there are, by the tables beside the session files."""

import dataclasses
import logging
import pathlib

import pandas as pd

from v1model.neuropixels.session import NOWHERE
from v1model.neuropixels.suspects import SUSPECT_SESSIONS

WITH_SCENES = "brain_observatory_1.1"  # the only type that shows natural scenes
_NEEDED = {
    "sessions": ("session_type",),
    "probes": ("ecephys_session_id",),
    "channels": ("ecephys_probe_id", "ecephys_structure_acronym"),
    "units": ("ecephys_channel_id",),
}

logger = logging.getLogger(__name__)


def read_catalogue(folder, unit_filter):
    """A row per session, by id: what it holds of units that pass a UnitFilter.

    Columns: id, session_type, units (that pass), all_units, probes, areas (of the
    units that pass, joined by spaces), suspect (why, or "").

    The tables know nothing of invalid channels. `units` can therefore be larger than
    what is left of the file itself, never smaller.

    Args:
        folder: Holds sessions.csv, probes.csv, channels.csv and units.csv.
        unit_filter: UnitFilter.

    Raises:
        ValueError: A table or a column is missing.
    """
    tables = {name: _read(pathlib.Path(folder), name) for name in _NEEDED}
    units = _units(tables)
    where = str(pathlib.Path(folder) / "units.csv")
    if unit_filter.good_only and "quality" not in units:
        logger.info("%s says nothing of quality; all its units are good", where)
        unit_filter = dataclasses.replace(unit_filter, good_only=False)
    passing = units[unit_filter.passes(units, where)]
    sessions = tables["sessions"]
    probes = tables["probes"]["ecephys_session_id"].value_counts()
    areas = passing.groupby("session_id")["area"].unique()
    counts = passing["session_id"].value_counts()
    totals = units["session_id"].value_counts()
    rows = [
        {
            "id": int(session_id),
            "session_type": str(sessions["session_type"][session_id]),
            "units": int(counts.get(session_id, 0)),
            "all_units": int(totals.get(session_id, 0)),
            "probes": int(probes.get(session_id, 0)),
            "areas": " ".join(sorted(filter(None, areas.get(session_id, ())))),
            "suspect": SUSPECT_SESSIONS.get(int(session_id), ""),
        }
        for session_id in sorted(sessions.index)
    ]
    columns = ("id", "session_type", "units", "all_units", "probes", "areas", "suspect")
    return pd.DataFrame(rows, columns=columns)


def has_tables(folder):
    """Whether a folder holds all four tables."""
    return all((pathlib.Path(folder) / f"{name}.csv").exists() for name in _NEEDED)


def _read(folder, name):
    path = folder / f"{name}.csv"
    if not path.exists():
        raise ValueError(f"{path} is missing.")
    table = pd.read_csv(path)
    missing = [column for column in ("id", *_NEEDED[name]) if column not in table]
    if missing:
        raise ValueError(
            f"{path} lacks the column {missing[0]!r}; it has {', '.join(table)}."
        )
    return table.set_index("id")


def _units(tables):
    """Units with their area and session."""
    channels, probes = tables["channels"], tables["probes"]
    units = tables["units"]
    probe = units["ecephys_channel_id"].map(channels["ecephys_probe_id"])
    acronym = units["ecephys_channel_id"].map(channels["ecephys_structure_acronym"])
    acronym = acronym.fillna("").astype(str)
    return units.assign(
        session_id=probe.map(probes["ecephys_session_id"]),
        area=acronym.where(~acronym.isin(NOWHERE), ""),
        valid_channel=True,
    )
