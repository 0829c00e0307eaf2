#!/usr/bin/env python
"""Predicts our own spiking column with the latent evolver, and says where it fails.

A small column sees a movie that drifts over natural pictures; latent models learn its
voltages and its smoothed rates from that. They are judged on pictures that are not in
the movie, and on drifting gratings, beside a linear model and beside the ceiling: how
well columns in the same state that see the same, with other noise, predict each other
at best. Writes a table (csv) and a figure; everything is made once, so that a program
that was killed goes on where it was.
"""

import dataclasses
import hashlib
import logging
import pathlib
import sys

import pandas as pd

from training.progress import Progress
from training.quiet_start import start_tensorflow
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.column_recording.evolver_data import (
    SHOWN,
    STIMULUS,
    DataConfig,
    EvolverData,
)
from v1model.column_recording.evolver_judging import (
    CEILING,
    CONSTANT,
    SIGNALS,
    judged_table,
)
from v1model.options import option, require, require_positive
from visualization.files import write_figure
from visualization.latent.column import column_prediction

PROGRAM = "evolve_column"
EVOLVER, LINEAR = "evolver", "linear"
SHOWN_MODELS = (EVOLVER, LINEAR, CONSTANT, CEILING)
HELD_OUT = 0.1  # last part of the recording; the same pictures, with other noise
UPDATES = 110  # of an epoch
MODELLED = {"voltages": "VOLTAGE", "rates": "COUNT"}


@dataclasses.dataclass(frozen=True)
class EvolveConfig:
    """What is trained, and where everything goes."""

    data: DataConfig = DataConfig()
    out: str = option("results/column_evolver", "Folder of everything.")
    latent_dims: int = option(512, "Numbers per latent state.")
    rate_tau_ms: float = option(50.0, "Rates: spikes, smoothed into the past.")
    epochs: int = option(8, f"Epochs of each model, of {UPDATES} updates.")
    seeds: int = option(1, "Trainings of each model; R2 are their means.")
    max_minutes: float = option(3.0, "Most minutes of training of each model.")

    def __post_init__(self):
        for name in ("latent_dims", "rate_tau_ms", "epochs", "seeds"):
            require_positive(self, name)
        is_ok = self.max_minutes >= 0
        require(is_ok, "max_minutes", "must not be negative", self.max_minutes)


