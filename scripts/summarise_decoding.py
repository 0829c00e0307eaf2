#!/usr/bin/env python
"""Summarises decoding over sessions: a table per decoder and a figure of all sessions.

    python scripts/summarise_decoding.py results.csv --figure summary.png

Sessions that failed or are at chance are counted and marked, never left out. Several
tables are put together.
"""

import argparse
import pathlib
import sys

import numpy as np

from v1model.decoders.results import read_results
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from visualization.decoding.labels import COLOURS
from visualization.decoding.summary import marks_of, summary_figure
from visualization.files import check_figure_path, write_figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", type=pathlib.Path, help="results.csv")
    parser.add_argument("--figure", default="", help="Figure (.png, .pdf or .svg).")
    parser.add_argument("--split", default="", help="Which split, if there are more.")
    parser.add_argument(
        "--run_name", help="Which --run_name of the trainer, if there are more."
    )
    parser.add_argument(
        "--k_shot", type=int, default=0, help="Which K; 0 is the whole training part."
    )
    options = parser.parse_args(arguments)
    try:
        summarise(options)
    except (ValueError, OSError) as error:
        sys.exit(f"summarise_decoding: {error}")


def summarise(options):
    """Prints the table and writes the figure; returns the SessionMarks."""
    figure = check_figure_path(options.figure) if options.figure else None
    rows = chosen_rows(options.tables, options.split, options.k_shot, options.run_name)
    marks = marks_of(rows)
    print(table(marks))
    for session in sorted({mark.session for mark in marks}):
        words = problems(session, marks)
        if words:
            print(words)
    if figure is not None:
        write_figure(summary_figure(marks, SUSPECT_SESSIONS), figure, dpi=200)
        print(f"wrote {figure}")
    return marks


def chosen_rows(tables, split, k_shot, run_name=None):
    """Rows of one split, one K and one name of runs, without those of shuffled labels.

    Raises:
        ValueError: There is none, or several splits or names are left.
    """
    rows = [row for path in tables for row in read_results(path)]
    rows = [row for row in rows if not row.shuffled and row.k_shot == k_shot]
    rows = _of_one(rows, "split", split or None)
    rows = _of_one(rows, "run_name", run_name)
    if not rows:
        raise ValueError(
            f"no row of --k_shot {k_shot}, --split {split or 'any'} and --run_name "
            f"{'any' if run_name is None else repr(run_name)} in "
            f"{', '.join(map(str, tables))}."
        )
    return rows


def _of_one(rows, field, chosen):
    """Rows in which a field is as chosen; None if it is the same in all."""
    found = sorted({getattr(row, field) for row in rows})
    if chosen is None and len(found) > 1:
        raise ValueError(f"the tables have {field} {found}: choose with --{field}.")
    return [row for row in rows if chosen in (None, getattr(row, field))]


def table(marks):
    """Median and range over sessions of each decoder, failures counted, as text."""
    lines = [
        f"{'decoder':17}{'sessions':>9}{'median':>8}{'lowest':>8}{'highest':>8}"
        f"{'at chance':>11}{'failed':>8}"
    ]
    for name in COLOURS:
        own = [mark for mark in marks if mark.decoder == name]
        if not own:
            continue
        found = [mark.accuracy for mark in own if mark.accuracy is not None]
        numbers = [np.median(found), min(found), max(found)] if found else []
        cells = "".join(f"{number:8.3f}" for number in numbers) or f"{'-':>8}" * 3
        low = sum(mark.is_at_chance for mark in own)
        failed = len(own) - len(found)
        lines.append(f"{name:17}{len(own):9}{cells}{low:11}{failed:8}")
    return "\n".join(lines)


def problems(session, marks):
    """What is wrong with a session, in a line; empty if nothing is."""
    words, failed = [], {}
    for mark in marks:
        if mark.session != session:
            continue
        if mark.accuracy is None:
            failed.setdefault(mark.error, []).append(mark.decoder)
        elif mark.is_at_chance:
            words.append(f"{mark.decoder} at chance ({mark.accuracy:.3f})")
    words += [f"{', '.join(names)} failed ({why})" for why, names in failed.items()]
    known = {str(name): why for name, why in SUSPECT_SESSIONS.items()}
    if session in known:
        words.append(f"known suspect: {known[session]}")
    return f"{session}: {'; '.join(words)}" if words else ""


if __name__ == "__main__":
    main()
