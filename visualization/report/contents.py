"""RunContents: everything that the report of a run is made of, read from its folder.

Whatever a run may lack, because it still runs or has failed, is empty here; a file that
cannot be read becomes a note.
"""

import dataclasses
import datetime
import pathlib
import typing

import numpy as np

from v1model.config import ColumnTrainConfig
from v1model.metrics import wilson_interval
from v1model.runs import Run
from visualization.learning import read_epochs

NETWORK_STATE = "activity/network_state.txt"
# Without validation no weights are the best.
BEST, LATEST = (f"checkpoints/{kind}.weights.h5" for kind in ("best", "latest"))
LONGEST_TEXT = 200_000  # characters of network_state.txt that are kept


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of a run; `default` is None if this version has no such option."""

    section: str
    name: str
    value: str
    default: str | None
    help: str

    @property
    def is_changed(self):
        """Whether the value is not the default of this version."""
        return self.value != self.default


@dataclasses.dataclass(frozen=True)
class Score:
    """How well a task is answered on held-out trials; shares from 0 to 1, or None."""

    task: str
    before: float | None
    after: float
    low: float | None
    high: float | None
    chance: float
    answers: int


class StoredFile(typing.NamedTuple):
    """A file of the run: path inside the run, size, time of the last change."""

    name: str
    n_bytes: int
    changed: datetime.datetime


@dataclasses.dataclass(frozen=True)
class RunContents:
    """What the folder of a run says.

    Args:
        path: The folder.
        state: running, finished, killed or failed; "unknown" without state.json.
        since: When it entered that state, as text.
        error: Why it ended, or None.
        options: Option of every option, in the order of the configuration.
        starts: Records of starts.json.
        result: result.json, or None.
        epochs: Columns of metrics.csv, (rows,) floats by name; empty without rows.
        scores: Score of each task, from result.json or the last validation so far.
        network_state: Text of network_state.txt, empty without one.
        files: StoredFile of every file, by name.
        notes: Sentences about what could not be read.
    """

    path: pathlib.Path
    state: str
    since: str
    error: str | None
    options: tuple
    starts: tuple
    result: dict | None
    epochs: dict
    scores: tuple
    network_state: str
    files: tuple
    notes: tuple

    @property
    def name(self):
        return self.path.name

    @property
    def has_backup(self):
        """Whether there are weights from which the run can go on."""
        return any(file.name == LATEST for file in self.files)

    def option(self, name):
        """Value of an option as text, "" if the run has no such option."""
        return next((o.value for o in self.options if o.name == name), "")


def read_run(path):
    """The RunContents of a run folder; nothing is written.

    Raises:
        FileNotFoundError: The folder is missing or is no run.
        ValueError: config.json is damaged, or the run is not of a column.
    """
    run = Run.open(pathlib.Path(path).expanduser().resolve())
    config, notes = run.config, []
    if not isinstance(config, dict):
        raise ValueError(f"{run.path / 'config.json'} holds no options.")
    room = run.about["room"]
    if room not in ("column", ""):
        raise ValueError(
            f"{run.path} is a run of the room {room!r}, reports are of columns; "
            "v1-runs show, v1-evaluate and v1-compare are for all rooms."
        )
    state = _read(lambda: run.state, {}, notes)
    result = _read(lambda: run.result, None, notes)
    epochs = {}
    if run.metrics_csv.exists():
        epochs = _read(lambda: read_epochs(run.metrics_csv), {}, notes)
    task = config.get("trials", {}).get("task", "")
    return RunContents(
        path=run.path,
        state=state.get("state", "unknown"),
        since=state.get("since", ""),
        error=state.get("error"),
        options=tuple(_options(config, ColumnTrainConfig)),
        starts=tuple(_read(lambda: run.starts, [], notes)),
        result=result,
        epochs=epochs,
        scores=tuple(_final_scores(result) if result else _scores_so_far(epochs, task)),
        network_state=_read(lambda: _text(run.path / NETWORK_STATE), "", notes),
        files=tuple(_files(run.path)),
        notes=tuple(notes),
    )


def tasks_of(epochs):
    """Suffix of each task's columns: {"": ...} has one task, else "/TASK" by task."""
    prefix = "accuracy/"
    names = [name.removeprefix("val_") for name in epochs]
    found = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return {task: f"/{task}" for task in dict.fromkeys(found)} or {"": ""}


def _read(read, default, notes):
    """What `read` returns, or the default and a note why there is nothing."""
    try:
        return read()
    except (OSError, ValueError) as error:
        notes.append(str(error))
        return default


def _text(path):
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    cut = f"\n... {len(text) - LONGEST_TEXT} characters more in {path.name}"
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + cut


def _options(config, cls, section=""):
    """Options of one configuration record: its own first, then its sections."""
    fields = {field.name: field for field in dataclasses.fields(cls)} if cls else {}
    nested = {name: value for name, value in config.items() if isinstance(value, dict)}
    for name, value in config.items():
        if name in nested:
            continue
        field = fields.get(name)
        default = None if field is None else _as_text(field.default)
        help = "" if field is None else field.metadata.get("help", "")
        yield Option(section, name, _as_text(value), default, help)
    for name, values in nested.items():
        inner = type(fields[name].default) if name in fields else None
        yield from _options(values, inner, name)


def _as_text(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_as_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _final_scores(result):
    """Scores of result.json; tasks without an answer are left out."""
    before = result.get("before") or {}
    for task, found in (result.get("tasks") or {}).items():
        if not found or not found["responses"]:
            continue
        low, high = found.get("accuracy_interval") or (None, None)
        first = (before.get(task) or {}).get("accuracy")
        answers = round(found["responses"])
        after, chance = found["accuracy"], found["chance"]
        yield Score(task, first, after, low, high, chance, answers)


def _scores_so_far(epochs, task):
    """Scores of the last validation in the table."""
    for name, suffix in tasks_of(epochs).items():
        columns = [f"val_{key}{suffix}" for key in ("accuracy", "responses", "chance")]
        if not all(column in epochs for column in columns):
            continue
        accuracy, answers, chance = (epochs[column] for column in columns)
        rows = np.flatnonzero(np.isfinite(accuracy) & (answers > 0))
        if not len(rows):
            continue
        last, n = rows[-1], round(float(answers[rows[-1]]))
        low, high = wilson_interval(round(float(accuracy[last]) * n), n)
        is_start = epochs["step"][rows[0]] == 0
        before = float(accuracy[rows[0]]) if is_start else None
        after, guess = float(accuracy[last]), float(chance[last])
        yield Score(name or task, before, after, low, high, guess, n)


def _files(path):
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if name.startswith(".") or "/." in name:
            continue  # half-written
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue  # a running run replaces files
        if file.is_file():
            changed = datetime.datetime.fromtimestamp(stat.st_mtime).astimezone()
            yield StoredFile(name, stat.st_size, changed)
