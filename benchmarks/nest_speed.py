"""Forward simulation of one column: NEST's glif_psc and the compiled engine.

    python benchmarks/nest_speed.py [--core]

Two comparisons, at a resolution of 1 ms, on as many threads, under a drifting grating:

engine   Both get the same LGN spikes and the same shared background. NEST gets them
         from spike_generators, one per LGN unit and one for the background; what these
         cost is the time with them less the time without, both without recurrent
         synapses. Ours gets the currents that they cause, computed beforehand. The
         fair ratio is the one that leaves NEST's generators out.
whole    Ours projects the LGN spikes and draws a Poisson background per neuron within
         the time; NEST draws it with its poisson_generator. Same LGN spikes, other
         background.

Building, connecting, compiling and the first 200 ms are not counted. Every measurement
runs in a process of its own, in turns, and the median counts. NEST records spikes; ours
returns spikes and voltages. NEST integrates exactly and the engine as published, which
fires somewhat more (`scripts/compare_nest.py` says why). Results are added to
benchmarks/results/nest_speed.csv, with the load of the machine: where others computed
at the same time, believe the ratios, not the seconds. Needs the extra nest.
"""

import argparse
import csv
import dataclasses
import importlib.metadata
import io
import multiprocessing
import os
import pathlib
import platform
import statistics
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.atomic import write_text
from v1model.config import NetworkConfig
from v1model.engine.nest_export import NestColumn, import_nest
from v1model.engine.replay import arriving_currents
from v1model.lgn import LGN, spikes_from_rates
from v1model.models.noise import BACKGROUND_RATE_HZ
from v1model.network import load_network
from v1model.network.data import N_RECEPTORS, Network, Synapses
from v1model.network.placement import CORE_NEURONS
from v1model.simulation import grating_lgn_rates, untrained_column

RESULTS = pathlib.Path(__file__).parent / "results" / "nest_speed.csv"
SEED = 3000
WARM_UP_MS = 200


@dataclasses.dataclass(frozen=True)
class Case:
    """What both simulate, for how many ms after the warm-up."""

    neurons: int
    threads: int
    ms: int

    @property
    def n_steps(self):
        """Warm-up included."""
        return WARM_UP_MS + self.ms


class Timed(NamedTuple):
    """Seconds of the counted part, and the mean rate in it, Hz."""

    seconds: float
    rate: float


class Trial(NamedTuple):
    """A column and its input.

    lgn: Spikes (T, I).  background: Counts of the shared source, (T, 1).
    source: Synapses of the background, all from that source.
    """

    network: Network
    lgn: np.ndarray
    background: np.ndarray
    source: Synapses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="5000", help="Numbers of neurons.")
    parser.add_argument("--threads", default="1,2", help="Numbers of threads.")
    parser.add_argument("--ms", type=int, default=1000, help="What is counted.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    parser.add_argument(
        "--core", action="store_true", help="Only the core, 51,978 neurons, 500 ms."
    )
    options = parser.parse_args()
    if options.core:
        options.sizes, options.ms = str(CORE_NEURONS), 500
    import_nest()
    print(
        "seconds per simulated second\n"
        f"{'neurons':>8} {'threads':>7} {'what':>7} {'NEST':>7} {'inputs':>7} "
        f"{'ours':>7} {'ratio':>6} {'fair':>6} {'Hz: NEST':>9} {'ours':>6}"
    )
    for neurons in map(int, options.sizes.split(",")):
        for threads in map(int, options.threads.split(",")):
            record(measure(Case(neurons, threads, options.ms), options.repeats))


def measure(case, repeats):
    """Prints and returns one row of results per comparison, dicts."""
    functions = (time_nest, time_ours)
    found = {function: [] for function in functions}
    for _ in range(repeats):
        for function in functions:
            found[function].append(in_process_of_its_own(function, case))
    nest, ours = (median_by_name(found[function]) for function in functions)
    inputs = nest["inputs"].seconds - nest["neurons"].seconds
    rows = []
    for what in ("engine", "whole"):
        spent = inputs if what == "engine" else 0.0
        rows.append(row_of(case, what, nest[what], max(spent, 0.0), ours[what]))
    return rows


def row_of(case, what, nest, inputs, ours):
    """A row of the table, printed; seconds are per simulated second."""
    per_second = 1000 / case.ms
    row = {
        **dataclasses.asdict(case),
        "what": what,
        "nest_s": round(nest.seconds * per_second, 4),
        "nest_inputs_s": round(inputs * per_second, 4),
        "ours_s": round(ours.seconds * per_second, 4),
        "nest_real_time_factor": round(case.ms / 1000 / nest.seconds, 2),
        "ours_real_time_factor": round(case.ms / 1000 / ours.seconds, 2),
        "ratio": round(nest.seconds / ours.seconds, 2),
        "ratio_without_inputs": round((nest.seconds - inputs) / ours.seconds, 2),
        "nest_hz": round(nest.rate, 3),
        "ours_hz": round(ours.rate, 3),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    print(
        f"{case.neurons:8,} {case.threads:7} {what:>7} {row['nest_s']:7.3f} "
        f"{row['nest_inputs_s']:7.3f} {row['ours_s']:7.3f} {row['ratio']:6.1f} "
        f"{row['ratio_without_inputs']:6.1f} {nest.rate:9.2f} {ours.rate:6.2f}",
        flush=True,
    )
    return row


def median_by_name(runs):
    """Timed by name: of several runs the median of the seconds, and the last rate."""
    return {
        name: Timed(statistics.median(run[name].seconds for run in runs), last.rate)
        for name, last in runs[-1].items()
    }


def in_process_of_its_own(function, case):
    """What the function returns of a case; no simulator warms up the other."""
    # numba.set_num_threads would hold for one Python thread only, and TensorFlow calls
    # the engine from another.
    os.environ["NUMBA_NUM_THREADS"] = str(case.threads)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (case,))


