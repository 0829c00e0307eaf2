"""Steps per second of rollouts of the latent evolver, beside a loop over its layers.

    python benchmarks/latent_rollout.py [--sizes 1200,5000,13741] [--batches 1,20,256]

The published model (256 latent numbers, 1,736 inputs at 13,741 neurons and as many per
neuron at other sizes), untrained: its speed does not depend on its weights. A step is
one of all starts of the batch. "whole" encodes the stimulus, evolves and decodes as a
diagnosis does; "latent" evolves alone. The plain loop calls the layers as they are
written down, one step at a time: encoded frame, evolver with its projections, decoder.
Both must give the same activity.

Results are added to benchmarks/results/latent_rollout.csv.
"""

import argparse
import os
import pathlib
import statistics
import time

import numpy as np
import tensorflow as tf
from results_table import machine, record

from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel
from v1model.latent.prediction import Runner

RESULTS = pathlib.Path(__file__).parent / "results" / "latent_rollout.csv"
SEED = 3000
INPUTS_PER_NEURON = 1736 / 13741  # published
STATES = 2000  # that are decoded in a run: steps times batch
STEPS = 10, 400  # fewest and most of a run
PLAIN_STEPS = 5, 20
CLOSE = 1e-3  # largest difference of activity, in its standard deviation
TARGET = 10.0  # times faster than the plain loop, at batch 1


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1200,5000,13741", help="Neurons.")
    parser.add_argument("--batches", default="1,20,256", help="Starts at a time.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args(arguments)
    rows = []
    for size in map(int, options.sizes.split(",")):
        model = model_of(size)
        for batch in map(int, options.batches.split(",")):
            row = measure(model, batch, options.repeats)
            rows.append(row)
            print(words_of(row), flush=True)
    record(RESULTS, rows, key_of)


def model_of(n_neurons):
    """The published LatentModel for so many neurons, whose evolver does something."""
    evolver = {"zero_init": False}
    params = ModelParams(evolver_params=evolver)
    return LatentModel(n_neurons, round(n_neurons * INPUTS_PER_NEURON), params, SEED)


def measure(model, batch, repeats):
    """A row of results: a dict.

    Raises:
        SystemExit: The two loops disagree.
    """
    rng = np.random.default_rng(SEED)
    n_steps = int(np.clip(STATES // batch, *STEPS))
    n_plain = int(np.clip(n_steps // 4, *PLAIN_STEPS))
    x = rng.standard_normal((batch, model.n_neurons), np.float32)
    shape = n_steps, batch, model.n_inputs
    frames = rng.random(shape, np.float32)
    runner = Runner(model)
    state = runner.encode(x)
    by_start = [*np.moveaxis(frames, 1, 0)]
    ours = runner.decode(runner.evolve(state, by_start, n_steps))  # compiles
    plain = plain_rollout(model, x, frames[:n_plain])
    apart = np.abs(ours[:n_plain] - plain).max() / plain.std()
    if not apart < CLOSE:
        raise SystemExit(f"the rollouts differ by {apart:.2g} standard deviations.")
    evolve = tf.function(model.evolve)
    encoded = tf.constant(np.asarray(model.encode_stimulus(frames)))
    evolve(tf.constant(state), encoded)
    whole, latent, loop = [], [], []
    for _ in range(repeats):
        whole.append(
            seconds(lambda: runner.decode(runner.evolve(state, by_start, n_steps)))
        )
        latent.append(seconds(lambda: evolve(tf.constant(state), encoded).numpy()))
        loop.append(seconds(lambda: plain_rollout(model, x, frames[:n_plain])))
    rates = [
        n / statistics.median(times)
        for n, times in ((n_steps, whole), (n_steps, latent), (n_plain, loop))
    ]
    return {
        "neurons": model.n_neurons,
        "batch": batch,
        "device": device(),
        "steps": n_steps,
        "whole_per_second": round(rates[0], 1),
        "latent_per_second": round(rates[1], 1),
        "plain_per_second": round(rates[2], 1),
        "times_faster": round(rates[0] / rates[2], 1),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }


def plain_rollout(model, x, frames):
    """Activity (T, B, N): layer after layer, step after step."""
    z, found = model.encode(x), []
    for frame in frames:
        together = tf.concat([z, model.encode_stimulus(frame)], -1)
        z = z + model.evolver.increment(together)
        found.append(model.decode(z).numpy())
    return np.stack(found)


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def device():
    """GPU where there is one."""
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def key_of(row):
    return row["device"], int(row["neurons"]), int(row["batch"])


def words_of(row):
    words = (
        f"{row['neurons']:6,} neurons, batch {row['batch']:3}, {row['device']}: "
        f"{row['whole_per_second']:9,} steps/s, latent {row['latent_per_second']:9,}, "
        f"plain loop {row['plain_per_second']:7,}: {row['times_faster']:g}x"
    )
    if row["batch"] == 1:
        reached = "reached" if row["times_faster"] >= TARGET else "missed"
        words += f", target {TARGET:g}x {reached}"
    return words


if __name__ == "__main__":
    main()
