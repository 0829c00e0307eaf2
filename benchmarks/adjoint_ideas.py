"""What inexact adjoints would save, and what they cost in the gradient.

    python benchmarks/adjoint_ideas.py [--cases 5000x1,5000x8]

tolerance   Surrogate derivatives below it count as zero (`gradient_tolerance`): neurons
            far from threshold need no pass over their synapses.
float16     Voltages are kept in half precision between forward pass and adjoint.

Errors are those of the gradient of the recurrent weights, |difference| / |exact|, for
two losses: that of `engine_scaling.py`, which reaches voltages directly, and the mean
of the spikes, whose gradient passes through surrogate derivatives only.
"""

import argparse
import dataclasses
import functools
import os
import pathlib

import numpy as np
from engine_scaling import natural_start, upstream
from results_table import machine, record
from running_column import median_seconds

from v1model.engine.adjoint_state import Run

RESULTS = pathlib.Path(__file__).parent / "results" / "adjoint_ideas.csv"
TOLERANCES = (1e-4, 1e-3, 1e-2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="5000x1,5000x8", help="Neurons x trials.")
    parser.add_argument("--ms", type=int, default=300, help="Length of a trial.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args()
    print(
        f"{'neurons':>7} {'trials':>6} {'idea':>15} {'faster':>6} {'MB saved':>8} "
        f"{'error':>8} {'of spikes':>9}"
    )
    for case in options.cases.split(","):
        neurons, batch = map(int, case.split("x"))
        started = natural_start(neurons, batch, options.ms)
        record(RESULTS, measure(started, options.repeats), key_of)


def measure(started, repeats):
    """Prints and returns one row of results per idea, dicts."""
    column, x, weights, state = started
    exact = Run(*column.forward(x, weights, state)[:3], state.z_buffer)
    in_half = exact.voltages.astype(np.float16)
    halved = exact._replace(voltages=in_half.astype(np.float32))
    width, height, _ = column.surrogate
    ideas = {"exact": (column, exact, 0), "float16": (column, halved, in_half.nbytes)}
    for tolerance in TOLERANCES:
        rough = dataclasses.replace(column, surrogate=(width, height, tolerance))
        ideas[f"tolerance {tolerance:g}"] = rough, exact, 0
    ups = losses(exact, state)
    rows = []
    for name, (engine, run, saved) in ideas.items():
        # The first calls make the tables of the column.
        gradients = [engine.backward(run, up, weights)[1] for up in ups]
        pass_ = functools.partial(engine.backward, run, ups[0], weights)
        seconds = median_seconds(pass_, repeats)
        if name == "exact":
            expected, slow = gradients, seconds
        errors = map(relative_error, gradients, expected)
        rows.append(row_of(name, exact.spikes.shape, slow / seconds, saved, *errors))
    return rows


def losses(run, state):
    """Upstream of the two losses: spikes and voltages, and spikes only."""
    both = upstream(run, state)
    return both, both._replace(voltages=np.zeros_like(both.voltages))


def relative_error(found, expected):
    """|found - expected| / |expected| of two vectors."""
    expected = expected.astype(np.float64)
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def row_of(name, shape, faster, bytes_saved, error, error_of_spikes):
    """A row of the table, printed."""
    batch, ms, neurons = shape
    print(
        f"{neurons:7,} {batch:6} {name:>15} {faster:5.2f}x {bytes_saved / 1e6:8.1f} "
        f"{error:8.1e} {error_of_spikes:9.1e}",
        flush=True,
    )
    return {
        "neurons": neurons,
        "batch": batch,
        "idea": name,
        "ms": ms,
        "times_faster": round(faster, 3),
        "megabytes_saved": round(bytes_saved / 1e6, 1),
        "error": f"{error:.2e}",
        "error_of_spikes": f"{error_of_spikes:.2e}",
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }


def key_of(row):
    """What a row is a result of."""
    return int(row["neurons"]), int(row["batch"]), row["idea"]


if __name__ == "__main__":
    main()
