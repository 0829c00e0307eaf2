"""Seconds from run folders to figures and to a page, and until a browser has drawn it.

    python benchmarks/comparison_page.py [--cases 12x1000,96x1000,12x5000] [--quick]

Made-up runs: two cores, some widths, three seeds; two recordings, 100 epochs. "drawn"
is from the opening of the page until its scripts are done, told by the page itself in
a headless Chromium; it is left out where there is none.

Results are added to benchmarks/results/comparison_page.csv.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import numpy as np
import pandas as pd
from results_table import machine, record

from v1model.comparison.comparing import compare
from visualization.comparison.figures import write_figures
from visualization.comparison.hparams import write_hparams
from visualization.comparison.page import write_page

RESULTS = pathlib.Path(__file__).parent / "results" / "comparison_page.csv"
CASES, QUICK = "12x1000,96x1000,12x5000", "12x1000"
SEEDS, EPOCHS, REPEATS = 3, 100, 3
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Of 12 runs and 1,000 neurons: seconds to compare and to draw everything, until a
# browser has drawn it, and the size of the page in MB.
TARGETS = {"everything_s": 10.0, "drawn_s": 2.0, "page_mb": 5.0}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=CASES, help="Runs x neurons.")
    parser.add_argument("--quick", action="store_true", help=f"Only {QUICK}.")
    options = parser.parse_args(arguments)
    rows = []
    for case in (QUICK if options.quick else options.cases).split(","):
        rows.append(measure(*map(int, case.split("x"))))
        print(words_of(rows[-1]), flush=True)
    record(RESULTS, rows, lambda row: (int(row["neurons"]), int(row["runs"])))


def measure(n_runs, n_neurons):
    """The row of results of so many runs and neurons."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_runs(folder / "runs", n_runs, n_neurons)
        page, took = folder / "page.html", {}
        found, took["compare_s"] = timed(compare, [folder / "runs"])
        _, took["figures_s"] = timed(write_figures, found, folder / "figures")
        _, took["hparams_s"] = timed(write_hparams, found, folder / "hparams")
        _, took["page_s"] = timed(write_page, found, page)
        drawn = seconds_drawn(page)
        return {
            "runs": n_runs,
            "neurons": n_neurons,
            **took,
            "everything_s": round(sum(took.values()), 3),
            "drawn_s": "" if drawn is None else drawn,
            "page_mb": round(page.stat().st_size / 1e6, 3),
            "load": round(os.getloadavg()[0], 1),
            "machine": machine(("matplotlib", "pandas")),
        }


def timed(work, *arguments):
    """What a function gives, and the seconds that it took."""
    began = time.perf_counter()
    result = work(*arguments)
    return result, round(time.perf_counter() - began, 3)


def write_runs(folder, n_runs, n_neurons):
    """Finished runs of the read-out room; each recording has half of the neurons."""
    rng = np.random.default_rng(0)
    rate = np.exp(rng.normal(1.2, 0.9, n_neurons))
    base = 0.3 + 0.06 * np.log(rate) + 0.1 * rng.standard_normal(n_neurons)
    place = np.arange(n_neurons)
    units = {"group": [f"mouse_{k % 2}" for k in place], "unit": [*map(str, place)]}
    for run in range(n_runs):
        variant, seed = divmod(run, SEEDS)
        core = {"type": ("resnet", "densenet")[variant % 2], "width": 8 + variant // 2}
        score = base + 0.01 * variant + 0.03 * rng.standard_normal(n_neurons)
        files = {
            "run": {"layout": 2, "room": "cnn", "inputs": {}},
            "config": {"model": {"convnet": core}, "training": {"seed": seed}},
            "starts": [{"command": "v1-cnn-training", "time": "", "folder": ""}],
            "state": {"state": "finished", "since": "", "error": None},
            "result": {"costs": {"parameters": 1000 * core["width"], "minutes": 3.0}},
        }
        path = folder / f"run_{run:03d}"
        path.mkdir(parents=True)
        for name, content in files.items():
            (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        table = pd.DataFrame({**units, "bps": score, "rate_hz": rate})
        table.to_csv(path / "scores.csv", index=False)
        epoch = np.arange(1, EPOCHS + 1)
        curve = score.mean() * (1 - np.exp(-epoch / 20))
        history = {"epoch": epoch, "updates": 150 * epoch, "seconds": 44.0 * epoch}
        history |= {"total": 1 - curve, "val_bps": curve}
        pd.DataFrame(history).to_csv(path / "metrics.csv", index=False)


def seconds_drawn(page):
    """Median seconds until a browser has drawn a page; None without a browser."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return None
    times = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            flags = ("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom")
            command = [program, *flags, f"--user-data-dir={profile}", page.as_uri()]
            shown = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r'data-ready="(\d+)"', shown.stdout)
        if found is None:
            raise ValueError(f"{program} did not run the scripts of {page}.")
        times.append(int(found[1]) / 1000)
    return statistics.median(times)


def words_of(row):
    """A row in one line, beside its targets."""
    parts = ("compare", "figures", "hparams", "page")
    times = "  ".join(f"{part} {row[f'{part}_s']:.2f}" for part in parts)
    line = f"{row['runs']:3} runs x {row['neurons']:5,}: {times}"
    told = []
    for name, words in {
        "everything_s": "all {} s",
        "drawn_s": "drawn by the browser in {} s",
        "page_mb": "{} MB",
    }.items():
        if row[name] == "":
            told.append("no browser")
            continue
        reached = "" if row[name] <= TARGETS[name] else f" (target {TARGETS[name]:g})"
        told.append(words.format(f"{row[name]:.2f}") + reached)
    return f"{line}; {', '.join(told)}"


if __name__ == "__main__":
    main()
