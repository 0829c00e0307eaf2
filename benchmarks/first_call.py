"""Seconds until the first gradient: a new machine, a new process, the second call.

    python benchmarks/first_call.py [--neurons 5000]

The first training step traces TensorFlow's graph, makes the tables of the wiring and,
in the compiled engine, compiles its loops with Numba, which keeps them on disk. Each
engine runs in a process with an empty cache, then in a second one that finds it filled.
"""

import argparse
import os
import pathlib
import tempfile
from unittest import mock

from engine_step import ENGINES, Case, functions_of
from results_table import machine, record
from running_column import in_process_of_its_own, natural_trial, seconds

RESULTS = pathlib.Path(__file__).parent / "results" / "first_call.csv"
MOST_SECONDS = 30  # of the very first call


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=5000, help="Size.")
    parser.add_argument("--batch", type=int, default=1, help="Trials.")
    parser.add_argument("--ms", type=int, default=100, help="Length of a trial.")
    options = parser.parse_args()
    print(
        f"seconds of a training step of {options.ms} ms\n"
        f"{'neurons':>7} {'trials':>6} {'engine':>8} {'empty cache':>11} "
        f"{'new process':>11} {'second call':>11}"
    )
    rows = []
    # Made where the cache is that of the user: this is no part of the first call.
    trial = in_process_of_its_own(
        natural_trial, options.neurons, options.batch, options.ms
    )
    for engine in ENGINES:
        case = Case(options.neurons, options.batch, engine, "CPU", options.ms)
        rows.append(measure(trial, case))
    record(RESULTS, rows, key_of)
    first = max(row["empty_cache_s"] for row in rows)
    verdict = "reached" if first <= MOST_SECONDS else "MISSED"
    print(f"{verdict:>7}  first call within {MOST_SECONDS} s: {first:.1f} s")


def measure(trial, case):
    """Prints and returns a row of results, a dict."""
    # Numba looks at the environment when it is imported.
    with (
        tempfile.TemporaryDirectory() as cache,
        mock.patch.dict(os.environ, {"NUMBA_CACHE_DIR": cache}),
    ):
        empty = in_process_of_its_own(two_calls, trial, case)
        filled = in_process_of_its_own(two_calls, trial, case)
    row = {
        "neurons": case.neurons,
        "batch": case.batch,
        "engine": case.engine,
        "ms": case.ms,
        "empty_cache_s": round(empty[0], 2),
        "new_process_s": round(filled[0], 2),
        "second_call_s": round(filled[1], 3),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    print(
        f"{case.neurons:7,} {case.batch:6} {case.engine:>8} {empty[0]:11.2f} "
        f"{filled[0]:11.2f} {filled[1]:11.3f}",
        flush=True,
    )
    return row


def two_calls(trial, case):
    """Seconds of the first training step of a process, and of the second."""
    step = functions_of(trial, case)["step"]
    return [seconds(step) for _ in range(2)]


def key_of(row):
    """What a row is a result of."""
    return int(row["neurons"]), int(row["batch"]), row["engine"]


if __name__ == "__main__":
    main()
