#!/usr/bin/env python
"""Puts the runs of a grid of single options into a table: means and spread over seeds.

    v1-grid configs/grid_cnn_options.yaml
    python scripts/options_table.py results/cnn_options

    v1-grid configs/grid_latent_options.yaml
    python scripts/options_table.py results/latent_options

FOLDER holds the runs of a grid of read-out models or latent evolvers whose options are
changed one at a time. It receives options.csv (a row per run), options.md and
options.png. Beside what v1-compare tells: for read-out models lag-0 mass, errors of
latencies, and scores on trials of another type; for evolvers rollouts, on each
recording that the training judged.
"""

import argparse
import json
import math
import pathlib
import sys

import pandas as pd

from training.quiet_start import start_tensorflow
from v1model.atomic import write_frame, write_text
from v1model.runs import Run
from v1model.runs.summary import read_summary
from visualization.files import write_figure

GRID = "grid.json"  # of v1-grid
AXIS = "one_at_a_time"
JUDGED = "options_table.json"  # in a run: its numbers, and the unseen type of trials
HELD_OUT = "Val"
FAR = "FAR"  # rollouts; their length is part of the published names
# Columns of the tables: heading, key, how it is written.
READOUT = (
    ("bits per spike", "bps_mean", "{:.3f}"),
    ("share of the oracle's", "oracle_share", "{:.3f}"),
    ("correlation", "corr_mean", "{:.3f}"),
    ("lag-0 mass", "lag0_mass", "{:.4f}"),
    ("latency error, ms", "latency_error_ms", "{:.1f}"),
    ("unseen: bits per spike", "unseen_bps_mean", "{:.3f}"),
    ("unseen: correlation", "unseen_corr_mean", "{:.3f}"),
    ("unseen: gain gap", "gain_gap", "{:.3f}"),
    ("minutes", "minutes", "{:.1f}"),
)
BETWEEN = "time_aligned_mse_latent{}_intermediate_avg"
EVOLVER = (
    ("one step", "frame_one_step_mse", "{:.1e}"),
    ("between observations", BETWEEN.format(""), "{:.1e}"),
    ("interpolation", BETWEEN.format("_interpolation"), "{:.1e}"),
    ("long rollouts", f"{FAR}_mse_overall", "{:.1e}"),
    ("constant", f"{FAR}_constant_mse_overall", "{:.1e}"),
    ("steps below constant", f"{FAR}_fraction_below_constant", "{:.3f}"),
    ("diverged", f"{FAR}_diverged_starts", "{:.0f}"),
    ("median R2", "median_r2_bias", "{:.2f}"),
    ("minutes", "minutes", "{:.1f}"),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path, help="results_dir of the grid.")
    parser.add_argument(
        "--unseen",
        default="gaborium",
        help="Read-out models: type of trials that no run was trained on (gaborium).",
    )
    options = parser.parse_args(arguments)
    try:
        make_table(options.folder, options.unseen)
    except (ValueError, OSError) as error:
        sys.exit(f"options_table: {error}")


def make_table(folder, unseen):
    """Judges what is not judged yet, and writes tables and figure; returns the table.

    Args:
        folder: Of the results of a grid.
        unseen: Type of trials for read-out models.

    Raises:
        OSError, ValueError: The folder holds no such grid, or no run is finished.
    """
    room, runs = finished_runs(folder)
    if room == "cnn":
        start_tensorflow()
        rows = [about | _judged(path, unseen) for path, about in runs]
    else:
        rows = [about | own for path, about in runs for own in _diagnosed(path)]
    table = pd.DataFrame(rows)
    text = readout_text(table) if room == "cnn" else evolver_text(table)
    figure = _readout_figure(table) if room == "cnn" else _evolver_figure(table)
    write_frame(folder / "options.csv", table)
    write_text(folder / "options.md", text)
    if figure is not None:
        write_figure(figure, folder / "options.png", dpi=150)
    print(text)
    print(f"wrote options.csv, .md and .png in {folder}")
    return table


def finished_runs(folder):
    """Room of a grid, and of each finished run its folder and a dict: option and seed.

    Raises:
        ValueError: The folder holds no such grid, or no run is finished.
    """
    path = folder / GRID
    try:
        grid = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist: no grid was run there.") from None
    room = grid["grid"]["room"]
    if room not in ("cnn", "latent"):
        raise ValueError(f"{path}: room must be cnn or latent, got {room}.")
    if AXIS not in grid["runs"][0]:
        raise ValueError(f"{path}: the grid has no axes.{AXIS}.")
    found, waiting = [], []
    for run in grid["runs"]:
        place = folder / run["name"]
        if place.is_dir() and read_summary(place).state == "finished":
            found.append((place, {"option": run[AXIS], "seed": run["seed"]}))
        else:
            waiting.append(run["name"])
    if not found:
        raise ValueError(f"{folder}: none of {len(waiting)} runs is finished.")
    if waiting:
        print(f"left out, not finished: {', '.join(waiting)}")
    return room, found


