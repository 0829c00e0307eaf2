#!/usr/bin/env python
"""Trains read-out models that differ from one another in one option each: a table.

    python scripts/cnn_table.py --out results/cnn_table
    python scripts/cnn_table.py --recordings a.h5,b.h5 --types backimage --out table

Without recordings, model neurons whose rates are known are simulated. Each option is
switched on alone, with several seeds; what is finished is not trained again. OUT
receives the runs, table.csv (a row per run), table.md and table.png (differences from
the baseline of the same seed); table.json says what the runs were made from.
"""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys

import pandas as pd

from training.cnn_training import FOLDER
from training.progress import Progress
from v1model.atomic import atomic_path, write_text
from v1model.cnn.config import ReadoutConfig
from v1model.yaml_settings import load_settings
from visualization.cnn.options import option_deltas
from visualization.files import write_figure

TRAINER = FOLDER / "cnn_training.py"
SETTINGS = "configs/plain_none_none_gaussian.yaml"
BASELINE = "baseline"
TABLE_OF = "table.json"
MADE_FROM = ("recordings", "model", "types", "unseen", "epochs")  # of all runs in OUT
RECORDING = {"gratings_minutes": 0.0, "fixrsvp_repeats": 0}  # of simulated neurons


def _norm(words):
    """Stem and blocks have this norm."""
    return {f"model.convnet.{part}.norm": words for part in ("stem", "blocks.*")}


# What each row changes, by dotted name, as on a command line.
OPTIONS = {
    BASELINE: {},
    "mask of 2 bins": {"model.frontend.min_latency_ms": "16"},
    "mask of 3 bins": {"model.frontend.min_latency_ms": "25"},
    "low frequencies penalised": {"regularization.temporal_frequency.weight": "0.03"},
    "zero-sum kernels": {"model.frontend.is_zero_sum": "true"},
    "zero-sum penalty": {"regularization.temporal_derivative.weight": "0.1"},
    "lag-0 penalty": {"regularization.lag0.weight": "0.1"},
    "GRN": _norm("{type: grn}"),
    "LRN": _norm("{type: lrn}"),
    "instance norm, a frame": _norm("{type: frame_instance}"),
    "instance norm, 12 bins": _norm("{type: instance, window_bins: 12}"),
    "temporal-context norm": _norm("{type: temporal_context}"),
    "conditioned norm": _norm("{type: conditioned, base: {type: grn}}"),
    "mixed norms": _norm(
        "{type: mixed, of: [{type: none}, {type: grn}, {type: temporal_context}]}"
    ),
    "calibration": {"model.calibration": "true"},
    "inverse-rate weights": {"loss.rate_weight_alpha": "1"},
    "correlation in the loss": {"loss.correlation_weight": "0.1"},
}
# Columns of the table: heading, key, how it is written.
NUMBERS = (
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


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", help="Files, joined by commas.")
    parser.add_argument("--model", default=SETTINGS, help="Settings of the baseline.")
    parser.add_argument("--types", default="backimage", help="Trials to train on.")
    parser.add_argument("--unseen", default="gaborium", help="Trials never trained on.")
    parser.add_argument("--out", default="results/cnn_table", help="Folder.")
    rows = "Some rows only, of: " + "; ".join(OPTIONS)
    parser.add_argument("--rows", nargs="+", choices=OPTIONS, metavar="ROW", help=rows)
    parser.add_argument("--seeds", type=int, default=3, help="Seeds, from 1 on.")
    parser.add_argument("--epochs", type=int, help="Epochs; none takes the settings'.")
    parser.add_argument("--jobs", type=int, default=1, help="Trainings at a time.")
    options = parser.parse_args(arguments)
    try:
        make_table(options)
    except (ValueError, OSError) as error:
        sys.exit(f"cnn_table: {error}")


def make_table(options):
    """Trains what is missing, and writes table and figure; returns the runs' table.

    Raises:
        OSError, ValueError: An option is wrong, or the folder holds another table; or
            a training failed.
    """
    for name in ("seeds", "jobs"):
        if getattr(options, name) < 1:
            raise ValueError(
                f"{name} must be at least 1, got {getattr(options, name)}."
            )
    out = pathlib.Path(options.out)
    names = options.rows or [*OPTIONS]
    for name in names:  # all of them before the first one is trained
        changes = _changes(name, 1, options)
        config = load_settings(ReadoutConfig, options.model, changes, FOLDER)
    _require_same_table(options, out)
    out.mkdir(parents=True, exist_ok=True)
    paths = _recordings(options.recordings, out)
    for path in paths:
        recording = _recording(path, config)
        for types in (options.types.split(","), options.unseen):
            recording.trials_of("test", types)
    write_text(out / TABLE_OF, json.dumps(_made_from(options), indent=2) + "\n")
    jobs = [(name, seed) for seed in range(1, options.seeds + 1) for name in names]
    progress = Progress("trained", unit="runs", total=len(jobs))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(_train, *job, paths, out, options) for job in jobs]
        for done in concurrent.futures.as_completed(waiting):
            if done.exception():
                pool.shutdown(cancel_futures=True)
            done.result()
            progress()
    runs = pd.DataFrame([_numbers(*job, paths, out, options) for job in jobs])
    with atomic_path(out / "table.csv") as path:
        runs.to_csv(path, index=False, float_format="%.6g")
    write_text(out / "table.md", words_of(runs))
    if len(names) > 1 and BASELINE in names:
        write_figure(option_deltas(runs, BASELINE), out / "table.png", dpi=150)
    print(words_of(runs))
    print(f"wrote what is in {out}")
    return runs


