"""Time and memory of the engines, forward and with gradients.

    python benchmarks/engine_step.py [--cases 5000x1,5000x8,51978x1]

A case is neurons x trials. The column is untrained and sees a drifting grating; after
200 ms, at its natural rate, all engines go on from the same state with the same input.
The gradients are those by all recurrent and input weights. The engines run in turns,
after a warm-up, and the median counts. All times are given per `--ms`; the portable
engine at large sizes and the stepwise one always run fewer ms, and their times are
scaled up. The background's noise is drawn beforehand; beside the step stands what it
takes, and what the projection of the LGN takes of the step. Peak memory is that of a
process of its own, for the ms that were run.

Results are added to benchmarks/results/engine_step.csv, with the load of the machine:
where others computed at the same time, believe the ratios, not the seconds.
"""

import argparse
import dataclasses
import os
import pathlib
import resource
import statistics
import sys
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from results_table import machine, record
from running_column import in_process_of_its_own, natural_trial, seconds
from step_targets import verdicts_in_words

from v1model.engine.glif3 import GLIF3State
from v1model.simulation import untrained_column

RESULTS = pathlib.Path(__file__).parent / "results" / "engine_step.csv"
CASES = "5000x1,5000x8,51978x1"
ENGINES = ("stepwise", "portable", "compiled")  # the first is the yardstick
ON_GPU = ("stepwise", "portable")
LARGE = 10_000  # neurons; from there on slow engines run fewer ms
SEEDS = np.array([[3000, 1]], np.int32)  # of the noise that is timed


@dataclasses.dataclass(frozen=True)
class Case:
    """What is run: by which engine, where, and for how many ms."""

    neurons: int
    batch: int
    engine: str
    device: str
    ms: int