def readout_text(table):
    """The table of read-out models in Markdown; what is known of no run is left out."""
    columns = [one for one in READOUT if table[one[1]].notna().any()]
    return "\n".join(_lines("Held-out trials", table, columns))


def evolver_text(table):
    """The tables of evolvers in Markdown, one for each part that they are judged on.

    Raises:
        ValueError: Rollouts of a part differ in length.
    """
    from visualization.latent.runs import rollout_prefix

    lines = []
    for part, own in table.groupby("part", sort=False):
        own = own.dropna(axis="columns", how="all")
        far = rollout_prefix({part: own.columns})
        columns = [(head, key.replace(FAR, far), words) for head, key, words in EVOLVER]
        lines += _lines(part, own, columns)
    return "\n".join(lines)


def _lines(title, table, columns):
    yield f"{title}, means of {table.seed.nunique()} seeds (standard deviation)"
    yield ""
    yield "| " + " | ".join(["option", *(head for head, *_ in columns)]) + " |"
    yield "|---|" + "---:|" * len(columns)
    for name, own in table.groupby("option", sort=False):
        cells = [_cell(own.get(key), words) for _, key, words in columns]
        yield "| " + " | ".join([name, *cells]) + " |"
    yield ""


def _cell(values, words):
    if values is None or values.isna().all():  # nothing is between single steps
        return "-"
    mean = words.format(values.mean())
    if len(values) == 1 or values.std() == 0:
        return mean
    return f"{mean} ({words.format(values.std())})"


def _readout_figure(table):
    """None where there is nothing beside the baseline."""
    from v1model.grids.expansion import BASE
    from visualization.cnn.options import option_deltas

    return option_deltas(table, BASE) if table["option"].nunique() > 1 else None


def _evolver_figure(table):
    from visualization.latent.runs import runs_figure

    held_out = table[table["part"] == HELD_OUT]
    means = held_out.groupby("option", sort=False).mean(numeric_only=True)
    return runs_figure(means.to_dict("index"), "Means over seeds, held-out part")


def _diagnosed(path):
    """Numbers of a latent run, a dictionary per part that it was judged on."""
    result = Run.open(path).result
    for part, numbers in result["diagnosis"].items():
        numbers = {name: math.nan if n is None else n for name, n in numbers.items()}
        yield {"part": part, "minutes": result["minutes"], **numbers}


def _judged(path, unseen):
    """Numbers of a read-out run, which are kept beside it."""
    kept = path / JUDGED
    if kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["unseen"] == unseen:
            return found["numbers"]
    numbers = _judge(Run.open(path), unseen)
    write_text(kept, json.dumps({"unseen": unseen, "numbers": numbers}, indent=2))
    return numbers


def _judge(run, unseen):
    """Numbers on held-out trials of the training's types, and on unseen ones."""
    from v1model.cnn.checkpoints import load_readout_model
    from v1model.cnn.data import load_recording
    from v1model.cnn.evaluation.table import aggregates, evaluate, evaluate_rates
    from v1model.cnn.lag_energy import lag_energy

    model, config = load_readout_model(run.path)
    types = config.data.types or None
    # With trials of all types: maps of receptive fields are of those for maps.
    data = config.data.model_copy(update={"types": ()})
    seen, others, lag0 = [], [], []
    for path in run.about["inputs"]["recordings"]:
        recording = load_recording(path, data)
        seen.append(evaluate(model, recording, "test", types))
        others.append(evaluate_rates(model, recording, "test", unseen))
        energy = lag_energy(model, recording, "test", types)
        lag0.append(energy.numbers(model.sampling_rate)["lag0_mass"])
    numbers = aggregates(pd.concat(seen, ignore_index=True))
    of_others = aggregates(pd.concat(others, ignore_index=True))
    return numbers | {
        "minutes": run.result["minutes"],
        "oracle_share": numbers.get("oracle_share_median", math.nan),
        "latency_error_ms": numbers.get("model_latency_error_ms_mean_abs", math.nan),
        "lag0_mass": sum(lag0) / len(lag0),
        "unseen_bps_mean": of_others["bps_mean"],
        "unseen_corr_mean": of_others["corr_mean"],
        "gain_gap": of_others["gain_gap_mean"],
    }


if __name__ == "__main__":
    main()
