"""Cost of the compiled engine against the size of the column and its rate.

    python benchmarks/engine_scaling.py [--sizes 500,5000] [--rates 0.1,10]

Two scans: over sizes, at the natural rate under a drifting grating; and over rates, at
one size. In the second, rates are imposed: recurrent weights are a millionth of the
real ones, and input pulses make every neuron fire at Poisson times. What a spike costs
does not depend on the weights. Forward pass and exact adjoint are timed apart, without
TensorFlow; projections and noise are not in it (`engine_step.py` has them).

The laws to show, per simulated ms and trial, with N neurons and S synapses:

    forward = a + b N + c S rate        adjoint = a + b N + c S

a is what threads need to begin and end a loop.

Beside each time stands how many times longer it is than the floors of this machine
(`engine_floors.py`). Results are added to benchmarks/results/engine_scaling.csv.
"""

import argparse
import os
import pathlib
from typing import NamedTuple

import numpy as np
import scipy.optimize
from engine_floors import Work, floors
from results_table import machine, record
from running_column import SEED, median_seconds, natural_trial

from v1model.engine.adjoint_state import Run, Upstream
from v1model.engine.compiled import CompiledColumn
from v1model.engine.glif3 import GLIF3State
from v1model.network.data import N_RECEPTORS
from v1model.simulation import untrained_column

RESULTS = pathlib.Path(__file__).parent / "results" / "engine_scaling.csv"
SIZES = "500,1000,2000,5000,10000,20000,51978"
RATES = "0.1,0.3,1,3,10,30"
WEAK = np.float32(1e-6)  # factor on recurrent weights where rates are imposed
JUMP = 1.5  # of the voltage by a pulse, in V_th - E_L


