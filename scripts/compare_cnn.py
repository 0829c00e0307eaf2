#!/usr/bin/env python
"""Compares read-out models with a baseline: a table and a figure, a dot per seed.

    python scripts/compare_cnn.py baseline=FOLDER baseline=FOLDER mask=FOLDER \\
        --table options.csv --figure options.png

Each FOLDER is one of a run and a recording that evaluate_cnn.py has written; those with
the same name before = are the same option with another seed, which is that of the run.
Differences are taken from the baseline of the same seed. Recordings of a run are
averaged.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import pandas as pd

from v1model.atomic import atomic_path
from visualization.cnn.options import option_deltas
from visualization.files import check_figure_path, write_figure

# What the table calls a number of numbers.csv.
NUMBERS = {
    "bps_mean": "bps_mean",
    "corr_mean": "corr_mean",
    "oracle_share": "oracle_share_median",
    "lag0_mass": "lag0_mass_mean",
    "latency_error_ms": "model_latency_error_ms_mean_abs",
    "gain_gap": "gain_gap_mean",
}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", help="OPTION=FOLDER.")
    parser.add_argument("--baseline", default="baseline", help="Its name.")
    parser.add_argument("--table", default="", help="Table (.csv), a row per training.")
    parser.add_argument("--figure", default="", help="Figure (.png, .pdf or .svg).")
    options = parser.parse_args(arguments)
    try:
        compare(options)
    except (ValueError, OSError) as error:
        sys.exit(f"compare_cnn: {error}")


def compare(options):
    """Prints means over seeds, writes what is asked for; returns a row per training."""
    figure = check_figure_path(options.figure) if options.figure else None
    rows = pd.DataFrame(map(read_folder, options.folders))
    table = rows.groupby(["option", "seed"], sort=False).mean().reset_index()
    drawn = option_deltas(table, options.baseline)
    means = table.drop(columns="seed").groupby("option", sort=False).mean()
    print(means.to_string(float_format=lambda value: f"{value:.4g}"))
    if options.table:
        with atomic_path(pathlib.Path(options.table)) as path:
            table.to_csv(path, index=False, float_format="%.6g")
    if figure is not None:
        write_figure(drawn, figure, dpi=200)
        print(f"wrote {figure}")
    return table


def read_folder(words):
    """Option, seed and numbers of a folder of evaluate_cnn.py; NaN where unknown.

    Raises:
        ValueError: There is no option's name, or the folder is another.
    """
    name, sign, folder = words.partition("=")
    path = pathlib.Path(folder)
    if not sign or not name:
        raise ValueError(f"say OPTION=FOLDER, got '{words}'.")
    numbers, about = path / "numbers.csv", path / "run.json"
    for file in (numbers, about):
        if not file.is_file():
            raise ValueError(f"{path} has no {file.name}: it is no evaluation.")
    found = pd.read_csv(numbers).set_index("neurons").loc["all"]
    run = json.loads(about.read_text(encoding="utf-8"))
    row = {own: found.get(theirs, np.nan) for own, theirs in NUMBERS.items()}
    minutes = np.nan if run["minutes"] is None else run["minutes"]
    return {"option": name, "seed": run["seed"], **row, "minutes": minutes}


if __name__ == "__main__":
    main()
