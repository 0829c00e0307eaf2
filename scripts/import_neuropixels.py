#!/usr/bin/env python
"""Turns a Neuropixels session file into a recording, or says what is in it.

Reads the NWB files of Allen Visual Coding Neuropixels with h5py alone. Without --out
it prints a summary: units by area, presentations by stimulus, invalid times.
"""

import dataclasses
import logging
import sys
import time

from training.progress import Progress
from v1model import flags
from v1model.neuropixels.conversion import session_to_recording
from v1model.neuropixels.presentations import INVALID
from v1model.neuropixels.session import load_session
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.options import option, require, require_positive


@dataclasses.dataclass(frozen=True)
class ImportConfig:
    """What is read and written."""

    units: UnitFilter = dataclasses.field(default_factory=UnitFilter)
    nwb: str = option("", "The session file.")
    out: str = option("", "The recording to write, .h5; empty prints a summary.")
    dt_ms: float = option(1.0, "Length of a step of the recording, ms.")
    templates: str = option(
        "", "Folder of natural_scene_N.tiff; they become the stimulus."
    )

    def __post_init__(self):
        require(self.nwb, "nwb", "must name a session file", "nothing")
        require_positive(self, "dt_ms")


def main(config):
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        session = load_session(config.nwb, config.units)
        print(summary(session))
        if config.out:
            convert(session, config.out, config.dt_ms, config.templates or None)
    except (ValueError, OSError) as error:
        sys.exit(f"import_neuropixels: {error}")


def convert(session, path, dt_ms, templates):
    """Writes the recording of a session, and says so."""
    began = time.monotonic()
    progress = Progress(f"converting {session.session_id}")
    session_to_recording(
        session, path, dt_ms=dt_ms, templates=templates, progress=progress
    )
    n, took = int(session.spikes.counts.sum()), time.monotonic() - began
    print(f"Wrote {path}: {len(session.units)} units, {n:,} spikes, {took:.0f} s.")


def summary(session):
    """What is in a session, as text."""
    units, table = session.units, session.presentations
    lines = [
        f"session {session.session_id}, {session.session_type or 'type not said'}",
        f"{len(units)} units pass: {session.unit_filter}",
    ]
    for area, members in units.groupby("area"):
        n = session.spikes.take(members.index).counts.sum()
        probes = " ".join(sorted(set(members["probe"])))
        lines.append(
            f"  {area or 'nowhere':8}{len(members):6} units {n:12,} spikes  {probes}"
        )
    lines.append(f"{len(table):,} presentations")
    for name, rows in table.groupby("stimulus", sort=False):
        length = (rows["stop_s"] - rows["start_s"]).median()
        reasons = ""
        if name == INVALID:
            counts = rows["invalid"].value_counts()
            reasons = "  " + ", ".join(f"{n} {reason}" for reason, n in counts.items())
        lines.append(f"  {name:24}{len(rows):8,} of {length:.4f} s{reasons}")
    lines.append(f"{len(session.invalid_times)} invalid times")
    for row in session.invalid_times.itertuples():
        lines.append(f"  {row.start_s:.2f} to {row.stop_s:.2f} s: {row.label}")
    if session.session_id in SUSPECT_SESSIONS:
        lines.append(f"SUSPECT: {SUSPECT_SESSIONS[session.session_id]}")
    return "\n".join(lines)


if __name__ == "__main__":
    flags.run(main, ImportConfig)
