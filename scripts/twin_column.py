#!/usr/bin/env python
"""Makes a digital twin of our own spiking column, and says how good it is.

A column sees photographs, over which an eye jumps and drifts, and checks; a read-out
model learns its neurons' rates from these movies. It is judged on photographs that it
has not seen, each shown many times with other noise, so that it is known how much
anybody could predict: correlations by population beside their ceilings, and beside
those of the prediction for another neuron. Its receptive fields, and the spikes', are
compared with the wiring from the LGN, which is known. Writes tables (csv) and a figure;
everything is made once, so that a program that was killed goes on where it was.
"""

import dataclasses
import hashlib
import logging
import pathlib
import sys

import numpy as np
import pandas as pd

import training
from training.progress import Progress
from training.quiet_start import start_tensorflow
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.column_recording.twin_recording import TwinConfig, TwinRecorder
from v1model.options import option, require, require_positive
from visualization.cnn.column import column_twin
from visualization.files import write_figure

PROGRAM = "twin_column"
RECORDING, SCORES, POPULATIONS, FIELDS, FIELDS_BY_POPULATION, FIGURE = (
    "column.h5",
    "neurons.csv",
    "populations.csv",
    "fields.csv",
    "fields_by_population.csv",
    "column_twin.png",
)
N_EXAMPLES = 8
SHOWN = ("corr", "corr_max", "corr_smooth", "corr_smooth_max")
SHOWN += ("corr_mean", "corr_other", "cc_max", "cc_norm", "feve", "bps")


@dataclasses.dataclass(frozen=True)
class TwinColumnConfig:
    """What is recorded and trained, and where everything goes."""

    data: TwinConfig = TwinConfig()
    out: str = option("results/column_twin", "Folder of everything.")
    model: str = option("configs/column_twin.yaml", "Options of the read-out model.")
    epochs: int = option(10, "Epochs.")
    max_minutes: float = option(8.0, "Most minutes of training; 0 is any.")

    def __post_init__(self):
        require_positive(self, "epochs")
        is_ok = self.max_minutes >= 0
        require(is_ok, "max_minutes", "must not be negative", self.max_minutes)