def time_nest(case):
    """Timed of NEST: all, without recurrent synapses, without input too; whole."""
    trial = trial_of(case)

    def timed(is_connected=True, lgn=True, shared=False, own=False):
        column = NestColumn(
            trial.network, threads=case.threads, is_connected=is_connected
        )
        if lgn:
            column.add_input(trial.network.lgn.synapses, trial.lgn)
        if shared:
            column.add_input(trial.source, trial.background)
        if own:
            column.add_poisson_background(BACKGROUND_RATE_HZ)
        column.simulate(WARM_UP_MS)
        spikes_before = column.n_spikes
        began = time.perf_counter()
        column.simulate(case.ms)
        seconds = time.perf_counter() - began
        spikes = column.n_spikes - spikes_before
        return Timed(seconds, 1000 * spikes / case.ms / case.neurons)

    return {
        "engine": timed(shared=True),
        "inputs": timed(shared=True, is_connected=False),
        "neurons": timed(lgn=False, is_connected=False),
        "whole": timed(own=True),
    }


def time_ours(case):
    """Timed of the compiled engine: from currents, and the whole forward run."""
    tf.config.threading.set_intra_op_parallelism_threads(case.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    trial = trial_of(case)
    column = untrained_column(trial.network, "compiled", shared_background=False)
    lgn = tf.constant(trial.lgn[None])
    currents = tf.constant(currents_of(trial, column), tf.float32)

    @tf.function
    def engine(currents, state):
        return column.rsnn(currents, initial_state=state)

    @tf.function
    def whole(lgn, seeds, state):
        background = column.noise(seeds, n_steps=lgn.shape[1])
        return column.rsnn(column.input_layer(lgn) + background, initial_state=state)

    def seeds(number):
        return tf.constant([[SEED, number]], tf.int32)

    rest = column.rsnn.cell.zero_state(1)
    before, after = slice(0, WARM_UP_MS), slice(WARM_UP_MS, None)
    warm = engine(currents[:, before], rest).state
    warm_whole = whole(lgn[:, before], seeds(0), rest).state
    return {
        "engine": timed_call(engine, currents[:, after], warm),
        "whole": timed_call(whole, lgn[:, after], seeds(1), warm_whole),
    }


def timed_call(function, *arguments):
    """Timed of a traced function that returns a ColumnActivity."""
    function(*arguments)  # traces and compiles
    began = time.perf_counter()
    activity = function(*arguments)
    spikes = activity.spikes.numpy()
    seconds = time.perf_counter() - began
    return Timed(seconds, 1000 * float(spikes.mean()))


def trial_of(case):
    """The column, and what it receives from outside; nothing in step 0, as in NEST."""
    network = load_network(NetworkConfig(neurons=case.neurons, seed=SEED))
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    rates = grating_lgn_rates(
        LGN(network.lgn.units),
        45.0,
        temporal_frequency=2.0,
        spatial_frequency=0.04,
        contrast=0.8,
        duration_ms=case.n_steps,
    )
    rng = np.random.default_rng(SEED)
    lgn = spikes_from_rates(rates, rng)
    background = rng.poisson(BACKGROUND_RATE_HZ / 1000, (case.n_steps, 1))
    lgn[0], background[0] = 0, 0
    synapses = network.background.synapses
    source = synapses.replace(pre=np.zeros(len(synapses), np.int32))
    return Trial(network, lgn, background, source)


def currents_of(trial, column):
    """Input currents over V_th - E_L, (1, T, N * R) float32."""
    scale = column.rsnn.cell.parameters.voltage_scale
    scale = np.repeat(scale, N_RECEPTORS)
    n_steps, n = len(trial.lgn), trial.network.n_neurons
    currents = np.empty((1, n_steps, n * N_RECEPTORS), np.float32)
    for t in range(0, n_steps, WARM_UP_MS):
        steps = range(t, min(t + WARM_UP_MS, n_steps))
        arriving = arriving_currents(trial.network.lgn.synapses, trial.lgn, n, steps)
        arriving += arriving_currents(trial.source, trial.background, n, steps)
        currents[0, steps.start : steps.stop] = arriving / scale
    return currents


def machine():
    """Processors and versions, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":")[1] for line in lines if line.startswith("model name")]
        model = names[0].strip() if names else model
    nest = importlib.metadata.version("nest-simulator")
    return (
        f"{os.cpu_count()} x {model}; Python {platform.python_version()}; "
        f"TensorFlow {tf.__version__}; NEST {nest}"
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
    return int(row["neurons"]), int(row["threads"]), row["what"]


if __name__ == "__main__":
    main()
