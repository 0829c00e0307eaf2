"""The ledger of a grid: which of its runs are where, and the files that say so.

    grid.json    the grid as it was understood, and every run with its command
    grid.yaml    a copy of the grid file
    runs.csv     a row per run: axes, state, score, minutes; kept up to date
    .grid/       locks, and the output of runs that have no folder yet

All lie in the folder of the results, are replaced atomically, and are made again from
the run folders whenever a grid is started: nothing is decided by them.
"""

import json
import pathlib
import shlex
from typing import NamedTuple

from training.grid_plan import cells_of
from v1model.atomic import write_rows, write_text
from v1model.file_lock import file_lock
from v1model.rooms import ROOMS
from v1model.runs.hold import is_held
from v1model.runs.summary import read_summary

HIDDEN, TABLE, GRID, COPY = ".grid", "runs.csv", "grid.json", "grid.yaml"
FINISHED, RUNNING, WAITING, DAMAGED = "finished", "running", "waiting", "damaged"


class Standing(NamedTuple):
    """Where a run is.

    state: One of STATES of runs; WAITING where it has no folder yet, DAMAGED where its
        folder cannot be read, and `error` says why.
    """

    state: str
    path: pathlib.Path | None = None
    score: float | None = None
    minutes: float | None = None
    n_epochs: int = 0
    error: str | None = None


class Ledger:
    """The runs of a grid in the folder of the results.

    Args:
        grid: GridFile.
        runs: PlannedRuns.
    """

    def __init__(self, grid, runs):
        self.grid, self.runs = grid, runs
        self.folder = pathlib.Path(grid.results_dir).expanduser()

    @property
    def hidden(self):
        """Folder of locks and of output that has no run folder yet."""
        return self.folder / HIDDEN

    def folder_of(self, run):
        """Where a run lies, or None; its hash counts, whatever words it is called by.

        A decoder's run folder has more words behind those of the grid.
        """
        if (self.folder / run.name).is_dir():
            return self.folder / run.name
        patterns = (f"*_{run.identity}", f"*_{run.identity}_*")
        found = [path for one in patterns for path in sorted(self.folder.glob(one))]
        folders = [path for path in found if path.is_dir()]
        return folders[0] if folders else None

    def name_of(self, run):
        """What the run is called on its command line, now or since it was begun."""
        path = self.folder_of(run)
        if path is None:
            return run.name
        head, _, _ = path.name.rpartition(run.identity)
        return head + run.identity

    def standing(self, run):
        """The Standing of a run."""
        path = self.folder_of(run)
        if path is None:
            return Standing(WAITING)
        try:
            found = read_summary(path)
        except ValueError as error:
            if is_held(path):
                return Standing(RUNNING, path)
            return Standing(DAMAGED, path, error=str(error))
        return Standing(
            found.state, path, found.score, found.minutes, found.n_epochs, found.error
        )

    def begin(self, text):
        """Writes what the grid is; `text` is its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.hidden.mkdir(exist_ok=True)
        about = {
            "layout": 1,
            "grid": self.grid.model_dump(mode="json"),
            "runs": [
                {
                    "name": self.name_of(run),
                    "id": run.identity,
                    **cells_of(run.point),
                    "command": shlex.join(run.command(self.grid, self.name_of(run))),
                }
                for run in self.runs
            ],
        }
        write_text(self.folder / COPY, text)
        write_text(self.folder / GRID, json.dumps(about, indent=2) + "\n")
        self.update()

    def update(self):
        """Writes the table anew, and returns the Standing of each run by number."""
        with file_lock(self.hidden / "table.lock"):
            found = {run.number: self.standing(run) for run in self.runs}
            rows = [self._row(run, found[run.number]) for run in self.runs]
            write_rows(self.folder / TABLE, rows)
        return found

    def _row(self, run, standing):
        path = standing.path
        return {
            "number": run.number,
            "run": run.name if path is None else path.name,
            **cells_of(run.point),
            "state": standing.state,
            ROOMS[self.grid.room].score: _short(standing.score),
            "minutes": _short(standing.minutes),
            "epochs": standing.n_epochs,
            "error": standing.error or "",
        }


def _short(number):
    return "" if number is None else f"{number:.5g}"
