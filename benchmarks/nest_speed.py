"""Forward simulation of one column: NEST's glif_psc and the compiled engine.

    python benchmarks/nest_speed.py [--core]

Three comparisons, under a drifting grating, at a resolution of 1 ms, on equal threads:

exact      Both get the same LGN spikes and the same shared background, and the engine
           integrates as NEST does: both make the same spikes. How many differ is
           printed. NEST gets its input from spike_generators, one per LGN unit and one
           for the background; what these cost is the time with them less the time
           without, both without recurrent synapses. Ours gets the currents that they
           cause, computed beforehand. The fair ratio leaves NEST's generators out.
published  The same, but the engine integrates as published, the update that is trained;
           it fires somewhat more (`scripts/compare_nest.py` says why).
whole      Exact. Ours projects the LGN spikes and draws a Poisson background per neuron
           within the time; NEST draws it with its poisson_generator. Same LGN spikes,
           other background.

Both return the spikes. Building, connecting, compiling and the first 200 ms are not
counted; the engine runs all that is counted in one call. Every measurement runs in a
process of its own, in turns, and the median counts. Results are added to
benchmarks/results/nest_speed.csv, with the load of the machine: where others computed
at the same time, believe the ratios, not the seconds. Needs the extra nest.
"""

import argparse
import dataclasses
import os
import pathlib
import statistics
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from results_table import machine, record
from running_column import SEED, WARM_UP_MS, in_process_of_its_own

from v1model.config import NetworkConfig
from v1model.engine.nest_export import NestColumn, import_nest
from v1model.engine.replay import arriving_currents
from v1model.lgn import LGN, spikes_from_rates
from v1model.models import BillehColumn, ColumnRNN, PoissonBackground, SparseLayer
from v1model.models.noise import BACKGROUND_RATE_HZ
from v1model.network import load_network
from v1model.network.data import N_RECEPTORS, Network, Synapses
from v1model.network.placement import CORE_NEURONS
from v1model.simulation import grating_lgn_rates

RESULTS = pathlib.Path(__file__).parent / "results" / "nest_speed.csv"
PACKAGES = ("tensorflow", "numba", "nest-simulator")
# What NEST did to compare with, by what ours does.
TWINS = {"exact": "network", "published": "network", "whole": "whole"}
TARGET = 4  # times faster than NEST on as many threads
TARGET_REAL_TIME = 1.5  # seconds per simulated second at the core


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
    """Seconds of the counted part, and its spikes: step * N + neuron, increasing."""

    seconds: float
    spikes: np.ndarray


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
        f"{'neurons':>8} {'threads':>7} {'what':>9} {'NEST':>7} {'inputs':>7} "
        f"{'ours':>7} {'ratio':>6} {'fair':>6} {'Hz: NEST':>9} {'ours':>6} "
        f"{'spikes':>7} {'differ':>7}"
    )
    for neurons in map(int, options.sizes.split(",")):
        for threads in map(int, options.threads.split(",")):
            rows = measure(Case(neurons, threads, options.ms), options.repeats)
            record(RESULTS, rows, key_of)
            print(verdict(rows), flush=True)


def measure(case, repeats):
    """Prints and returns one row of results per comparison, dicts."""
    functions = (time_nest, time_ours)
    found = {function: [] for function in functions}
    for _ in range(repeats):
        for function in functions:
            found[function].append(in_process_of_its_own(function, case))
    nest, ours = (median_by_name(found[function]) for function in functions)
    inputs = max(nest["inputs"].seconds - nest["neurons"].seconds, 0.0)
    rows = []
    for what, twin in TWINS.items():
        spent = inputs if twin == "network" else 0.0
        rows.append(row_of(case, what, nest[twin], spent, ours[what]))
    return rows


def row_of(case, what, nest, inputs, ours):
    """A row of the table, printed; seconds are per simulated second."""
    per_second = 1000 / case.ms
    to_hz = per_second / case.neurons
    row = {
        **dataclasses.asdict(case),
        "what": what,
        "nest_s": round(nest.seconds * per_second, 4),
        "nest_inputs_s": round(inputs * per_second, 4),
        "ours_s": round(ours.seconds * per_second, 4),
        "ratio": round(nest.seconds / ours.seconds, 2),
        "ratio_without_inputs": round((nest.seconds - inputs) / ours.seconds, 2),
        "nest_hz": round(len(nest.spikes) * to_hz, 3),
        "ours_hz": round(len(ours.spikes) * to_hz, 3),
        "nest_spikes": len(nest.spikes),
        "differing_spikes": len(np.setxor1d(nest.spikes, ours.spikes)),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(PACKAGES),
    }
    print(
        f"{case.neurons:8,} {case.threads:7} {what:>9} {row['nest_s']:7.3f} "
        f"{row['nest_inputs_s']:7.3f} {row['ours_s']:7.3f} {row['ratio']:6.1f} "
        f"{row['ratio_without_inputs']:6.1f} {row['nest_hz']:9.2f} "
        f"{row['ours_hz']:6.2f} {row['nest_spikes']:7} {row['differing_spikes']:7}",
        flush=True,
    )
    return row


