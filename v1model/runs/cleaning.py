"""What of runs can be removed, how large it is, and removing it."""

import contextlib
import datetime
import os
import pathlib
import shutil
import time
from typing import NamedTuple

from v1model.runs.hold import LOCK, RunInUse, take
from v1model.runs.index import find_runs
from v1model.runs.summary import read_summary

# Of the files in checkpoints/ those that a finished run is judged, and used, by.
KEPT = ("best.h5", "final.h5", "best.weights.h5", "column.keras")
RUNNING = "running"


class Removal(NamedTuple):
    """What is to go.

    run: RunSummary.
    paths: The folder of the run, or files in its checkpoints.
    n_bytes: Of the disk.
    n_parts: Runs inside the run, which go with it.
    """

    run: object
    paths: list
    n_bytes: int
    n_parts: int = 0


def removals_of(runs, folder, older_s=0.0, checkpoints=False):
    """The Removals of runs: none is running, has a part that is, or lies elsewhere.

    Args:
        runs: RunSummaries that were found in `folder`.
        folder: Runs that are in it by a link alone stay.
        older_s: Least time since a run's last sign of life, s.
        checkpoints: Whether only checkpoints go that are not KEPT. They stay where
            none of KEPT is there.
    """
    inside = pathlib.Path(folder).expanduser().resolve()
    found = []
    for run in runs:
        path = run.path.resolve()
        is_inside = inside == path or inside in path.parents
        if run.state == RUNNING or not is_inside or age_s(run) < older_s:
            continue
        paths, parts = [path], _parts_of(path)
        if checkpoints:
            paths, parts = _spare(path / "checkpoints"), []
        if paths and RUNNING not in {part.state for part in parts}:
            n_bytes = sum(map(bytes_in, paths))
            found.append(Removal(run, paths, n_bytes, len(parts)))
    return found


def remove(removal):
    """Removes; nobody can train the run meanwhile.

    Raises:
        RunInUse: It is being trained now.
        ValueError: The folder is no run any more, or runs.
        OSError: Something cannot be removed.
    """
    path = removal.run.path.resolve()
    goes_whole = path in removal.paths
    for run in [read_summary(path), *(_parts_of(path) if goes_whole else ())]:
        if run.state == RUNNING:
            raise RunInUse(f"{run.path} is running.")
    hold = take(path)
    try:
        for one in removal.paths:
            if one != path:
                one.unlink()
                continue
            # A run goes at once: a half-removed one would look half-written.
            aside = path.with_name(f".{path.name}.removed.{os.getpid()}")
            path.rename(aside)
            shutil.rmtree(aside)
    finally:
        hold.release()


def age_s(run):
    """Seconds since the last sign of life of a RunSummary; 0 if nobody knows."""
    times = [] if run.seen is None else [run.seen]
    with contextlib.suppress(ValueError):
        times.append(datetime.datetime.fromisoformat(run.since).timestamp())
    return max(time.time() - max(times), 0.0) if times else 0.0


def bytes_in(path):
    """Bytes of a file, or of all files in a folder; links count nothing."""
    path = pathlib.Path(path)
    if path.is_symlink():
        return 0
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(bytes_in(entry.path) for entry in os.scandir(path))
    except OSError:  # gone meanwhile, or not to be read
        return 0


def _parts_of(path):
    """RunSummaries of the runs inside a run."""
    return [run for run in find_runs(path, parts=True).runs if run.path != path]


def _spare(folder):
    """Files of checkpoints that a run can be used without; none behind a link."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    if not any(path.name in KEPT for path in files):
        return []
    return [path for path in files if path.name not in KEPT and path.name != LOCK]
