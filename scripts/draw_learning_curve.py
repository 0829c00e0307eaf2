#!/usr/bin/env python
"""Draws learning curves: how well read-outs do with few trials.

    python scripts/draw_learning_curve.py learning_curve.csv --figure curves.png

Tables are those that `training/cnn_training.py --stage transfer` writes; several are
drawn together.
"""

import argparse
import pathlib
import sys

import pandas as pd

from visualization.cnn.curves import transfer_curves
from visualization.files import check_figure_path, write_figure

COLUMNS = ("share", "method", "recording", "bps_mean", "corr_mean", "seconds")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", type=pathlib.Path, help="Tables (.csv).")
    parser.add_argument("--figure", required=True, help="Figure (.png, .pdf or .svg).")
    options = parser.parse_args(arguments)
    try:
        path = check_figure_path(options.figure)
        table = pd.concat(map(read_curves, options.tables), ignore_index=True)
        write_figure(transfer_curves(table), path, dpi=200)
    except (ValueError, OSError) as error:
        sys.exit(f"draw_learning_curve: {error}")
    print(f"wrote {path}")


def read_curves(path):
    """A table of learning curves.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A column is missing.
    """
    table = pd.read_csv(path)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(f"{path}: column {missing[0]} is missing.")
    return table


if __name__ == "__main__":
    main()