def main(config):
    """Does what is not done yet; wrong input ends with one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        evolve(config)
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")


def evolve(config):
    """Records, trains, judges and writes; the table, a data frame."""
    start_tensorflow()
    folder = pathlib.Path(config.out).expanduser()
    data = EvolverData(config.data, folder)
    data.make(lambda what, unit="", scale=1: Progress(what, unit, scale))
    shown = {name: data.shown(name) for name in SHOWN}
    tables = []
    for signal in SIGNALS:
        models = trained_models(config, data, signal)
        for name, one in shown.items():
            table = judged_table(
                signal,
                one,
                models,
                data.populations,
                config.data.step_ms,
                config.rate_tau_ms,
            )
            evolvers = [f"{EVOLVER}_{k}" for k in range(config.seeds)]
            table[EVOLVER] = table[evolvers].mean(axis=1, skipna=False)
            table.insert(0, "stimulus", name)
            table.insert(0, "signal", signal)
            tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    print(words_of(table))
    figure = column_prediction(table, EVOLVER, LINEAR)
    write_figure(figure, folder / "column_prediction.png", dpi=200)
    path = folder / "column_prediction.csv"
    write_text(path, table.to_csv(index=False, float_format="%.4f"))
    print(f"Wrote {path} and {path.with_suffix('.png')}.")
    return table


def trained_models(config, data, signal):
    """The models of a signal by name."""
    from v1model.latent.checkpoints import load_latent_model
    from v1model.latent.diagnosis.linear_evolver import fit_linear_evolver
    from v1model.latent.source import open_source
    from v1model.latent.splits import split_of
    from v1model.latent.trainer import LatentTrainer
    from v1model.runs import Run

    models = {}
    params = params_of(config, data, signal, 0)
    with open_source(params.training) as source:
        split = split_of(params.training, source.n_steps, source.path)
        span = split.train_start, split.train_end
        models[LINEAR] = fit_linear_evolver(source, *span, config.latent_dims)
        for seed in range(config.seeds):
            params = params_of(config, data, signal, seed)
            path = data.folder / "runs" / name_of(signal, params)
            if not is_finished(path):
                run = Run.create(path.parent, path.name, params, sys.argv)
                with run.recorded():
                    run.write_result(LatentTrainer(params, source, run).train())
            models[f"{EVOLVER}_{seed}"] = load_latent_model(path)
    return models


def name_of(signal, params):
    """The name of a run: other options are another run."""
    options = params.model_dump_json(exclude={"training": {"training_data_path"}})
    return f"{signal}-{hashlib.sha256(options.encode()).hexdigest()[:8]}"


def is_finished(path):
    """Whether the folder is a run that has come to its end."""
    from v1model.runs import Run

    try:
        return Run.open(path).result is not None
    except FileNotFoundError:
        return False


def params_of(config, data, signal, seed):
    """The ModelParams of a model of the column."""
    from v1model.latent.config import ModelParams
    from v1model.recordings import open_recording

    with open_recording(data.training) as recording:
        n_steps = recording.n_steps
    border = round((1 - HELD_OUT) * n_steps)
    is_rates = signal == "rates"
    # Noise is private: where numbers are fewer than neurons, the next step is lost.
    width = {"num_hidden_units": config.latent_dims}
    return ModelParams(
        latent_dims=config.latent_dims,
        encoder_params=width,
        decoder_params=width,
        # Rates of unbounded models explode under stimuli that they were not trained on.
        evolver_params=width | {"max_lipschitz": 0.98 if is_rates else 0.0},
        stimulus_encoder_params={"num_hidden_layers": 1},
        training={
            "training_data_path": str(data.training),
            "column_to_model": MODELLED[signal],
            "smoothing_ms": config.rate_tau_ms if is_rates else 0.0,
            "stimulus": STIMULUS,
            # A neuron with a single spike must not count like one with thousands.
            "normalization": "global" if is_rates else "neuron",
            "pca_init": True,
            "coder_rate": 0.05,
            "data_split": {
                "train_start": 0,
                "train_end": border,
                "validation_start": border,
                "validation_end": n_steps,
            },
            # First the next step, which is seen through little noise, then later ones.
            "evolve_multiple_steps": 20,
            "encoder_consistency_loss": 0.3 if is_rates else 0.0,
            "rollout_curriculum_epochs": config.epochs,
            "batch_size": 64,
            "epochs": config.epochs,
            "steps_per_epoch": UPDATES,
            "learning_rate": 5e-4,
            "learning_rate_schedule": "cosine",
            "warmup_steps": 50,
            "grad_clip_max_norm": 1.0,
            "max_minutes": config.max_minutes,
            "save_checkpoint_every_n_epochs": 0,
            "seed": config.data.seed + seed,
        },
    )


def words_of(table):
    """The results as text: a table for each signal and stimulus, from the pia down."""
    lines = []
    for (signal, stimulus), rows in table.groupby(["signal", "stimulus"], sort=False):
        windows = list(dict.fromkeys(rows["window"]))
        chosen = [windows[0], *windows[-1:]] if len(windows) > 1 else windows
        head = "".join(f"{name:>{10 * len(SHOWN_MODELS)}}" for name in chosen)
        lines += [f"\nR2 of {signal}, {stimulus}{'':4}{head}"]
        names = "".join(f"{name:>10}" for name in SHOWN_MODELS)
        lines += [f"{'':10}{'judged':>8}" + names * len(chosen)]
        for population, own in rows.groupby("population", sort=False):
            first = own.iloc[0]
            words = f"{population:10}{first['judged']:>4}/{first['neurons']:<4}"
            for window in chosen:
                row = own[own["window"] == window].iloc[0]
                words += "".join(f"{row[name]:10.3f}" for name in SHOWN_MODELS)
            lines.append(words)
    return "\n".join(lines)


def cli():
    flags.run(main, EvolveConfig)


if __name__ == "__main__":
    cli()