def verdict(rows):
    """What the first row, the same spikes in both, says about the targets."""
    exact = rows[0]
    reached = exact["ratio_without_inputs"] >= TARGET
    words = [f"{exact['ratio_without_inputs']}x, target {TARGET}x: {_word(reached)}"]
    if exact["neurons"] == CORE_NEURONS:
        reached = exact["ours_s"] <= TARGET_REAL_TIME
        words.append(
            f"{exact['ours_s']} s per second, target {TARGET_REAL_TIME}: "
            f"{_word(reached)}"
        )
    return "; ".join(words)


def _word(is_reached):
    return "reached" if is_reached else "missed"


def median_by_name(runs):
    """Timed by name: of several runs the median of the seconds, the last spikes."""
    return {
        name: Timed(statistics.median(run[name].seconds for run in runs), last.spikes)
        for name, last in runs[-1].items()
    }


def time_nest(case):
    """Timed of NEST: the network, without synapses, without input too; whole."""
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
        began = time.perf_counter()
        column.simulate(case.ms)
        seconds = time.perf_counter() - began
        return Timed(seconds, np.flatnonzero(column.spikes()[WARM_UP_MS:]))

    return {
        "network": timed(shared=True),
        "inputs": timed(shared=True, is_connected=False),
        "neurons": timed(lgn=False, is_connected=False),
        "whole": timed(own=True),
    }


def time_ours(case):
    """Timed of the compiled engine: from currents by either integration, and whole."""
    tf.config.threading.set_intra_op_parallelism_threads(case.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    trial = trial_of(case)
    found = {name: time_engine(name, trial) for name in ("exact", "published")}
    return {**found, "whole": time_whole(trial)}


def time_engine(integration, trial):
    """Timed of the recurrent network alone, its input currents given."""
    column = column_of(trial, integration)
    currents = tf.constant(currents_of(trial, column.cell))

    @tf.function
    def engine(currents, state):
        activity = column(currents, initial_state=state)
        return activity.spikes, activity.state

    rest = column.cell.zero_state(1)
    _, warm = engine(currents[:, :WARM_UP_MS], rest)
    return timed_call(engine, currents[:, WARM_UP_MS:], warm)


def time_whole(trial):
    """Timed of LGN spikes in, spikes out, by the exact integration."""
    column = column_of(trial, "exact")
    input_layer = SparseLayer(trial.network, compact=True, engine="compiled")
    noise = PoissonBackground(trial.network, shared=False, compact=True)
    lgn = tf.constant(trial.lgn[None])

    @tf.function
    def whole(lgn, seeds, state):
        currents = input_layer(lgn) + noise(seeds, n_steps=lgn.shape[1])
        activity = column(currents, initial_state=state)
        return activity.spikes, activity.state

    before, after = (tf.constant([[SEED, number]], tf.int32) for number in range(2))
    _, warm = whole(lgn[:, :WARM_UP_MS], before, column.cell.zero_state(1))
    return timed_call(whole, lgn[:, WARM_UP_MS:], after, warm)


def column_of(trial, integration):
    """ColumnRNN of the compiled engine."""
    return ColumnRNN(BillehColumn(trial.network, integration=integration), "compiled")


def timed_call(function, *arguments):
    """Timed of a traced function that returns spikes (1, T, N) and a state."""
    function(*arguments)  # traces and compiles
    began = time.perf_counter()
    spikes, _ = function(*arguments)
    seconds = time.perf_counter() - began
    return Timed(seconds, np.flatnonzero(spikes))


def trial_of(case):
    """The column, and what it receives from outside; nothing in step 0, as in NEST."""
    network = load_network(NetworkConfig(neurons=case.neurons, seed=SEED))
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    rates = grating_lgn_rates(LGN(network.lgn.units), 45.0, duration_ms=case.n_steps)
    rng = np.random.default_rng(SEED)
    lgn = spikes_from_rates(rates, rng)
    background = rng.poisson(BACKGROUND_RATE_HZ / 1000, (case.n_steps, 1))
    lgn[0], background[0] = 0, 0
    synapses = network.background.synapses
    source = synapses.replace(pre=np.zeros(len(synapses), np.int32))
    return Trial(network, lgn, background, source)


def currents_of(trial, cell):
    """Input currents over V_th - E_L of the receptors in use, (1, T, P) float32."""
    scale = np.repeat(cell.parameters.voltage_scale, N_RECEPTORS)
    n_steps, n = len(trial.lgn), trial.network.n_neurons
    currents = np.empty((1, n_steps, cell.n_input_receptors), np.float32)
    for t in range(0, n_steps, WARM_UP_MS):
        steps = range(t, min(t + WARM_UP_MS, n_steps))
        arriving = arriving_currents(trial.network.lgn.synapses, trial.lgn, n, steps)
        arriving += arriving_currents(trial.source, trial.background, n, steps)
        in_use = (arriving / scale)[:, cell.input_receptors]
        currents[0, steps.start : steps.stop] = in_use
    return currents


def key_of(row):
    return int(row["neurons"]), int(row["threads"]), row["what"]


if __name__ == "__main__":
    main()
