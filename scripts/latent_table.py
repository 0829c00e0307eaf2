#!/usr/bin/env python
"""Trains latent evolvers that differ in one thing each, and puts them into a table.

    python scripts/latent_table.py --out results/latent_table
    python scripts/latent_table.py --recording eye.h5 --unseen gratings.h5 --out table

Without a recording a small eye is simulated. Each row is trained with several seeds;
what is finished is not trained again. OUT receives the runs, table.csv (a row per run),
table.md and table.png (means over seeds).
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

import pandas as pd
import yaml

from training.progress import Progress
from v1model.atomic import atomic_path, write_text
from v1model.latent.config import TrainingConfig
from v1model.latent.source import open_source
from v1model.latent.splits import split_of
from visualization.files import write_figure
from visualization.latent.runs import rollout_prefix, runs_figure

ROOT = pathlib.Path(__file__).parents[1]
TRAINER = ROOT / "training" / "latent_training.py"
ALIGNED = "latent_20step"
# Without principal components the coders have everything to learn.
FROM_RANDOM = {"training": {"pca_init": False, "coder_rate": 1.0}}
SKIPLESS = {"use_input_skips": False}
ROWS = {
    "1 step": ("latent_1step", {}),
    "20 steps": (ALIGNED, {}),
    "20 steps, staggered": ("latent_stag_20step", {}),
    "50 steps": ("latent_50step", {}),
    "20, no stimulus": (ALIGNED, {"training": {"stimulus_frequency": "NONE"}}),
    "20, random start": (ALIGNED, FROM_RANDOM),
    "20, random start, no skips": (
        ALIGNED,
        FROM_RANDOM
        | {
            f"{part}_params": SKIPLESS
            for part in ("encoder", "decoder", "evolver", "stimulus_encoder")
        },
    ),
    "20, no zero init": (ALIGNED, {"evolver_params": {"zero_init": False}}),
    "20, gain not bounded": (ALIGNED, {"evolver_params": {"max_lipschitz": 0.0}}),
    "20, no consistency": (ALIGNED, {"training": {"encoder_consistency_loss": 0.0}}),
    "20, linear evolver": (ALIGNED, {"evolver_params": {"kind": "linear"}}),
    "20, noise 0.05": (ALIGNED, {"training": {"latent_noise": 0.05}}),
    "20, curriculum": (ALIGNED, {"training": {"rollout_curriculum_epochs": 5}}),
    "20, TV 1e-3": (ALIGNED, {"evolver_params": {"tv_reg_loss": 1e-3}}),
    "20, AUG 100 neurons": (
        ALIGNED,
        {"training": {"unconnected_to_zero": {"num_neurons": 100}}},
    ),
    "20, stimulus every 20": (
        ALIGNED,
        {"training": {"stimulus_frequency": "TIME_UNITS_INTERPOLATE"}},
    ),
    "20, a tenth hidden": (ALIGNED, {"training": {"neuron_dropout": 0.1}}),
    "20, staggered, causal": (
        "latent_stag_20step",
        {"training": {"acquisition_mode": {"interpolation": "causal"}}},
    ),
}
HELD_OUT = "Val"
STEPS = 2000  # of rollouts, where the recordings have room for them
MARGIN = 20 + 2 * 50 + 1  # rows that 20 starts of the longest time_units need beside
FAR = "FAR"  # rollouts; their length is part of the published names
# Columns of the table: heading, key in the diagnosis, how it is written.
NUMBERS = (
    ("one step", "frame_one_step_mse", "{:.1e}"),
    ("between observations", "time_aligned_mse_latent_intermediate_avg", "{:.1e}"),
    (
        "interpolation",
        "time_aligned_mse_latent_interpolation_intermediate_avg",
        "{:.1e}",
    ),
    ("long rollouts", f"{FAR}_mse_overall", "{:.1e}"),
    ("constant", f"{FAR}_constant_mse_overall", "{:.1e}"),
    ("steps below constant", f"{FAR}_fraction_below_constant", "{:.3f}"),
    ("diverged", f"{FAR}_diverged_starts", "{:.0f}"),
    ("median R2", "median_r2_bias", "{:.2f}"),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recording", help="Recording to train on.")
    parser.add_argument("--unseen", help="Recording of another stimulus, to judge on.")
    parser.add_argument("--out", default="results/latent_table", help="Folder.")
    parser.add_argument("--rows", nargs="+", choices=ROWS, help="Some rows only.")
    parser.add_argument("--seeds", type=int, default=3, help="Seeds, from 1 on.")
    parser.add_argument("--epochs", type=int, help="Epochs; none takes the settings'.")
    parser.add_argument("--jobs", type=int, default=1, help="Trainings at a time.")
    options = parser.parse_args(arguments)
    try:
        make_table(options)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"latent_table: {error}")


def make_table(options):
    """Trains what is missing, and writes table and figure; returns the runs' table."""
    names = options.rows or [*ROWS]
    out = pathlib.Path(options.out)
    steps = rollout_steps(options.recording, options.unseen)
    jobs = [(name, seed) for seed in range(1, options.seeds + 1) for name in names]
    progress = Progress("trained", unit="runs", total=len(jobs))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(_train, *job, out, options, steps) for job in jobs]
        for done in concurrent.futures.as_completed(waiting):
            if done.exception():
                pool.shutdown(cancel_futures=True)
            done.result()
            progress()
    runs = pd.DataFrame(row for name, seed in jobs for row in _numbers(name, seed, out))
    with atomic_path(out / "table.csv") as path:
        runs.to_csv(path, index=False, float_format="%.6g")
    write_text(out / "table.md", words_of(runs))
    means = (
        runs[runs.part == HELD_OUT].groupby("row", sort=False).mean(numeric_only=True)
    )
    figure = runs_figure(means.to_dict("index"), "Means over seeds, held-out part")
    write_figure(figure, out / "table.png", dpi=200)
    print((out / "table.md").read_text())
    print(f"wrote {out / 'table.csv'}, table.md and table.png")
    return runs


