"""Seconds of a column that are recorded per second, beside simulating alone.

    python benchmarks/record_column.py [--sizes 1000,5000] [--seconds 16] [--repeats 3]

Built columns see natural pictures. Simulating alone runs the same simulation on the
same input and keeps nothing; recording adds parts, compression, the joined file and all
it is synced to the disk for. In each repeat they take turns, and the median of the
ratios counts. Memory is the peak of a process that records `--seconds`, and how much
higher it is after four times as long.

Results are added to benchmarks/results/record_column.csv. Linux only: the peak is read
in /proc.
"""

import argparse
import os
import pathlib
import re
import statistics
import tempfile
import time

from results_table import machine, record
from running_column import in_process_of_its_own

from v1model.column_recording.config import RecordConfig, ShownConfig
from v1model.column_recording.recorder import ColumnRecorder
from v1model.column_recording.rows import ColumnRows, at_rest
from v1model.config import NetworkConfig
from v1model.lgn import LGN
from v1model.simulation import simulate, untrained_column
from v1model.stimuli.screening import ScreenRates

RESULTS = pathlib.Path(__file__).parent / "results" / "record_column.csv"
SEED = 3000
# What is kept, by name of the case.
CASES = {"spikes": ("spikes",), "spikes and voltages": ("spikes", "voltages")}
TARGET = 1.2  # of the time of simulating alone
LONGER = 4


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,5000", help="Neurons.")
    parser.add_argument("--seconds", type=float, default=16.0, help="Recorded.")
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args(arguments)
    rows = []
    for size in map(int, options.sizes.split(",")):
        for case in CASES:
            row = measure(size, case, options.seconds, options.repeats)
            rows.append(row)
            print(words_of(row), flush=True)
    record(RESULTS, rows, key_of)


def measure(size, case, seconds, repeats):
    """A row of results: a dict."""
    with tempfile.TemporaryDirectory() as folder:
        first = recorder_of(size, case, seconds, folder)
        layers = untrained_column(first.network)
        simulated(first, layers)  # compiles, and fills the caches
        alone, ratios, n_bytes = [], [], 0
        for _ in range(repeats):
            alone.append(simulated(first, layers))
            taken, n_bytes = recorded(first.config, layers)
            ratios.append(taken / alone[-1])
    peaks = [
        in_process_of_its_own(peak_memory, size, case, factor * seconds)
        for factor in (1, LONGER)
    ]
    return {
        "neurons": size,
        "kept": case,
        "seconds": seconds,
        "simulated_per_second": round(seconds / statistics.median(alone), 2),
        "ratio": round(statistics.median(ratios), 2),
        "mb_per_second": round(n_bytes / 1e6 / seconds, 2),
        "peak_gb": round(peaks[0], 2),
        "growth_mb_per_second": round(
            1000 * (peaks[1] - peaks[0]) / (LONGER - 1) / seconds, 2
        ),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(("tensorflow", "h5py")),
    }


def recorder_of(size, case, seconds, folder):
    """A ColumnRecorder of a built column that sees pictures for some seconds."""
    repeats = int(seconds * 4 / 41) + 1  # 40 pictures and the blank, 250 ms each
    return ColumnRecorder(
        RecordConfig(
            network=NetworkConfig(neurons=size, seed=SEED),
            shown=ShownConfig(repeats=repeats, seconds=seconds),
            signals=CASES[case],
            out=str(pathlib.Path(folder) / "recording.h5"),
        )
    )


def simulated(recorder, layers):
    """Seconds to simulate what is recorded, and to keep nothing."""
    screen = ScreenRates(LGN(recorder.network.lgn.units), recorder.screening)
    rows = ColumnRows(layers, screen, SEED, recorder.n_steps, at_rest(layers, SEED))
    began = time.perf_counter()
    for activity in simulate(layers, rows.lgn_pieces(), (SEED,)):
        activity.spikes.numpy()
    return time.perf_counter() - began


def recorded(config, layers):
    """Seconds to record, from the first step to the joined file, and its bytes."""
    path = pathlib.Path(config.out)
    path.unlink(missing_ok=True)
    recorder = ColumnRecorder(config)
    began = time.perf_counter()
    recorder.record(layers=layers)
    return time.perf_counter() - began, path.stat().st_size


def peak_memory(size, case, seconds):
    """Largest memory of this process, which records, GB."""
    with tempfile.TemporaryDirectory() as folder:
        recorder_of(size, case, seconds, folder).record()
    # Unlike that of getrusage, this peak begins anew with the program.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1e6


def words_of(row):
    verdict = "reached" if row["ratio"] <= TARGET else "missed"
    return (
        f"{row['neurons']:6,} {row['kept']:20} {row['simulated_per_second']:5.2f} s "
        f"per second alone, recorded {row['ratio']:.2f} times as long (target "
        f"{TARGET}, {verdict}), {row['mb_per_second']:.2f} MB per s; peak "
        f"{row['peak_gb']:.2f} GB, {row['growth_mb_per_second']:.2f} MB more per s"
    )


def key_of(row):
    return int(row["neurons"]), list(CASES).index(row["kept"])


if __name__ == "__main__":
    main()
