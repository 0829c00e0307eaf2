#!/usr/bin/env python
"""Writes a recording as an NWB file.

    python scripts/export_recording.py recording.h5 --out recording.nwb

What goes where is told by v1model.recordings.nwb_export;
scripts/import_recording.py makes the same recording of it again.
"""

import pathlib
import sys

from absl import app, flags

from v1model.flags import list_under_help
from v1model.recordings import export_nwb, open_recording


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_string(
        "out",
        "",
        "NWB file to write; empty puts it beside the recording.",
        flag_values=values,
    )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) != 2:
        raise app.UsageError("one recording is needed: export_recording.py FILE")
    try:
        export(argv[1], flags.FLAGS)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")


def export(path, values):
    """Writes the NWB file; returns its path."""
    path = pathlib.Path(path)
    out = pathlib.Path(values.out or path.with_suffix(".nwb"))
    if out.suffix != ".nwb":
        raise ValueError(f"out must end with .nwb, got {out}.")
    with open_recording(path) as recording:
        export_nwb(recording, out)
    print(f"{out}: {out.stat().st_size / 1e6:,.1f} MB")
    return out


if __name__ == "__main__":
    define_flags()
    app.run(main)