def main(config):
    """Does what is not done yet; wrong input ends with one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        make_twin(config)
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")


def make_twin(config):
    """Records, trains, judges and writes; scores by population, a data frame."""
    start_tensorflow()
    from v1model.cnn.data import load_recording
    from v1model.column_recording import twin_judging as judging

    folder = pathlib.Path(config.out).expanduser()
    options = options_of(config)
    recorder = TwinRecorder(config.data, folder / RECORDING)
    recorder.record(Progress("recorded", "trials"))
    recording = load_recording(recorder.out, options.data)
    silent = recording.metadata["silent"]
    print(
        f"{recorder.out}: {recording.spec.n_neurons} neurons, {sum(silent.values())} "
        "fire too rarely and are left out."
    )
    model = trained_model(config, options, recording)
    neurons = recording.neurons[["id", "population", "layer"]]
    tables = []
    for kind in judging.TYPES:
        shown = judging.shown_of(model, recording, kind)
        found = judging.scores(
            shown, recording.spec.sampling_rate, recording.mean_counts()
        )
        tables.append(pd.concat([neurons.assign(type=kind), found], axis=1))
    scores = pd.concat(tables, ignore_index=True)
    names = judging.populations_in(scores)
    by_population = judging.population_scores(scores, names, silent)
    n_lags = round(judging.FIELD_MS / config.data.bin_ms)
    wired = recorder.averaged_fields(recording.neurons["id"], n_lags)
    fields = judging.fields_of(model, recording, wired, recorder.patch.degrees)
    table = pd.concat([neurons, fields.table], axis=1)
    places = judging.population_fields(table, names)
    for name, frame in (
        (SCORES, scores),
        (POPULATIONS, by_population),
        (FIELDS, table),
        (FIELDS_BY_POPULATION, places),
    ):
        write_text(folder / name, frame.to_csv(index=False, float_format="%.4f"))
    maps = example_maps(fields, table)
    write_figure(column_twin(by_population, table, maps), folder / FIGURE, dpi=200)
    print(words_of(by_population, places))
    print(f"Wrote {folder / POPULATIONS}, {FIELDS_BY_POPULATION} and {FIGURE}.")
    return by_population


def options_of(config):
    """The ReadoutConfig of the twin."""
    from v1model.cnn.config import ReadoutConfig
    from v1model.yaml_settings import load_settings

    return load_settings(
        ReadoutConfig,
        config.model,
        {
            "training.epochs": str(config.epochs),
            "training.max_minutes": str(config.max_minutes),
            "training.seed": str(config.data.seed),
        },
        pathlib.Path(training.__file__).parent,
    )


def trained_model(config, options, recording):
    """The ReadoutModel, trained if it is not yet."""
    from v1model.cnn.checkpoints import load_readout_model
    from v1model.cnn.trainer import CnnTrainer
    from v1model.runs import Run

    text = options.model_dump_json(exclude={"training": {"max_minutes"}})
    name = f"twin-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    path = pathlib.Path(config.out).expanduser() / "runs" / name
    if not is_finished(path):
        run = Run.create(path.parent, name, options, sys.argv)
        progress = Progress("trained", "updates")
        with run.recorded():
            trainer = CnnTrainer(options, [recording], run, progress=progress)
            run.write_result(trainer.train())
    model, _ = load_readout_model(path)
    return model


def is_finished(path):
    """Whether the folder is a run that has come to its end."""
    from v1model.runs import Run

    try:
        return Run.open(path).result is not None
    except FileNotFoundError:
        return False


def example_maps(fields, table):
    """Maps of neurons for the figure, those of which the twin's rates say most.

    Of each population the neuron whose average correlates best with the twin's, in
    turns until there are enough; at the lag at which the data's average varies most.
    """
    known = table[np.isfinite(table["wired_y"]) & np.isfinite(table["sta_corr"])]
    ranks = known.groupby("population")["sta_corr"].rank(ascending=False)
    sizes = known.groupby("population")["id"].transform("size")
    order = known.assign(rank=ranks, size=sizes).sort_values(
        ["rank", "size"], ascending=[True, False]
    )
    chosen = order.head(N_EXAMPLES).sort_values(["layer", "population", "rank"])
    maps = {}
    for row, neuron in chosen.iterrows():
        lag = int(fields.data[row].std(axis=(1, 2)).argmax())
        own = [one[row, lag] for one in (fields.data, fields.model, fields.wired)]
        place = float(neuron["mean_y"]), float(neuron["mean_x"])
        maps[f"{neuron['population']} {neuron['id']}"] = (*own, place)
    return maps


def words_of(scores, places):
    """The results as text: populations from the pia down."""
    lines = []
    for kind, rows in scores.groupby("type", sort=False):
        names = "".join(f"{name.replace('corr_', 'c_'):>13}" for name in SHOWN)
        lines.append(f"\n{kind:10}{'judged':>10}{names}")
        for _, row in rows.iterrows():
            numbers = "".join(f"{row[name]:13.3f}" for name in SHOWN)
            judged = f"{row['judged']}/{row['neurons']}"
            lines.append(f"{row['population']:10}{judged:>10}{numbers}")
    names = [name for name in places if name not in ("population", "wired")]
    lines.append("\nreceptive fields, medians; centres in degrees")
    lines.append(f"{'':10}{'wired':>6}" + "".join(f"{name:>22}" for name in names))
    for _, row in places.iterrows():
        numbers = "".join(f"{row[name]:22.3f}" for name in names)
        lines.append(f"{row['population']:10}{row['wired']:>6}{numbers}")
    return "\n".join(lines)


def cli():
    flags.run(main, TwinColumnConfig)


if __name__ == "__main__":
    cli()
