"""Draws the learning curves of training runs side by side."""

import argparse
import pathlib

from v1model.runs import Run
from visualization.files import write_figure
from visualization.learning import by_task, learning_curves, read_epochs


def main():
    """Reads the runs that the command line names and writes one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="run folders")
    parser.add_argument("--out", type=pathlib.Path, default="learning.png")
    arguments = parser.parse_args()
    tables = {}
    for path in arguments.runs:
        run = Run.open(path)
        table = read_epochs(run.metrics_csv)
        task = run.config["trials"]["task"]
        for title, curves in (by_task(table) or {task: table}).items():
            tables[f"{title} ({path.name})" if title in tables else title] = curves
    write_figure(learning_curves(tables), arguments.out)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
