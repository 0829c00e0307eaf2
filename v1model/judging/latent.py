"""Scores and costs of a trained latent evolver."""

import numpy as np
import pandas as pd

from v1model.judging.costs import costs_of, latent_operations
from v1model.latent.acquisition import phases_of
from v1model.latent.diagnosis.moments import Moments
from v1model.latent.diagnosis.tables import neuron_table
from v1model.latent.validation import Validation
from v1model.runs.scores import write_scores

ROOM = "latent"
N_STARTS = 128  # rollouts; fewer where the part is short or neurons are many
RATES = ("rate", "count")  # quantities whose mean is a firing rate


def judge_latent(run, trainer, source, minutes):
    """Writes scores.csv of the held-out part; `costs` for result.json.

    Args:
        run: Run.
        trainer: LatentTrainer, whose model is judged.
        source: ActivitySource of the training.
        minutes: Of training.
    """
    split = trainer.split
    held_out = split.validation_start, split.validation_end
    write_scores(run, neuron_rows(trainer.model, source, *held_out), ROOM)
    model = trainer.model
    return {"costs": costs_of(model.count_params(), latent_operations(model), minutes)}


def neuron_rows(model, source, first, last):
    """Rows of scores.csv, one per neuron: Data frame.

        decades             log10 of constant_mse / mse; R2 has no lower end, its mean
                            would be that of the few worst neurons
        r2, r2_bias, mse    of rollouts as long as those of the training, compared where
                            the training compares; see `neuron_table`
        constant_mse        of activity that stays as it is at the start

    Args:
        model: LatentModel.
        source: ActivitySource.
        first, last: Rows of the recording.
    """
    training = model.params.training
    phases = phases_of(training.acquisition_mode, training.time_units, source.n_neurons)
    answers = Validation(model, source, first, last, phases, N_STARTS).answers()
    shape = (-1, source.n_neurons)
    counts = answers.counts.reshape(shape)
    moments = []
    for values in (
        answers.predicted.astype(np.float64) - answers.target,
        answers.target,
        answers.target.astype(np.float64) - answers.start,
    ):
        moments.append(Moments(source.n_neurons))
        moments[-1].add(values.reshape(shape), counts)
    errors, truth, changes = moments
    table = neuron_table(errors, truth, source.cell_types)
    with np.errstate(divide="ignore", invalid="ignore"):
        decades = np.log10(changes.mean_square / table["mse"].to_numpy())
    rows = pd.DataFrame(
        {
            "group": source.name,
            "unit": source.neuron_ids.astype(str),
            "decades": decades,
            "r2": table["r2"],
            "r2_bias": table["r2_bias"],
            "mse": table["mse"],
            "constant_mse": changes.mean_square,
            "variance": table["variance"],
        }
    )
    if source.quantity in RATES:
        hz = 1000 / source.dt_ms if source.quantity == "count" else 1.0
        rows["rate_hz"] = hz * truth.mean
    if (source.cell_types != "").any():
        rows["kind"] = source.cell_types
    return rows.replace([np.inf, -np.inf], np.nan)