class Started(NamedTuple):
    """A column at the beginning of what is timed.

    column: CompiledColumn.  x: Input currents, (B, T, P).  weights: (S,).
    state: GLIF3State of arrays.
    """

    column: CompiledColumn
    x: np.ndarray
    weights: np.ndarray
    state: GLIF3State


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="Numbers of neurons.")
    parser.add_argument("--rates", default=RATES, help="Imposed rates, Hz.")
    parser.add_argument("--rates_at", type=int, default=5000, help="Their size.")
    parser.add_argument("--batches", default="1,8", help="Numbers of trials.")
    parser.add_argument("--ms", type=int, default=600, help="Length, of all trials.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args()
    print(HEADING)
    rows = []
    for batch in map(int, options.batches.split(",")):
        # Trials side by side cost less each: the same time is spent on fewer ms.
        ms = max(options.ms // batch, 100)
        for neurons in map(int, options.sizes.split(",")):
            started = natural_start(neurons, batch, ms)
            rows.append(measure("size", started, options.repeats))
        for rate in map(float, options.rates.split(",")):
            started = imposed_start(options.rates_at, batch, ms, rate)
            rows.append(measure("rate", started, options.repeats, rate))
    record(RESULTS, rows, key_of)
    print(laws_in_words(rows))


HEADING = (
    "microseconds per simulated ms and trial; x: times longer than the floor\n"
    f"{'scan':>4} {'neurons':>7} {'synapses':>10} {'trials':>6} {'Hz':>6} "
    f"{'forward':>8} {'bytes':>7} {'flops':>7} "
    f"{'adjoint':>8} {'bytes':>7} {'flops':>7} {'lines':>7}"
)


def natural_start(neurons, batch, ms):
    """A column under a drifting grating, after the warm-up."""
    trial = natural_trial(neurons, batch, ms)
    layers = untrained_column(trial.network, engine="compiled")
    x = layers.input_layer(trial.lgn).numpy() + trial.noise
    cell = layers.rsnn.cell
    column = cell.compiled(cell.input_receptors)
    return Started(column, x, cell.recurrent_weights.numpy(), trial.state)


def imposed_start(neurons, batch, ms, rate_hz):
    """A column at rest whose neurons are made to fire at Poisson times."""
    layers = untrained_column(natural_trial(neurons, 1, 1).network, engine="compiled")
    cell = layers.rsnn.cell
    rng = np.random.default_rng(SEED)
    fires = rng.random((batch, ms, neurons)) < rate_hz / 1000
    state = GLIF3State(*(part.numpy() for part in cell.zero_state(batch)))
    weights = WEAK * cell.recurrent_weights.numpy()
    column = cell.compiled(cell.input_receptors)
    return Started(column, pulses(column, fires), weights, state)


def pulses(column, fires):
    """Input currents (B, T, P) that lift voltages by JUMP, three steps after `fires`.

    A current decays twice, as rise and as current. Two more pulses take back what is
    left of both after a step, so that one pulse causes one spike.
    """
    p = column.parameters
    neuron = column.channels // N_RECEPTORS
    first = np.searchsorted(neuron, np.arange(column.wiring.n_neurons))
    receptor = column.channels[first]
    decay = np.ravel(p.syn_decay)[receptor]
    gain = p.current_factor * np.ravel(p.psc_initial)[receptor] * column.dt * decay
    x = np.zeros((*fires.shape[:2], column.n_channels), np.float32)
    for delay, factor in enumerate((1, -2 * decay, decay**2)):
        x[:, delay:, first] += fires[:, : fires.shape[1] - delay] * (
            JUMP / gain * factor
        ).astype(np.float32)
    return x


def measure(scan, started, repeats, imposed_hz=0.0):
    """Prints and returns one row of results, a dict; times are per ms and trial."""
    column, x, weights, state = started
    spikes, voltages, refractory, _ = column.forward(x, weights, state)
    run = Run(spikes, voltages, refractory, state.z_buffer)
    up = upstream(run, state)
    column.backward(run, up, weights)
    forward = median_seconds(lambda: column.forward(x, weights, state), repeats)
    adjoint = median_seconds(lambda: column.backward(run, up, weights), repeats)
    work = work_of(started, spikes)
    per_ms = 1e6 / spikes.shape[1] / work.trials
    row = {
        "scan": scan,
        "neurons": work.neurons,
        "batch": work.trials,
        "imposed_hz": imposed_hz,
        "synapses": work.synapses,
        "rate_hz": round(1000 * float(spikes.mean()), 3),
        "ms": work.ms,
        "forward_us": round(forward * per_ms, 3),
        "adjoint_us": round(adjoint * per_ms, 3),
        **{
            f"{name}_us": round(value / work.trials, 4)
            for name, value in floors(work)._asdict().items()
        },
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    print(row_in_words(row), flush=True)
    return row


def upstream(run, state):
    """Derivatives of mean spikes and mean squared distance of v to threshold."""
    size = np.float32(run.spikes.size)
    nothing = GLIF3State(*(np.zeros_like(part) for part in state))
    return Upstream(
        np.full_like(run.spikes, 1 / size), 2 / size * (run.voltages - 1), nothing
    )


def work_of(started, spikes):
    """The Work of a run."""
    table = started.column.wiring.adjoint
    n_trials, ms, n = spikes.shape
    synapses = len(started.weights)
    window = min(len(table.receptor), table.block) * table.width
    return Work(
        neurons=n,
        synapses=synapses,
        trials=n_trials,
        ms=ms,
        events=float(spikes.mean(dtype=np.float64)) * synapses,
        index_bytes=table.index.itemsize,
        window_bytes=window * n_trials * spikes.itemsize,
    )


def row_in_words(row):
    """A row of the table below HEADING."""
    forward = [row["forward_us"] / row[f"forward_{k}_us"] for k in ("bytes", "flops")]
    adjoint = [
        row["adjoint_us"] / row[f"adjoint_{k}_us"] for k in ("bytes", "flops", "lines")
    ]
    return (
        f"{row['scan']:>4} {row['neurons']:7,} {row['synapses']:10,} {row['batch']:6} "
        f"{row['rate_hz']:6.2f} {row['forward_us']:8.1f}"
        + "".join(f" {ratio:6.1f}x" for ratio in forward)
        + f" {row['adjoint_us']:8.1f}"
        + "".join(f" {ratio:6.1f}x" for ratio in adjoint)
    )


class Law(NamedTuple):
    """A fitted law; nanoseconds.

    per_step: Whatever the size.  per_neuron: And step.
    per_synapse: That a spike passes (forward), and step (adjoint).
    worst: Largest factor between the law and a row.
    """

    per_step: float
    per_neuron: float
    per_synapse: float
    worst: float

    def microseconds(self, neurons, synapses):
        """What the law says; synapses: those that count."""
        found = self.per_step + self.per_neuron * neurons + self.per_synapse * synapses
        return found / 1000


PASSES = ("forward", "adjoint")


def synapses_that_count(name, row):
    """Per simulated ms: those that spikes pass (forward), all (adjoint)."""
    share = float(row["rate_hz"]) / 1000 if name == "forward" else 1.0
    return float(row["synapses"]) * share


def law_of(name, rows):
    """The Law of a pass, fitted to rows of one batch size."""
    return fit(
        np.array([float(row["neurons"]) for row in rows]),
        np.array([synapses_that_count(name, row) for row in rows]),
        np.array([1000 * float(row[f"{name}_us"]) for row in rows]),
    )


def fit(neurons, synapses, found):
    """The Law with terms >= 0 that comes nearest, every row by its relative error."""
    terms = np.stack([np.ones(len(found)), neurons, synapses], axis=1) / found[:, None]
    factors, _ = scipy.optimize.nnls(terms, np.ones(len(found)))
    worst = np.exp(np.abs(np.log(terms @ factors)).max())
    return Law(*map(float, factors), float(worst))


def laws_in_words(rows):
    """The laws of each batch size, two lines each."""
    lines = ["nanoseconds per simulated ms and trial; N neurons, S synapses"]
    for batch in sorted({int(row["batch"]) for row in rows}):
        for name, counted in zip(PASSES, ("S rate", "S"), strict=True):
            law = law_of(name, [row for row in rows if int(row["batch"]) == batch])
            lines.append(
                f"{batch:2} trials: {name} = {law.per_step:.0f}"
                f" + {law.per_neuron:.2f} N + {law.per_synapse:.3g} {counted}"
                f"   (rows within {law.worst:.1f}x)"
            )
    return "\n".join(lines)


def key_of(row):
    """What a row is a result of."""
    return (
        row["scan"],
        int(row["batch"]),
        int(row["neurons"]),
        float(row["imposed_hz"]),
    )


if __name__ == "__main__":
    main()
