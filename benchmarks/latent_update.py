"""Seconds per update of the latent evolver's training, beside the plain form of it.

    python benchmarks/latent_update.py [--neurons 1200] [--batch 32] [--updates 7]

The published model, whose rollouts take 5 times 20 steps, on random activity. Ours
folds the evolver, goes back through the steps with an adjoint written by hand and, with
observations in turn, decodes those who are observed. The plain form calls the layers as
they are written down, step after step, and leaves the gradient to TensorFlow: in a
`tf.while_loop`, or unrolled into one graph as the published code is; with observations
in turn it decodes everybody in each step. All begin with the same weights and must have
the same losses after some updates.

Results are added to benchmarks/results/latent_update.csv.
"""

import argparse
import os
import pathlib
import statistics
import time

import numpy as np
import tensorflow as tf
from results_table import machine, record

from v1model.latent.acquisition import draw_starts, phases_of
from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel
from v1model.latent.objective import Objective
from v1model.latent.phases import JOINT_LOSSES, training_phases
from v1model.latent.staggered import same_phase
from v1model.latent.updates import Updates

RESULTS = pathlib.Path(__file__).parent / "results" / "latent_update.csv"
SEED = 3000
TIME_UNITS, MULTIPLES = 20, 5
ROWS = 2000  # of the chunk
INPUTS_PER_NEURON = 1736 / 13741  # published
CLOSE = 1e-3  # largest difference of the losses, relative
TARGET = 2.0  # times faster than the better plain form
FORMS = ("ours", "loop", "unrolled")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1200, help="N.")
    parser.add_argument("--batch", type=int, default=32, help="Starts per update.")
    parser.add_argument("--updates", type=int, default=7, help="Median counts.")
    options = parser.parse_args(arguments)
    rows = []
    for mode in ("time_aligned", "staggered_random"):
        rows.append(measure(mode, options))
        print(words_of(rows[-1]), flush=True)
    record(RESULTS, rows, key_of)


def measure(mode, options):
    """A row of results: a dict.

    Raises:
        SystemExit: The forms disagree.
    """
    training = {
        "time_units": TIME_UNITS,
        "evolve_multiple_steps": MULTIPLES,
        "acquisition_mode": mode,
        "batch_size": options.batch,
    }
    params = ModelParams(training=training)
    chunk = chunk_of(options.neurons, mode)
    rng = np.random.default_rng(SEED)
    n = 1 + options.updates
    starts = draw_starts(rng, ROWS, TIME_UNITS, MULTIPLES, n, options.batch, mode)
    forms = {name: updates_of(name, params, options.neurons) for name in FORMS}
    losses = {
        name: updates(chunk, *batches(starts[:1])) for name, updates in forms.items()
    }
    times = {name: [] for name in FORMS}
    for k in range(1, n):  # in turn, so that a busy moment is one of all forms
        for name, updates in forms.items():
            began = time.perf_counter()
            losses[name] = losses[name] + updates(chunk, *batches(starts[k : k + 1]))
            times[name].append(time.perf_counter() - began)
    for name, found in losses.items():
        # RECON and EVOLVE; the others are 0.
        apart = np.abs(found[:2] / losses["ours"][:2] - 1).max()
        if not apart < CLOSE:
            raise SystemExit(f"{mode}, {name}: losses differ by {apart:.2g}.")
    row = {name: statistics.median(own) for name, own in times.items()}
    return {
        "mode": mode,
        "neurons": options.neurons,
        "batch": options.batch,
        "device": "GPU" if tf.config.list_logical_devices("GPU") else "CPU",
        **{f"{name}_ms": round(1000 * row[name], 1) for name in FORMS},
        "times_faster": round(min(row["loop"], row["unrolled"]) / row["ours"], 1),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }


