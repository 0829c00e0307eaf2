#!/usr/bin/env python
"""Times finding and listing runs: a folder of results with two hundred of them.

    python benchmarks/index_runs.py
    python benchmarks/index_runs.py --quick     # fewer repeats

The runs are copies of one of a read-out's training, options, tables and all, with other
seeds; some are damaged, some folders are of somebody else. The target is under 2 s.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from results_table import machine, record

from v1model.cnn.config import ReadoutConfig
from v1model.runs.index import find_runs, read_history
from v1model.runs.run import Run

RESULTS = pathlib.Path(__file__).parent / "results" / "index_runs.csv"
N_EPOCHS, N_NEURONS = 100, 1000


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="Number of them.")
    parser.add_argument("--quick", action="store_true", help="Fewer repeats.")
    options = parser.parse_args(argv)
    repeats = 3 if options.quick else 10
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        make_runs(folder, options.runs)
        listing = [sys.executable, "-m", "training.list_runs", scratch, "--sort=score"]
        actions = {
            "find the runs": lambda: find_runs(folder),
            "v1-runs, a process": lambda: subprocess.run(
                listing, check=True, capture_output=True, cwd=RESULTS.parents[2]
            ),
            "read all metrics.csv": lambda: [
                read_history(run.path) for run in find_runs(folder).runs
            ],
        }
        for name, action in actions.items():
            times = [seconds_of(action) for _ in range(repeats)]
            rows.append(
                {
                    "what": name,
                    "runs": options.runs,
                    "seconds": f"{sorted(times)[len(times) // 2]:.3f}",
                    "slowest_s": f"{max(times):.3f}",
                }
            )
            print(
                f"{name:22} {rows[-1]['seconds']:>7} s, at most "
                f"{rows[-1]['slowest_s']} s",
                flush=True,
            )
    print(machine(("pandas",)))
    record(RESULTS, rows, key=lambda row: (row["what"], int(row["runs"])))


def make_runs(folder, n):
    """Writes n runs below a folder, damaged and foreign folders besides."""
    first = Run.create(folder / "grid", "run_000", ReadoutConfig(), sys.argv, "cnn")
    with first.recorded():
        rows = (f"{k},{k * 50},{1 / k},{k / 100}\n" for k in range(1, N_EPOCHS + 1))
        table = "epoch,updates,total,val_bps\n" + "".join(rows)
        first.metrics_csv.write_text(table, encoding="utf-8")
        rows = (f"mouse,{k},{k / N_NEURONS},3.5\n" for k in range(N_NEURONS))
        table = "group,unit,bps,rate_hz\n" + "".join(rows)
        first.scores_csv.write_text(table, encoding="utf-8")
        (first.checkpoints / "best.h5").write_bytes(bytes(1000))
        first.write_result({"test_bps": 0.5, "minutes": 4.0})
    config = first.config
    for number in range(1, n):
        path = folder / f"grid{number % 7}" / f"run_{number:03}"
        shutil.copytree(first.path, path)
        config["training"]["seed"] = number
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for number in range(5):
        shutil.copytree(first.path, folder / f"damaged{number}")
        (folder / f"damaged{number}" / "config.json").write_text("{")
        (folder / f"thesis{number}").mkdir()


def seconds_of(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