def words_of(runs):
    """The table in Markdown: means over seeds, and their standard deviation.

    Args:
        runs: Data frame with the columns option, seed and those of NUMBERS; what is
            known of no run is left out.
    """
    shown = [number for number in NUMBERS if runs[number[1]].notna().any()]
    lines = [
        f"Means of {runs.seed.nunique()} seeds (standard deviation)",
        "",
        "| " + " | ".join(["option", *(heading for heading, *_ in shown)]) + " |",
        "|---|" + "---:|" * len(shown),
    ]
    for name, own in runs.groupby("option", sort=False):
        cells = [_cell(own[key], text) for _, key, text in shown]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join([*lines, ""])


def _changes(name, seed, options):
    """What a row changes in the settings, texts by dotted name."""
    changes = {
        "training.seed": str(seed),
        "data.types": f"[{options.types}]",
        **OPTIONS[name],
    }
    if options.epochs is not None:
        changes["training.epochs"] = str(options.epochs)
    return changes


def _made_from(options):
    return {name: getattr(options, name) for name in MADE_FROM}


def _require_same_table(options, out):
    """Refuses a folder whose runs were made from something else."""
    path = out / TABLE_OF
    if not path.exists():
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    for name, value in _made_from(options).items():
        if found[name] != value:
            raise ValueError(
                f"{out} has runs with {name} {found[name]}, got {value}; --out must be "
                "another folder."
            )


def _recordings(given, out):
    """Paths of the recordings; without any, one is simulated."""
    if given:
        return given.split(",")
    from v1model.known_v1 import KnownV1Config, simulate

    path = out / "known_v1.h5"
    if not path.exists():
        simulate(path, KnownV1Config(**RECORDING))
    return [str(path)]


def _train(name, seed, paths, out, options):
    """Trains one row with one seed, unless that is done."""
    folder = out / _slug(name)
    if (folder / f"seed{seed}" / "result.json").exists():
        return
    command = [sys.executable, str(TRAINER), f"--model={options.model}"]
    command += [f"--recordings={','.join(paths)}", f"--results_dir={folder}"]
    command += [f"--run_name=seed{seed}"]
    changes = _changes(name, seed, options).items()
    command += [f"--{key}={value}" for key, value in changes]
    done = subprocess.run(command, capture_output=True, text=True, env=_quiet())
    if done.returncode:
        raise ValueError(f"{name}, seed {seed}: {done.stderr[-2000:]}")


def _numbers(name, seed, paths, out, options):
    """Numbers of a finished run, judged once."""
    run = out / _slug(name) / f"seed{seed}"
    judged = run / "judged.json"
    if not judged.exists():
        write_text(judged, json.dumps(_judged(run, paths, options)))
    minutes = json.loads((run / "result.json").read_text())["minutes"]
    numbers = json.loads(judged.read_text())
    return {"option": name, "seed": seed, "minutes": minutes} | numbers


def _judged(run, paths, options):
    """Numbers of a run on held-out pictures and on what it never saw."""
    from v1model.cnn.checkpoints import load_readout_model
    from v1model.cnn.evaluation.table import aggregates, evaluate, evaluate_rates
    from v1model.cnn.lag_energy import lag_energy

    model, config = load_readout_model(run)
    seen, unseen, lag0 = [], [], []
    types = tuple(options.types.split(","))
    for path in paths:
        recording = _recording(path, config)
        seen.append(evaluate(model, recording, "test", types))
        unseen.append(evaluate_rates(model, recording, "test", options.unseen))
        energy = lag_energy(model, recording, "test", types)
        lag0.append(energy.numbers(model.sampling_rate)["lag0_mass"])
    numbers = aggregates(pd.concat(seen, ignore_index=True))
    others = aggregates(pd.concat(unseen, ignore_index=True))
    return numbers | {
        "oracle_share": numbers.get("oracle_share_median", math.nan),
        "latency_error_ms": numbers.get("model_latency_error_ms_mean_abs", math.nan),
        "lag0_mass": sum(lag0) / len(lag0),
        "unseen_bps_mean": others["bps_mean"],
        "unseen_corr_mean": others["corr_mean"],
        "gain_gap": others["gain_gap_mean"],
    }


def _recording(path, config):
    """With trials of all types: maps of receptive fields are of those for maps."""
    from v1model.cnn.data import load_recording

    return load_recording(path, config.data.model_copy(update={"types": ()}))


def _quiet():
    """TensorFlow tells of drivers that it did not find."""
    return {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}


def _cell(values, text):
    mean = text.format(values.mean())
    return mean if len(values) == 1 else f"{mean} ({text.format(values.std())})"


def _slug(name):
    return name.replace(",", "").replace(" ", "_").lower()


if __name__ == "__main__":
    main()