def rollout_steps(recording, unseen):
    """Steps of the rollouts of all rows: as many as the shorter part has room for.

    Raises:
        OSError, ValueError: A recording is wrong or too short.
    """
    rooms = [STEPS]
    for path in filter(None, (recording, unseen)):
        training = TrainingConfig(training_data_path=str(path))
        with open_source(training) as source:
            split = split_of(training, source.n_steps, source.path)
        rows = split.validation_end - split.validation_start
        rooms.append((rows if path == recording else source.n_steps) - MARGIN)
        if rooms[-1] < 1:
            raise ValueError(
                f"{path}: {source.n_steps} steps have no room for rollouts; "
                f"{MARGIN + 1} must be left to judge."
            )
    return min(rooms)


def words_of(runs):
    """The table in Markdown: means over seeds, and their standard deviation.

    Args:
        runs: Data frame with the columns row, seed, part, minutes and the numbers.

    Raises:
        ValueError: Rollouts of a part differ in length.
    """
    lines = []
    for part, of_part in runs.groupby("part", sort=False):
        of_part = of_part.dropna(axis="columns", how="all")
        far = rollout_prefix({part: of_part.columns})
        lines += [
            f"{part}, means of {runs.seed.nunique()} seeds (standard deviation)",
            "",
        ]
        lines.append(
            "| " + " | ".join(["run", *(n[0] for n in NUMBERS), "minutes"]) + " |"
        )
        lines.append("|---|" + "---:|" * (len(NUMBERS) + 1))
        for name, own in of_part.groupby("row", sort=False):
            cells = [
                _cell(own.get(key.replace(FAR, far)), text) for _, key, text in NUMBERS
            ]
            cells.append(f"{own.minutes.mean():.1f}")
            lines.append("| " + " | ".join([name, *cells]) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(values, text):
    if values is None or values.isna().all():  # nothing is between single steps
        return "-"
    mean = text.format(values.mean())
    if len(values) == 1 or values.std() == 0:
        return mean
    return f"{mean} ({text.format(values.std())})"


def _train(name, seed, out, options, steps):
    """Trains one row with one seed, unless that is done."""
    settings, changes = ROWS[name]
    slug = _slug(name)
    run = out / slug / f"seed{seed}"
    if (run / "result.json").exists():
        return
    path = out / "settings" / f"{slug}.yaml"
    values = yaml.safe_load(
        (ROOT / "training/configs" / f"{settings}.yaml").read_text()
    )
    _update(values, changes)
    if options.unseen:
        unseen = {"name": "unseen", "path": str(options.unseen)}
        values["cross_validation_configs"] = [unseen]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, yaml.safe_dump(values, sort_keys=False))
    command = [sys.executable, str(TRAINER), slug, str(path)]
    command += [f"--results_dir={out}", f"--run_name=seed{seed}"]
    command += [f"--training.seed={seed}", f"--training.rollout_steps={steps}"]
    if options.recording:
        command.append(f"--training.training_data_path={options.recording}")
    if options.epochs:
        command.append(f"--training.epochs={options.epochs}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{name}, seed {seed}: {done.stderr[-2000:]}")


def _numbers(name, seed, out):
    """Numbers of a finished run, a dictionary per part that it was judged on."""
    result = json.loads((out / _slug(name) / f"seed{seed}" / "result.json").read_text())
    for part, numbers in result["diagnosis"].items():
        yield {
            "row": name,
            "seed": seed,
            "part": part,
            "minutes": result["minutes"],
        } | {
            key: float("nan") if value is None else value
            for key, value in numbers.items()
        }


def _update(values, changes):
    """Puts nested changes into nested values."""
    for key, value in changes.items():
        if isinstance(value, dict):
            own = values.setdefault(key, {})
            if isinstance(own, str):  # the short form of acquisition_mode
                own = values[key] = {"mode": own}
            _update(own, value)
        else:
            values[key] = value


def _slug(name):
    return name.replace(",", "").replace(" ", "_").lower()


if __name__ == "__main__":
    main()
