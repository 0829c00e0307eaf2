#!/usr/bin/env python
"""Compares diagnoses of the latent evolver: a table and a figure, a row per run.

    python scripts/compare_latent.py FOLDER FOLDER --figure runs.png --table runs.csv

Each folder is one that diagnose_latent.py has written; its name is that of the row,
unless NAME=FOLDER gives another.
"""

import argparse
import json
import pathlib
import sys

import pandas as pd

from v1model.atomic import atomic_path
from visualization.files import check_figure_path, write_figure
from visualization.latent.runs import runs_figure

NUMBERS = "scalars.json"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", help="FOLDER or NAME=FOLDER.")
    parser.add_argument("--figure", default="", help="Figure (.png, .pdf or .svg).")
    parser.add_argument("--table", default="", help="Table (.csv).")
    options = parser.parse_args(arguments)
    try:
        compare(options)
    except (ValueError, OSError) as error:
        sys.exit(f"compare_latent: {error}")


def compare(options):
    """Prints the table, and writes what is asked for; returns the numbers by run."""
    figure = check_figure_path(options.figure) if options.figure else None
    runs = dict(map(read_numbers, options.folders))
    if len(runs) < len(options.folders):
        raise ValueError(f"two folders have one name; say NAME=FOLDER: {[*runs]}.")
    table = pd.DataFrame(runs).T
    print(table.T.to_string(float_format=lambda value: f"{value:.4g}"))
    if options.table:
        with atomic_path(options.table) as path:
            table.to_csv(path, index_label="run", float_format="%.6g")
    if figure is not None:
        write_figure(runs_figure(runs), figure, dpi=200)
        print(f"wrote {figure}")
    return runs


def read_numbers(words):
    """Name and numbers of a diagnosis; what is null there is NaN.

    Raises:
        ValueError: The folder holds none.
    """
    name, sign, folder = words.partition("=")
    path = pathlib.Path(folder if sign else words)
    try:
        numbers = json.loads((path / NUMBERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} has no {NUMBERS}: it is no diagnosis.") from None
    numbers = {key: float("nan") if n is None else n for key, n in numbers.items()}
    return (name if sign else path.name), numbers


if __name__ == "__main__":
    main()
