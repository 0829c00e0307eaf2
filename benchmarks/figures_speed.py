"""Seconds to draw and to write the five figures of a trial, beside the naive way.

    python benchmarks/figures_speed.py [--sizes 500,5000,51978] [--repeats 3]

Made-up trials of 600 ms in built columns: no spikes, natural rates, and runaway
activity of 200 to 500 Hz everywhere. Naive is what one would write first: a scatter of
all spikes, twenty subplots and a bar per cell type with its label, arranged by
Matplotlib. Both are written as PNG files; in each repeat they take turns, and the
median counts. A scatter of more than 200,000 spikes is drawn for so many and scaled.

Results are added to benchmarks/results/figures_speed.csv.
"""

import argparse
import functools
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np
from matplotlib.figure import Figure
from results_table import machine, record

from v1model.activity import TrialActivity
from v1model.lgn.current import current_from_rates
from v1model.network import build_column, neurons_of
from visualization import style
from visualization.files import write_figure
from visualization.trial.standard import STANDARD_FIGURES

RESULTS = pathlib.Path(__file__).parent / "results" / "figures_speed.csv"
SIZES = "500,5000,51978"
SEED = 3000
N_STEPS = 600  # ms
# Lowest and highest rate of a neuron, Hz.
ACTIVITIES = {"none": (0, 0), "normal": (0, 6), "runaway": (200, 500)}
MOST_SCATTERED = 200_000
TARGETS = {5000: 1.5, 51_978: 10.0}  # seconds for all five


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="Sizes of columns, neurons.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args(arguments)
    rows = []
    for size in map(int, options.sizes.split(",")):
        network = build_column(size, SEED)
        neurons, n_inputs = neurons_of(network), network.lgn.connected().n_inputs
        del network
        for activity in ACTIVITIES:
            trial = made_up_trial(neurons, n_inputs, activity)
            found = measure(trial, neurons, options.repeats)
            rows += rows_of(trial, activity, found)
            print(words_of(rows[-len(found) :]), flush=True)
    record(RESULTS, rows, key_of)


def made_up_trial(neurons, n_inputs, activity):
    """A TrialActivity of these neurons with 20 voltages."""
    rng = np.random.default_rng(SEED)
    per_step = rng.uniform(*ACTIVITIES[activity], len(neurons)) / 1000
    fired = [
        np.flatnonzero(rng.random(len(per_step)) < per_step) for _ in range(N_STEPS)
    ]
    traced = neurons.examples(20)
    logits = rng.normal(size=(N_STEPS // 50, 10))
    rates = rng.gamma(2, 5, (N_STEPS, n_inputs)).astype(np.float32)
    return TrialActivity(
        n_steps=N_STEPS,
        n_neurons=len(neurons),
        inputs=current_from_rates(rates * (activity != "none")),
        spike_step=np.repeat(np.arange(N_STEPS), [len(who) for who in fired]),
        spike_neuron=np.concatenate(fired),
        traced=traced,
        voltages=neurons.E_L[traced] + rng.normal(10, 3, (N_STEPS, len(traced))),
        outputs=logits,
        predictions=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        labels=np.zeros(len(logits)),
        is_asked=np.arange(len(logits)) == 3,
    )


def measure(trial, neurons, repeats):
    """Median seconds by figure, (ours, naive or None)."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "figure.png"
        return {
            name: seconds_of(name, trial, neurons, repeats, path)
            for name in STANDARD_FIGURES
        }


def seconds_of(name, trial, neurons, repeats, path):
    """Median seconds of a figure, and of its naive version or None."""
    ways = [way[name] for way in (STANDARD_FIGURES, NAIVE) if name in way]
    times = []
    for _ in range(repeats + 1):  # the first fills Matplotlib's caches
        times.append([])
        for way in ways:
            began = time.perf_counter()
            write_figure(way(trial, neurons), path)
            times[-1].append(time.perf_counter() - began)
    medians = [statistics.median(taken) for taken in zip(*times[1:], strict=True)]
    if name == "raster":
        medians[1] *= max(len(trial.spike_step) / MOST_SCATTERED, 1)
    return (*medians, None)[:2]


def scatter_of_spikes(trial, neurons):
    """A dot per spike, in the colour of its class."""
    figure = Figure(figsize=(7.4, 7.1), layout="constrained")
    chosen = slice(MOST_SCATTERED)
    step, neuron = trial.spike_step[chosen], trial.spike_neuron[chosen]
    place = np.argsort(neurons.laminar_order())
    colours = np.array([style.colour_of(name) for name in neurons.pop_name])
    figure.subplots().scatter(step, place[neuron], s=1, c=colours[neuron])
    return figure


def subplots_of_voltages(trial, neurons):
    """Axes for each neuron, arranged by Matplotlib."""
    figure = Figure(figsize=(7.7, 5.5), layout="constrained")
    panels = figure.subplots(4, 5, sharex=True, sharey=True).flat
    for axes, neuron, voltage in zip(
        panels, trial.traced, trial.voltages.T, strict=True
    ):
        axes.plot(voltage)
        spikes = trial.spike_step[trial.spike_neuron == neuron]
        axes.plot(spikes, voltage[spikes], "r.")
        axes.axhline(neurons.V_th[neuron])
        axes.set_title(f"{neurons.pop_name[neuron]} {neuron}", fontsize=7)
    return figure


def bars_of_types(trial, neurons):
    """A bar and a label for each cell type."""
    figure = Figure(figsize=(7.6, 9.1), layout="constrained")
    ids, index = np.unique(neurons.node_type_id, return_inverse=True)
    spikes = np.bincount(index, weights=trial.spike_counts)
    sizes = np.bincount(index)
    for axes, heights in zip(figure.subplots(2), (spikes, spikes / sizes), strict=True):
        axes.bar([str(name) for name in ids], heights)
        axes.tick_params(axis="x", rotation=90, labelsize=4)
    return figure


NAIVE = {
    "raster": scatter_of_spikes,
    "voltages": subplots_of_voltages,
    "population": bars_of_types,
}


def rows_of(trial, activity, found):
    """A row of results per figure, dicts."""
    return [
        {
            "neurons": trial.n_neurons,
            "activity": activity,
            "figure": name,
            "spikes": len(trial.spike_step),
            "seconds": round(ours, 3),
            "naive_seconds": "" if naive is None else round(naive, 3),
            "times_faster": "" if naive is None else round(naive / ours, 1),
            "load": round(os.getloadavg()[0], 1),
            "machine": named_machine(),
        }
        for name, (ours, naive) in found.items()
    ]


@functools.cache
def named_machine():
    return machine(("matplotlib",))


def words_of(rows):
    """The figures of one trial in one line."""
    total = sum(row["seconds"] for row in rows)
    n_neurons = rows[0]["neurons"]
    each = "  ".join(
        f"{row['figure']} {row['seconds']:.2f}"
        + (f" ({row['times_faster']:g}x)" if row["times_faster"] else "")
        for row in rows
    )
    line = f"{n_neurons:6,} {rows[0]['activity']:8} {each}  all {total:.2f} s"
    if n_neurons in TARGETS:
        reached = "reached" if total <= TARGETS[n_neurons] else "missed"
        line += f", target {TARGETS[n_neurons]:g} s {reached}"
    return line


def key_of(row):
    activity = list(ACTIVITIES).index(row["activity"])
    return int(row["neurons"]), activity, list(STANDARD_FIGURES).index(row["figure"])


if __name__ == "__main__":
    main()
