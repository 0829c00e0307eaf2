"""RunSummary: what is known of a run without opening a checkpoint or TensorFlow."""

import csv
import dataclasses
import math
import pathlib
import platform

from v1model.rooms import ROOMS
from v1model.runs.hold import LOCK, is_alive, is_held
from v1model.runs.layout import (
    METRICS,
    RECORDS,
    SCORES,
    STATES,
    newest,
    read_documents,
    read_json,
)
from v1model.runs.options_text import dotted, is_number

SILENT_DEATH = "its process is gone without a word"


@dataclasses.dataclass(frozen=True)
class RunSummary:
    """A run folder, read.

    Args:
        path: Of the folder.
        name: Of the folder, without those above it.
        room: One of ROOMS, or "".
        layout: Version of the folder as it lies there.
        state: running, finished, killed or failed. One that says running, of this
            machine, whose process is dead, is killed.
        since: When the state began, as written: ISO 8601.
        error: Why it ended, or None.
        config: Options by dotted name: model.convnet.blocks.0.norm.type.
        inputs: What the training took beside the options, by name.
        result: The metrics of result.json, or None.
        starts: A dict for each start: time, command, host, versions...
        n_epochs: Epochs with a row in metrics.csv.
        seen: When the last metrics were written, seconds since 1970; None for never.
    """

    path: pathlib.Path
    name: str
    room: str
    layout: int
    state: str
    since: str
    error: str | None
    config: dict
    inputs: dict
    result: dict | None
    starts: list
    n_epochs: int
    seen: float | None = None

    @property
    def score(self):
        """What runs of the room are compared by, larger is better; or None.

        The number of result.json, or the mean of the column of scores.csv.
        """
        found = _number(_score_of(self.room, self.result or {}))
        if found is None and self.room in ROOMS:
            found = _mean_of(self.path / SCORES, ROOMS[self.room].score)
        return found

    @property
    def minutes(self):
        """Of training, or None where no result says so."""
        result = self.result or {}
        found = _number(_within(result, "costs", "minutes"))
        if found is None:
            found = _number(result.get("minutes"))
        if found is None and self.room == "decoder":
            seconds = _number(_within(result, "row", "seconds"))
            found = None if seconds is None else seconds / 60
        return found

    @property
    def host(self):
        """Machine of the last start, or ""."""
        return str(self.starts[-1].get("host", "")) if self.starts else ""


def read_summary(path):
    """The RunSummary of a folder, in any layout that this version knows.

    Raises:
        ValueError: It is no run, half-written, damaged or made by a newer v1model; says
            which file, and why.
    """
    path = pathlib.Path(path)
    try:
        return _read(path)
    except OSError as error:
        where = error.filename or path
        raise ValueError(f"{where} cannot be read: {error.strerror}.") from error
    except RecursionError:
        raise ValueError(f"{path}: its options are nested too deeply.") from None


def _read(path):
    try:
        found = read_documents(path)
    except FileNotFoundError:
        raise ValueError(_why_no_run(path)) from None
    current = newest(found, path)
    try:
        state = read_json(path / "state.json")
    except FileNotFoundError:
        raise ValueError(_half_written(path, "state.json")) from None
    if state.get("state") not in STATES:
        raise ValueError(
            f"{path / 'state.json'}: state must be one of {', '.join(STATES)}, not "
            f"{state.get('state')!r}."
        )
    try:
        result = read_json(path / "result.json")
    except FileNotFoundError:
        result = None
    now, error = _state_now(path, state, current.starts)
    return RunSummary(
        path=path,
        name=path.resolve().name,
        room=current.run["room"],
        layout=found.run["layout"],
        state=now,
        since=str(state.get("since", "")),
        error=error,
        config=dotted(current.config),
        inputs=current.run["inputs"],
        result=result,
        starts=current.starts,
        n_epochs=_count_epochs(path / METRICS),
        seen=_last_written(path),
    )


def _why_no_run(path):
    if not path.is_dir():
        return f"{path} is no folder."
    names = {entry.name for entry in path.iterdir()}
    own = {"run.json", "starts.json", "state.json", "facts.json", LOCK}
    if names & own:
        return _half_written(path, "config.json")
    return f"{path} is no run: it has no config.json."


def _half_written(path, missing):
    """Why a folder without a file is no run: it is just made, or never was whole."""
    if is_held(path):
        return f"{path} is being made."
    return f"{path} is half-written: it has no {missing}."


def _state_now(path, state, starts):
    """The state of a run and its error, which a dead process could not write."""
    written, error = state["state"], state.get("error")
    last = starts[-1] if starts else {}
    if written != "running" or last.get("host") != platform.node():
        return written, error
    held, pid = is_held(path), last.get("pid")
    if held is None:
        held = is_alive(pid) if isinstance(pid, int) else True
    return ("running", error) if held else ("killed", SILENT_DEATH)


def _count_epochs(path):
    """Epochs that a table of metrics has rows of; the row before training is none.

    Raises:
        ValueError: It is no text.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = next(rows, [])
            if "epoch" not in columns:
                return sum(1 for _ in rows)
            at = [columns.index(name) for name in ("phase", "epoch") if name in columns]
            last = at[-1]
            whole = (row for row in rows if len(row) > max(at))
            return len({tuple(row[k] for k in at) for row in whole if row[last] != "0"})
    except FileNotFoundError:
        return 0
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no table of metrics: {error}.") from error


def _last_written(path):
    times = []
    for name in (METRICS, RECORDS):
        try:
            times.append((path / name).stat().st_mtime)
        except FileNotFoundError:
            continue
    return max(times, default=None)


def _score_of(room, result):
    if "score" in result:
        return result["score"]
    if room == "column":
        tasks = result.get("tasks")
        scores = tasks.values() if isinstance(tasks, dict) else ()
        found = [_number(_within(score, "accuracy")) for score in scores]
        found = [value for value in found if value is not None]
        return sum(found) / len(found) if found else None
    if room == "cnn":
        return result.get("test_bps", result.get("best_val_bps"))
    if room == "decoder":
        return _within(result, "row", "accuracy")
    return None


def _mean_of(path, column):
    """Mean of a column of a table, without cells that are no numbers; or None."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            place = next(rows, []).index(column)
            cells = [row[place] for row in rows if len(row) > place]
        values = [float(cell) for cell in cells if cell]
    except (OSError, ValueError, csv.Error):  # the comparison says what is wrong
        return None
    values = [value for value in values if math.isfinite(value)]
    return math.fsum(values) / len(values) if values else None


def _within(inner, *names):
    """An entry of nested dicts, None where there is none."""
    for name in names:
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner


def _number(value):
    """A finite number, or None."""
    return float(value) if is_number(value) and math.isfinite(value) else None
