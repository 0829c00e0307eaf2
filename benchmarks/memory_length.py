"""Memory of a training step against the length of the trial, whole and in segments.

    python benchmarks/memory_length.py [--neurons 5000] [--lengths 300,600,...]

The step is the forward run and the gradient by all weights of a loss that reaches every
answer, spike and voltage. It is run on whole trials, in segments (exact), and in
segments at whose borders the gradient stops. Every point is a process of its own: its
peak memory less what it held before the step, when column, input and graph were there.
At one length the three take turns for the seconds of a step.

Results are added to benchmarks/results/memory_length.csv. Linux only: the peak of a
process is read, and set back, in /proc.
"""

import argparse
import ctypes
import dataclasses
import os
import pathlib
import statistics
import sys
from typing import NamedTuple

import tensorflow as tf
from results_table import machine, record
from running_column import SEED, in_process_of_its_own, seconds

from v1model.config import CHUNK_MS, ColumnConfig, NetworkConfig
from v1model.lgn import LGN, current_from_rates
from v1model.models import column_model
from v1model.models.summary import summarise, summarise_in_segments
from v1model.network import load_network, readout_pools
from v1model.simulation import grating_lgn_rates

RESULTS = pathlib.Path(__file__).parent / "results" / "memory_length.csv"
LENGTHS = "300,600,1200,2400,4800,9600"
METHODS = ("whole", "segments", "truncated")  # the first is the yardstick
SEGMENT_MS = 300


class Case(NamedTuple):
    """Which step is run: neurons of the column, one of METHODS, ms of the trial."""

    neurons: int
    method: str
    ms: int


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=5000, help="Size of the column.")
    parser.add_argument("--lengths", default=LENGTHS, help="Lengths of trials, ms.")
    parser.add_argument("--timed", type=int, default=2400, help="Length timed, ms.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("the peak of a process can be set back on Linux only: not measured")
    print(f"{options.neurons:,} neurons, one trial; MB that a training step needs")
    rows = []
    for ms in map(int, options.lengths.split(",")):
        cases = [Case(options.neurons, method, ms) for method in METHODS]
        rows += measure(cases, options.repeats if ms == options.timed else 0)
        print(words_of(rows[-len(cases) :]), flush=True)
    record(RESULTS, rows, key_of)


def measure(cases, repeats):
    """One row of results per case, dicts; without repeats no seconds are measured."""
    taken = [None] * len(cases)
    if repeats:
        taken = in_process_of_its_own(time_in_turns, cases, repeats)
    return [
        {
            **case._asdict(),
            "segment_ms": SEGMENT_MS,
            "peak_mb": round(in_process_of_its_own(megabytes, case), 1),
            "step_s": "" if found is None else round(found, 3),
            "load": round(os.getloadavg()[0], 1),
            "machine": machine(),
        }
        for case, found in zip(cases, taken, strict=True)
    ]


def words_of(rows):
    """The rows of one length in one line."""
    memory = "  ".join(f"{row['method']} {row['peak_mb']:7,.0f}" for row in rows)
    line = f"{rows[0]['ms']:6,} ms: {memory}"
    if rows[0]["step_s"]:
        times = [row["step_s"] / rows[0]["step_s"] for row in rows]
        ratios = "  ".join(f"{time:.2f}" for time in times)
        line += f"  ({rows[0]['step_s']:.2f} s, times {ratios})"
    return line


def megabytes(case):
    """Peak memory of one step beyond what the process held before."""
    step = step_of(case)
    ctypes.CDLL(None).malloc_trim(0)  # what was freed is no room for the step
    pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = status_of("VmRSS")
    step()
    return (status_of("VmHWM") - before) / 1000


def status_of(name):
    """A number of /proc/self/status, kB."""
    for line in pathlib.Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}.")


def time_in_turns(cases, repeats):
    """Median seconds of a step of each case; the cases take turns."""
    steps = [step_of(case) for case in cases]
    for step in steps:
        step()
    rounds = [[seconds(step) for step in steps] for _ in range(repeats)]
    return [statistics.median(found) for found in zip(*rounds, strict=True)]


def step_of(case):
    """A training step, traced: a function of nothing that returns the gradients."""
    network = load_network(NetworkConfig(neurons=case.neurons, seed=SEED))
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    pools = readout_pools(network, neurons_per_output=max(case.neurons // 500, 1))
    column = column_model(
        network,
        ColumnConfig(engine="compiled"),
        pools,
        chunk=CHUNK_MS,
        has_threshold=False,
    )
    # All methods run the kernels beforehand, with all their tables.
    gradients_of(column, "whole")(inputs_of(network, CHUNK_MS))
    inputs = inputs_of(network, case.ms)
    step = gradients_of(column, case.method).get_concrete_function(inputs)
    return lambda: [tensor.numpy() for tensor in step(inputs)]


def inputs_of(network, ms):
    """One trial of a drifting grating, inputs of ColumnModel."""
    rates = grating_lgn_rates(LGN(network.lgn.units), 45.0, duration_ms=ms)
    lgn = tf.constant(current_from_rates(rates)[None])
    return {"lgn": lgn, "noise_seed": tf.constant([[SEED, 1]])}


def gradients_of(column, method):
    """The gradients of a step as a tf.function of the inputs."""

    @tf.function(autograph=False)
    def gradients(inputs):
        with tf.GradientTape() as tape:
            summary = summary_of(column, inputs, method)
            n_steps = inputs["lgn"].shape[1]
            loss = tf.reduce_mean(tf.square(summary.logits)) + (
                tf.reduce_sum(tf.square(summary.spike_counts)) / n_steps
                + 1e-5 * summary.voltage_cost / n_steps
            )
        return tape.gradient(loss, [v.value for v in column.trainable_variables])

    return gradients


def summary_of(column, inputs, method):
    """The TrialSummary by one of METHODS."""
    if method == "whole":
        return summarise(column, inputs, "threshold")
    truncate = method == "truncated"
    return summarise_in_segments(column, inputs, "threshold", SEGMENT_MS, truncate)


def key_of(row):
    """What a row is a result of."""
    return int(row["neurons"]), METHODS.index(row["method"]), int(row["ms"])


if __name__ == "__main__":
    main()