class Timed(NamedTuple):
    """Seconds that a case took, and what it fired.

    forward, step: Without and with gradients.
    noise: Drawing the noise, which is no part of the step.
    lgn_forward, lgn_step: The projection of the LGN, a part of both, without and with
        the gradient of its weights.
    spikes: (B, T, N) bool.
    """

    forward: float
    step: float
    noise: float
    lgn_forward: float
    lgn_step: float
    spikes: np.ndarray


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=CASES, help="Neurons x trials of each.")
    parser.add_argument("--ms", type=int, default=600, help="Length of a step.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args()
    print(f"seconds per {options.ms} ms; x: times faster than stepwise\n{HEADING}")
    rows = []
    for case in options.cases.split(","):
        neurons, batch = map(int, case.split("x"))
        rows += measure(cases_of(neurons, batch, options.ms), options)
    record(RESULTS, rows, key_of)
    print(verdicts_in_words(rows))


HEADING = (
    f"{'neurons':>7} {'trials':>6} {'engine':>8} {'on':>3} {'ran ms':>6} "
    f"{'forward':>8} {'':>6} {'step':>8} {'':>6} {'per trial':>9} "
    f"{'noise':>7} {'LGN fwd':>7} {'LGN step':>8} {'GB':>5} {'Hz':>5} {'load':>4}"
)


def cases_of(neurons, batch, ms):
    """The cases of one size, stepwise on the CPU first."""
    ran = {
        "stepwise": min(30 if neurons >= LARGE else 60, ms),
        "portable": min(100 if neurons >= LARGE else 300, ms),
        "compiled": ms,
    }
    cases = [Case(neurons, batch, name, "CPU", ran[name]) for name in ENGINES]
    if tf.config.list_physical_devices("GPU"):
        cases += [Case(neurons, batch, name, "GPU", ran[name]) for name in ON_GPU]
    return cases


def measure(cases, options):
    """Prints and returns one row of results per case, a dict."""
    timed = in_process_of_its_own(time_in_turns, cases, options.repeats)
    rows = []
    for case, found in zip(cases, timed, strict=True):
        gigabytes = in_process_of_its_own(peak_memory, case)
        check_spikes(timed[0].spikes, found.spikes, case)
        rows.append(row_of(case, found, gigabytes, options.ms))
        print(row_in_words(rows[-1], rows[0]), flush=True)
    if not any(case.device == "GPU" for case in cases):
        case = cases[0]
        print(f"{case.neurons:7,} {case.batch:6} GPU: none on this machine, ", end="")
        print("not measured", flush=True)
    return rows


def check_spikes(expected, found, case):
    """Raises RuntimeError if an engine does not simulate the same thing."""
    n_steps = min(expected.shape[1], found.shape[1])
    n_different = np.sum(expected[:, :n_steps] != found[:, :n_steps])
    # On a GPU sums run in another order: single spikes may move.
    allowed = 0.01 * expected.sum() if case.device == "GPU" else 0
    if n_different > allowed:
        raise RuntimeError(f"{n_different} spikes of {case} are not the stepwise ones.")


def row_of(case, timed, gigabytes, ms):
    scale = ms / case.ms
    return {
        **dataclasses.asdict(case),
        "forward_s": round(timed.forward * scale, 4),
        "forward_backward_s": round(timed.step * scale, 4),
        "noise_s": round(timed.noise * scale, 4),
        "lgn_forward_s": round(timed.lgn_forward * scale, 4),
        "lgn_forward_backward_s": round(timed.lgn_step * scale, 4),
        "times_per_ms": ms,
        "peak_gb": round(gigabytes, 2),
        "rate_hz": round(1000 * float(timed.spikes.mean()), 2),
        "load": round(os.getloadavg()[0], 1),
        "machine": f"{machine()}; {gpu()}",
    }


def gpu():
    """The GPUs of this machine, in words."""
    names = [
        tf.config.experimental.get_device_details(device).get("device_name", "GPU")
        for device in tf.config.list_physical_devices("GPU")
    ]
    return " and ".join(names) or "no GPU"


def row_in_words(row, slow):
    """A row of the table below HEADING."""
    faster = [slow[key] / row[key] for key in ("forward_s", "forward_backward_s")]
    return (
        f"{row['neurons']:7,} {row['batch']:6} {row['engine']:>8} {row['device']:>3} "
        f"{row['ms']:6} {row['forward_s']:8.3f} {faster[0]:5.1f}x "
        f"{row['forward_backward_s']:8.3f} {faster[1]:5.1f}x "
        f"{row['forward_backward_s'] / row['batch']:9.3f} {row['noise_s']:7.3f} "
        f"{row['lgn_forward_s']:7.3f} {row['lgn_forward_backward_s']:8.3f} "
        f"{row['peak_gb']:5.2f} "
        f"{row['rate_hz']:5.2f} {row['load']:4.1f}"
    )


def time_in_turns(cases, repeats):
    """The Timed of each case; the engines take turns."""
    first = cases[0]
    trial = natural_trial(first.neurons, first.batch, max(case.ms for case in cases))
    functions = [functions_of(trial, case) for case in cases]
    spikes = [calls["forward"]()[0] > 0 for calls in functions]
    for calls in functions:
        for call in calls.values():
            call()
    found = [{name: [] for name in calls} for calls in functions]
    for _ in range(repeats):
        for calls, lists in zip(functions, found, strict=True):
            for name, call in calls.items():
                lists[name].append(seconds(call))
    medians = [{name: statistics.median(v) for name, v in f.items()} for f in found]
    return [Timed(**m, spikes=s) for m, s in zip(medians, spikes, strict=True)]


def peak_memory(case):
    """GB of a process that computes the gradients once."""
    trial = natural_trial(case.neurons, case.batch, case.ms)
    functions_of(trial, case)["step"]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def functions_of(trial, case):
    """What is timed, by its name in Timed: functions of nothing that return arrays."""
    with tf.device(f"/{case.device}:0"):
        column = untrained_column(trial.network, engine=case.engine)
        lgn = tf.constant(trial.lgn[:, : case.ms])
        noise = tf.constant(trial.noise[:, : case.ms])
        state = GLIF3State(*map(tf.constant, trial.state))
        seeds = tf.constant(np.repeat(SEEDS, case.batch, axis=0))

    @tf.function
    def draw():
        return column.noise(seeds, n_steps=case.ms)

    @tf.function
    def project():
        return column.input_layer(lgn)

    @tf.function
    def project_with_gradient():
        weights = column.input_layer.input_weights.value
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(project())
        # Both are returned, or TensorFlow leaves out the projection itself.
        return total, tape.gradient(total, weights)

    def run():
        return column.rsnn(project() + noise, initial_state=state)

    @tf.function
    def forward():
        return run().spikes

    @tf.function
    def step():
        layers = (column.input_layer, column.rsnn)
        weights = [v.value for layer in layers for v in layer.trainable_variables]
        with tf.GradientTape() as tape:
            activity = run()
            # Reaches every neuron and step, as the losses of the training do.
            v = column.rsnn.cell.to_scaled(activity.voltages)
            loss = tf.reduce_mean(activity.spikes) + tf.reduce_mean(tf.square(v - 1))
        return tape.gradient(loss, weights)

    def on_device(function):
        def call():
            with tf.device(f"/{case.device}:0"):
                return [tensor.numpy() for tensor in tf.nest.flatten(function())]

        return call

    return {
        "forward": on_device(forward),
        "step": on_device(step),
        "noise": on_device(draw),
        "lgn_forward": on_device(project),
        "lgn_step": on_device(project_with_gradient),
    }


def key_of(row):
    """What a row is a result of."""
    return int(row["neurons"]), int(row["batch"]), row["engine"], row["device"]


if __name__ == "__main__":
    main()
