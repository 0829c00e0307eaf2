"""Time and memory of the two engines, forward and with gradients.

    python benchmarks/engine_step.py [--core]

The column is untrained and sees a drifting grating, so that it fires at its natural
rate; the gradients are those by all recurrent and input weights. Both engines run the
same input in turns, after a warm-up, and the median counts. All times are given per
`--ms`. Stepwise runs fewer ms and its time is scaled up: at 1,000 and 5,000 neurons,
runs three and ten times as long agreed with that within 20 % (forward within 30 %); at
the core 10 ms gave times a third too long, 30 ms are run. Peak memory is that of a
process of its own, for the ms that were run. Results are added to
benchmarks/results/engine_step.csv, with the load of the machine: where others computed
at the same time, believe the ratios, not the seconds.
"""

import argparse
import csv
import dataclasses
import io
import multiprocessing
import os
import pathlib
import platform
import resource
import statistics
import sys
import time

import numpy as np
import tensorflow as tf

from v1model.atomic import write_text
from v1model.config import NetworkConfig
from v1model.lgn import LGN, current_from_rates
from v1model.network import load_network
from v1model.network.placement import CORE_NEURONS
from v1model.simulation import grating_lgn_rates, untrained_column

RESULTS = pathlib.Path(__file__).parent / "results" / "engine_step.csv"
ENGINES = ("stepwise", "compiled")
SEED = 3000


@dataclasses.dataclass(frozen=True)
class Case:
    """What is run: by which engine, and for how many ms."""

    neurons: int
    batch: int
    engine: str
    ms: int


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,5000", help="Numbers of neurons.")
    parser.add_argument("--batches", default="1,8", help="Numbers of trials.")
    parser.add_argument("--ms", type=int, default=600, help="Length of a trial.")
    parser.add_argument(
        "--stepwise_ms", type=int, default=60, help="How much of it stepwise runs."
    )
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    parser.add_argument(
        "--core",
        action="store_true",
        help="Only the core, 51,978 neurons, one trial, 30 ms of stepwise.",
    )
    options = parser.parse_args()
    if options.core:
        options.sizes, options.batches, options.stepwise_ms = CORE_NEURONS, "1", 30
    print(
        f"{'neurons':>8} {'batch':>5} {'engine':>9} {'forward s':>10} "
        f"{'+backward s':>12} {'GB':>6} {'Hz':>5}   times per {options.ms} ms"
    )
    for neurons in map(int, str(options.sizes).split(",")):
        for batch in map(int, options.batches.split(",")):
            lengths = {"stepwise": options.stepwise_ms, "compiled": options.ms}
            cases = [Case(neurons, batch, name, lengths[name]) for name in ENGINES]
            record(measure(cases, options.repeats, options.ms))


def measure(cases, repeats, ms):
    """Prints and returns one row of results per case, a dict."""
    timed = in_process_of_its_own(time_in_turns, cases, repeats)
    rows = []
    for case, (forward, both, rate) in zip(cases, timed, strict=True):
        row = {
            **dataclasses.asdict(case),
            "forward_s": round(forward * ms / case.ms, 4),
            "forward_backward_s": round(both * ms / case.ms, 4),
            "times_per_ms": ms,
            "peak_gb": round(in_process_of_its_own(peak_memory, case), 2),
            "rate_hz": round(rate, 2),
            "load": round(os.getloadavg()[0], 1),
            "machine": machine(),
        }
        rows.append(row)
        print(
            f"{case.neurons:8,} {case.batch:5} {case.engine:>9} "
            f"{row['forward_s']:10.3f} {row['forward_backward_s']:12.3f} "
            f"{row['peak_gb']:6.2f} {row['rate_hz']:5.2f}   ran {case.ms} ms"
        )
    slow, fast = rows
    ratios = [slow[key] / fast[key] for key in ("forward_s", "forward_backward_s")]
    print(f"{'':14} {'ratio':>9} {ratios[0]:10.1f} {ratios[1]:12.1f}", flush=True)
    return rows


def in_process_of_its_own(function, *arguments):
    # A new process: peak memory is its own, and no engine warms up the other.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def time_in_turns(cases, repeats):
    """Median seconds of forward, and forward and backward; and the mean rate, Hz."""
    network, rates = shown_grating(cases[0].neurons, max(case.ms for case in cases))
    pairs = [functions(network, rates, case) for case in cases]
    for pair in pairs:
        for function in pair:
            function()
    seconds = [([], []) for _ in cases]
    for _ in range(repeats):
        for pair, lists in zip(pairs, seconds, strict=True):
            for function, found in zip(pair, lists, strict=True):
                began = time.perf_counter()
                function()
                found.append(time.perf_counter() - began)
    results = []
    for pair, (forward, both) in zip(pairs, seconds, strict=True):
        rate = 1000 * float(np.mean(pair[0]()))
        results.append((statistics.median(forward), statistics.median(both), rate))
    return results


def peak_memory(case):
    """GB of a process that computes the gradients once."""
    network, rates = shown_grating(case.neurons, case.ms)
    functions(network, rates, case)[1]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def shown_grating(neurons, ms):
    """A built column, and the rates (T, I) of its LGN units under a grating, Hz."""
    network = load_network(NetworkConfig(neurons=neurons, seed=SEED))
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    rates = grating_lgn_rates(
        LGN(network.lgn.units),
        45.0,
        temporal_frequency=2.0,
        spatial_frequency=0.04,
        contrast=0.8,
        duration_ms=ms,
    )
    return network, rates


def functions(network, rates, case):
    """Two functions to time: spikes only, and spikes with the gradients."""
    column = untrained_column(network, engine=case.engine)
    trial = current_from_rates(rates[: case.ms])
    lgn = tf.constant(np.repeat(trial[None], case.batch, axis=0))
    seeds = np.random.default_rng(SEED).integers(0, 2**31, (case.batch, 2))
    noise = column.noise(tf.constant(seeds, tf.int32), n_steps=case.ms)
    layers = (column.input_layer, column.rsnn)
    weights = [v.value for layer in layers for v in layer.trainable_variables]

    @tf.function
    def forward():
        return column.rsnn(column.input_layer(lgn) + noise)

    @tf.function
    def forward_backward():
        with tf.GradientTape() as tape:
            activity = forward()
            # Reaches every neuron and step, as the losses of the training do.
            v = column.rsnn.cell.to_scaled(activity.voltages)
            loss = tf.reduce_mean(activity.spikes) + tf.reduce_mean(tf.square(v - 1))
        return activity.spikes, tape.gradient(loss, weights)

    return lambda: forward().spikes.numpy(), lambda: forward_backward()[0].numpy()


def machine():
    """Processors and versions, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":")[1] for line in lines if line.startswith("model name")]
        model = names[0].strip() if names else model
    return (
        f"{os.cpu_count()} x {model}; Python {platform.python_version()}; "
        f"TensorFlow {tf.__version__}"
    )


def record(rows):
    """Adds rows to the csv, in place of earlier ones of the same cases."""
    stored = []
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8") as file:
            stored = list(csv.DictReader(file))
    found = {key_of(row): row for row in [*stored, *rows]}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found[key] for key in sorted(found))
    write_text(RESULTS, text.getvalue())


def key_of(row):
    return int(row["neurons"]), int(row["batch"]), row["engine"]


if __name__ == "__main__":
    main()
