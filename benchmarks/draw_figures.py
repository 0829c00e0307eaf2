"""Draws the recorded results of the engine benchmarks into docs/figures.

    python benchmarks/draw_figures.py

Results of several machines are not mixed: a figure shows those of the machine with the
most rows.
"""

import csv
import pathlib
import statistics

import engine_scaling
import engine_step
import memory_length
import numpy as np

from visualization import benchmarks as figures
from visualization.files import write_figure

FOLDER = pathlib.Path(__file__).parents[1] / "docs" / "figures"
FLOORS = {"forward": ("bytes", "flops"), "adjoint": ("bytes", "flops", "lines")}


def main():
    drawn = {
        "engine_step.png": step_figure(rows_of(engine_step.RESULTS)),
        "engine_scaling.png": scaling_figure(rows_of(engine_scaling.RESULTS)),
        "memory_length.png": memory_figure(rows_of(memory_length.RESULTS)),
    }
    for name, figure in drawn.items():
        write_figure(figure, FOLDER / name, dpi=200)
        print(FOLDER / name)


def rows_of(path):
    """Rows of the machine that has most of them, dicts of strings."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = statistics.mode(row["machine"] for row in rows)
    return [row for row in rows if row["machine"] == shown]


def step_figure(rows):
    """Bars of a training step by case and engine."""
    cases = {}
    for engine in engine_step.ENGINES:
        for row in rows:
            if row["engine"] == engine:
                name = engine if row["device"] == "CPU" else f"{engine}, GPU"
                seconds = float(row["forward_backward_s"])
                cases.setdefault(title_of(row), {})[name] = seconds
    return figures.step_times(cases, rows[0]["machine"])


def title_of(row):
    """ "5,000 neurons, 8 trials" on two lines."""
    trials = int(row["batch"])
    return f"{int(row['neurons']):,} neurons\n{trials} trial{'s' * (trials > 1)}"


def scaling_figure(rows):
    """Cost against size and against rate."""
    scans = {
        "size": [row for row in rows if row["scan"] == "size"],
        "rate": [row for row in rows if row["scan"] == "rate"],
    }
    alone = [row for row in rows if row["batch"] == "1"]
    laws = {name: engine_scaling.law_of(name, alone) for name in FLOORS}
    by_size = {n: scan_of(scans["size"], "neurons", n, laws[n]) for n in FLOORS}
    by_rate = {n: scan_of(scans["rate"], "imposed_hz", n, laws[n]) for n in FLOORS}
    neurons = int(scans["rate"][0]["neurons"])
    trials = max(int(row["batch"]) for row in rows)
    return figures.engine_scaling(by_size, by_rate, neurons, trials)


def memory_figure(rows):
    """Memory against the length of the trial, of the column with the most rows."""
    neurons = statistics.mode(row["neurons"] for row in rows)
    rows = [row for row in rows if row["neurons"] == neurons]
    points, times = {}, {}
    for method in memory_length.METHODS:
        found = [row for row in rows if row["method"] == method]
        pairs = sorted((int(row["ms"]), float(row["peak_mb"])) for row in found)
        points[method] = tuple(np.array(pairs).T)
        timed = [row for row in found if row["step_s"]]
        longest = max(timed, key=lambda row: int(row["ms"]))
        times[method] = float(longest["step_s"])
    segment = int(rows[0]["segment_ms"])
    note = (
        f"{int(neurons):,} neurons, 1 trial; time of {int(longest['ms']):,} ms; "
        f"{rows[0]['machine']}"
    )
    return figures.memory_against_length(points, times, segment, note)


def scan_of(rows, axis, name, law):
    """The Scan of a pass, "forward" or "adjoint", along a column of the results."""
    x = sorted({float(row[axis]) for row in rows})
    most = max(int(row["batch"]) for row in rows)

    def along(batch, value):
        found = {
            float(row[axis]): value(row) for row in rows if int(row["batch"]) == batch
        }
        return np.array([found.get(place, np.nan) for place in x])

    def said_by_law(row):
        synapses = engine_scaling.synapses_that_count(name, row)
        return law.microseconds(int(row["neurons"]), synapses)

    def column(kind):
        return lambda row: float(row[kind])

    return figures.Scan(
        x=np.array(x),
        alone=along(1, column(f"{name}_us")),
        together=along(most, column(f"{name}_us")),
        law=along(1, said_by_law),
        floors={kind: along(1, column(f"{name}_{kind}_us")) for kind in FLOORS[name]},
    )


if __name__ == "__main__":
    main()
