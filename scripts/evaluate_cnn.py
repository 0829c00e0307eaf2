#!/usr/bin/env python
"""Judges read-out models on recordings: tables per neuron, numbers, figures.

    python scripts/evaluate_cnn.py RUN RECORDING --out FOLDER
    python scripts/evaluate_cnn.py natural=RUN gabor=RUN RECORDING --out FOLDER

RUN is the folder of a training or one of its checkpoints, RECORDING the file of one of
its recordings; several of each may be given. Of each pair of a run and a recording,
FOLDER/RUN_RECORDING holds

    neurons.csv     a row per neuron: bits per spike, correlations, receptive fields...
    numbers.csv     the same of all neurons, and of each kind of them
    *.png           figures

and FOLDER matrix.csv and matrix.png: each run (rows, by the name before =) on each type
of trials of each recording.
"""

import argparse
import pathlib
import sys

import pandas as pd

from training.quiet_start import quiet_start

PARTS = ("train", "validation", "test")
# Of DataParams, what decides which numbers a model reads and is judged by.
READ_BY = ("activity", "stimulus", "behavior", "split_by", "validation_share")
READ_BY += ("test_share", "split_seed", "invalid_lags", "mask", "held_out_neurons")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "paths", nargs="+", help="Runs, as RUN or NAME=RUN, then recordings (.h5)."
    )
    parser.add_argument("--out", required=True, type=pathlib.Path, help="Folder.")
    parser.add_argument("--part", default="test", choices=PARTS, help="Of the trials.")
    parser.add_argument(
        "--types", default="", help="Of the trials, A,B; none scores all together."
    )
    parser.add_argument("--dpi", type=int, default=130, help="Of the figures.")
    options = parser.parse_args(arguments)
    try:
        judge(options)
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate_cnn: {error}")


def judge(options):
    """Writes everything and prints the main numbers, which it returns by pair."""
    runs, paths = _runs_and_recordings(options.paths)
    types = tuple(name for name in options.types.split(",") if name) or None
    if options.dpi < 1:
        raise ValueError(f"dpi must be at least 1, got {options.dpi}.")
    with quiet_start():
        from v1model.cnn.checkpoints import load_readout_model
        from v1model.cnn.data import load_recording
        from v1model.cnn.evaluation import generalisation_matrix
        from v1model.cnn.evaluation.report import report
        from v1model.cnn.evaluation.table import require_readout
        from visualization.cnn.matrix import generalisation_heatmap
        from visualization.cnn.writing import write_report, write_table
        from visualization.files import write_figure
    loaded = {name: load_readout_model(path) for name, path in runs.items()}
    data = _common_data({name: config.data for name, (_, config) in loaded.items()})
    recordings = [load_recording(path, data) for path in paths]
    for recording in recordings:
        recording.trials_of(options.part, types)
        for model, _ in loaded.values():
            require_readout(model, recording)
    numbers, matrices = {}, []
    for recording in recordings:
        for name, (model, _) in loaded.items():
            found = report(model, recording, options.part, types)
            folder = options.out / f"{name}_{recording.spec.name}"
            history = _history(runs[name])
            numbers[name, recording.spec.name] = write_report(
                found, folder, options.dpi, history
            )
        models = {name: model for name, (model, _) in loaded.items()}
        matrix = generalisation_matrix(models, recording, options.part, types)
        matrices.append(matrix.assign(recording=recording.spec.name))
    matrix = pd.concat(matrices, ignore_index=True)
    write_table(matrix, options.out / "matrix.csv")
    mean = matrix.groupby(["train", "test"], sort=False).mean(numeric_only=True)
    write_figure(
        generalisation_heatmap(mean.reset_index()),
        options.out / "matrix.png",
        dpi=options.dpi,
    )
    for (run, recording), own in numbers.items():
        print(f"{run} on {recording}, part {options.part}:")
        for name, value in own.items():
            print(f"  {name:32s} {value:.4g}")
    print(f"wrote {options.out}")
    return numbers


def _runs_and_recordings(words):
    """Paths of runs by name, and of recordings, which are files that end in .h5.

    Raises:
        ValueError: There is none of one of them, or two runs have one name.
    """
    runs, recordings = {}, []
    for word in words:
        name, sign, rest = word.partition("=")
        path = pathlib.Path(rest if sign else word)
        is_checkpoint = path.parent.name == "checkpoints"
        if path.suffix == ".h5" and not sign and not is_checkpoint:
            recordings.append(path)
            continue
        own = path.parents[1] if is_checkpoint else path
        name = name if sign else own.resolve().name
        if name in runs:
            raise ValueError(f"two runs have the name '{name}'; say NAME=RUN.")
        runs[name] = path
    if not runs or not recordings:
        raise ValueError(
            f"runs and recordings are needed, got {len(runs)} and {len(recordings)}."
        )
    return runs, recordings


def _common_data(by_run):
    """DataParams that all runs are judged with: of all types of trials.

    Args:
        by_run: DataParams by name of the run.

    Raises:
        ValueError: Runs read recordings in other ways, or split them otherwise.
    """
    (first, common), *others = by_run.items()
    for name, data in others:
        for field in READ_BY:
            own, before = getattr(data, field), getattr(common, field)
            if own != before:
                raise ValueError(
                    f"runs must have the same data.{field}: {before} of {first}, {own} "
                    f"of {name}; judge them one by one."
                )
    return common.model_copy(update={"types": ()})


def _history(run):
    """Columns of a run's metrics.csv, or None where it has none."""
    table = run / "metrics.csv"
    return pd.read_csv(table).to_dict("list") if table.is_file() else None


if __name__ == "__main__":
    main()
