#!/usr/bin/env python
"""Says what is in a recording, and draws a stretch of it.

    python scripts/inspect_recording.py recording.h5

Prints what it is, when, how many neurons, signals, stimuli, trials, validity, size, and
the rate of each cell type or area; draws the middle of it: stimulus, raster, voltages
or another dense signal, rates. Only that stretch is read, so a recording may be of any
size.
"""

import pathlib
import sys

from absl import app, flags

from v1model.flags import list_under_help
from v1model.recordings import open_recording
from v1model.recordings.summary import summary_text
from visualization.files import check_figure_path, write_figure
from visualization.recording.overview import recording_overview
from visualization.recording.stretch import read_stretch

DPI = 200


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    for name, help_text in (
        (
            "figure",
            "Figure to write (.png, .pdf or .svg); empty puts a .png beside the "
            "recording.",
        ),
        (
            "by",
            "Column of the table of neurons by which they are put together; empty "
            "chooses the cell type, area or layer.",
        ),
    ):
        flags.DEFINE_string(name, "", help_text, flag_values=values)
    for name, lowest, help_text in (
        ("start_s", None, "When the stretch begins that is drawn; the middle if none."),
        ("seconds", 0.001, "How long it is; about 1,500 steps if none."),
    ):
        flags.DEFINE_float(
            name, None, help_text, lower_bound=lowest, flag_values=values
        )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) != 2:
        raise app.UsageError("one recording is needed: inspect_recording.py FILE")
    try:
        inspect(argv[1], flags.FLAGS)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


def inspect(path, values):
    """Prints and draws a recording; returns the path of the figure."""
    path = pathlib.Path(path)
    figure_path = check_figure_path(values.figure or path.with_suffix(".png"))
    with open_recording(path) as recording:
        print(summary_text(recording, values.by or None))
        stretch = read_stretch(
            recording, values.start_s, values.seconds, values.by or None
        )
    write_figure(recording_overview(stretch), figure_path, DPI)
    print(f"\ndrawn: {figure_path}")
    return figure_path


if __name__ == "__main__":
    define_flags()
    app.run(main)
