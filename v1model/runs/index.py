"""The runs below a folder, read without TensorFlow, also while they are trained.

Whatever else lies there is reported with the reason, and never an exception: a folder
of results is the work of many programs and accidents.
"""

import io
import os
import pathlib
from typing import NamedTuple

from v1model.runs.hold import LOCK
from v1model.runs.layout import METRICS
from v1model.runs.summary import RunSummary, read_summary

__all__ = ["Found", "Problem", "RunSummary", "find_runs", "read_history"]
__all__ += ["read_summary"]

# Folders that our programs make beside runs.
_BESIDE = {"comparison", "simulated"}


class Problem(NamedTuple):
    """A folder that is not listed as a run.

    path: Of the folder.  reason: Why, a sentence.
    is_foreign: Whether it has nothing of a run, rather than a damaged one.
    """

    path: pathlib.Path
    reason: str
    is_foreign: bool = False


class Found(NamedTuple):
    """What is below a folder, in the order of the paths.

    runs: RunSummaries.
    problems: Problems.
    """

    runs: list
    problems: list


def find_runs(folder, parts=False):
    """All runs in a folder and the folders below, however deep.

    Args:
        folder: Of results, or a run.
        parts: Whether runs inside a run, such as the small ones of a learning curve,
            are listed beside it; they are parts of it otherwise.

    Returns:
        Found. Hidden folders are passed over, and no folder is looked at twice,
        whatever links point to it.
    """
    folder = pathlib.Path(folder).expanduser()
    found = Found([], [])
    if not folder.is_dir():
        found.problems.append(Problem(folder, f"{folder} is no folder."))
        return found
    has_any = _search(folder, found, set(), parts)
    if not has_any:
        reason = f"no run is in {folder}."
        found.problems.append(Problem(folder, reason, is_foreign=True))
    found.runs.sort(key=lambda run: run.path)
    found.problems.sort()
    return found


def read_history(path):
    """metrics.csv of a run as a DataFrame: numbers are floats, empty cells NaN.

    Args:
        path: Of the run. It may be written at the same time: a last row that is not
            whole yet is left out.

    Returns:
        DataFrame, a row for each epoch; without any before the first epoch.

    Raises:
        ValueError: The table is damaged; says where.
    """
    import pandas as pd  # takes longer than to list two hundred runs

    path = pathlib.Path(path) / METRICS
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return pd.DataFrame()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error
    whole = text[: text.rfind("\n") + 1]
    if not whole.strip():
        return pd.DataFrame()
    try:
        table = pd.read_csv(io.StringIO(whole))
    except ValueError as error:  # of pandas' parser, too
        raise ValueError(
            f"{path} is no table: {' '.join(str(error).split())}"
        ) from error
    numbers = table.select_dtypes("number").columns
    return table.astype(dict.fromkeys(numbers, float))


def _search(folder, found, seen, parts):
    """Adds what is in a folder to `found`; whether that is anything of ours.

    Folders without anything of ours are foreign: the topmost of each is reported, but
    only beside runs. Who calls decides that.
    """
    try:
        status = folder.stat()
        # Links last: what they lead to has its own place, if that is here as well.
        entries = sorted(os.scandir(folder), key=lambda e: (e.is_symlink(), e.name))
    except OSError as error:
        reason = f"{folder} cannot be read: {error.strerror}."
        found.problems.append(Problem(folder, reason))
        return True
    if (status.st_dev, status.st_ino) in seen:
        return True
    seen.add((status.st_dev, status.st_ino))
    names = {entry.name for entry in entries}
    is_run = _add_run(folder, names, found)
    if is_run and not parts:
        return True
    inner = [entry for entry in entries if entry.name[0] != "." and _is_folder(entry)]
    foreign = [
        pathlib.Path(entry.path)
        for entry in inner
        if not _search(pathlib.Path(entry.path), found, seen, parts)
    ]
    if is_run:
        return True
    has_any = len(foreign) < len(inner)
    if has_any:
        for path in foreign:
            if path.name not in _BESIDE:
                reason = f"{path} is no run, and none is in it."
                found.problems.append(Problem(path, reason, is_foreign=True))
    return has_any


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


# Of these names one makes a folder ours, config.json aside, which many programs write.
_OWN = {"run.json", "starts.json", "state.json", LOCK}


def _add_run(folder, names, found):
    """Adds a folder to runs or problems if it is one; whether it is."""
    if not names & (_OWN | {"config.json"}):
        return False
    try:
        found.runs.append(read_summary(folder))
    except ValueError as error:
        is_foreign = not names & _OWN
        reason = str(error)
        if is_foreign:
            reason = f"{folder} has a config.json, and nothing else of a run."
        found.problems.append(Problem(folder, reason, is_foreign))
    return True