def chunk_of(n_neurons, mode):
    """Random activity and stimulus, as the loader would hand them over."""
    rng = np.random.default_rng(SEED)
    n_inputs = round(n_neurons * INPUTS_PER_NEURON)
    arrays = {
        "activity": rng.standard_normal((ROWS, n_neurons), np.float32),
        "stimulus": rng.random((ROWS, n_inputs), np.float32),
        "origin": np.int32(0),
    }
    if mode == "staggered_random":
        arrays["filled"] = rng.standard_normal((ROWS, n_neurons), np.float32)
    return {name: tf.constant(array) for name, array in arrays.items()}


def batches(starts):
    """Starts (n, 1, B) and seeds (n, 2) of updates on one replica."""
    return starts[:, None], np.zeros((len(starts), 2), np.int32)


def updates_of(form, params, n_neurons):
    """Updates of a new model, by one of FORMS."""
    model = LatentModel(n_neurons, round(n_neurons * INPUTS_PER_NEURON), params, SEED)
    acquisition = params.training.acquisition_mode
    phases = phases_of(acquisition, TIME_UNITS, n_neurons)
    objective = Objective(model, params, phases)
    phase = training_phases(model, objective, ROWS)[-1]()

    def ours(chunk, starts, seed):
        return objective.joint(chunk, starts, MULTIPLES, seed)

    def plain(chunk, starts, seed):
        del seed
        recon, evolve = plain_losses(model, phases, chunk, starts, form == "unrolled")
        none = dict.fromkeys(JOINT_LOSSES, tf.constant(0.0))
        return none | {"recon": recon, "evolve": evolve}

    losses = ours if form == "ours" else plain
    return Updates(losses, phase, tf.distribute.get_strategy())


def plain_losses(model, phases, chunk, starts, is_unrolled):
    """RECON and EVOLVE by their definition."""
    is_staggered = "filled" in chunk
    if is_staggered:
        starts = same_phase(starts, TIME_UNITS)
    frames = chunk["filled" if is_staggered else "activity"]
    z = model.encode(tf.gather(frames, starts))
    n_steps = TIME_UNITS * MULTIPLES
    rows = starts + tf.range(n_steps + 1)[:, None]
    activity = tf.gather(chunk["activity"], rows)
    encoded = model.encode_stimulus(tf.gather(chunk["stimulus"], rows))

    def step(t, z):
        return z + model.evolver.increment(tf.concat([z, encoded[t]], -1))

    def loss(t, z):
        """Mean over those who are observed at a step of the rollout."""
        error = tf.reduce_mean(tf.square(model.decode(z) - activity[t]), 0)
        seen = tf.ones_like(error)
        if is_staggered:
            seen = tf.cast((starts[0] + t - phases) % TIME_UNITS == 0, tf.float32)
        return tf.reduce_sum(error * seen), tf.reduce_sum(seen)

    def advanced(t, z, evolve):
        """The next state, and EVOLVE with what is observed."""
        if is_staggered:
            return step(t, z), evolve + loss(t, z)[0] / model.n_neurons
        z = step(t, z)
        if (t + 1) % TIME_UNITS == 0:  # of a tensor, AutoGraph makes it a tf.cond
            evolve += loss(t + 1, z)[0] / model.n_neurons
        return z, evolve

    total, n_seen = loss(0, z)
    evolve = tf.constant(0.0)
    if is_unrolled:
        for t in range(n_steps):
            z, evolve = advanced(t, z, evolve)
    else:
        for t in tf.range(n_steps):  # AutoGraph makes it a tf.while_loop
            z, evolve = advanced(t, z, evolve)
    return total / n_seen, evolve


def key_of(row):
    return row["device"], row["mode"], int(row["neurons"]), int(row["batch"])


def words_of(row):
    reached = "reached" if row["times_faster"] >= TARGET else "missed"
    return (
        f"{row['mode']:16} {row['neurons']:6,} neurons, batch {row['batch']:3}, "
        f"{row['device']}: {row['ours_ms']:7,} ms an update, loop {row['loop_ms']:7,}, "
        f"unrolled {row['unrolled_ms']:7,}: {row['times_faster']:g}x, "
        f"target {TARGET:g}x {reached}"
    )


if __name__ == "__main__":
    main()
