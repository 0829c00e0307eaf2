"""metrics.jsonl: what was watched, one JSON object a line, only ever longer.

    time       when it was written, with the zone
    kind       epoch, fast, slow, skipped, failed or resumed
    epoch      number of the epoch
    step       updates that are done
    monitor    name; not of epoch and resumed
    seconds    that the monitor took; of an epoch: since the training was started
    values     numbers by name; null where one is not finite
    files      what the monitor has drawn or tabulated, by its path in the run
    error, reason   of failed and skipped

A resumed training does some epochs again. It says so by a record `resumed` with the
first step that it reaches; records from that step on that stand above it count no more.
"""

import datetime
import json
import math
import os
import pathlib

from v1model.atomic import WriteError
from v1model.runs.layout import RECORDS

EPOCH, SKIPPED, FAILED, RESUMED = "epoch", "skipped", "failed", "resumed"


class RecordFile:
    """Appends records; a line is written at once, or the run has an error.

    Args:
        path: Of metrics.jsonl. A line that a killed training left half is ended.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._is_resumed = self.path.exists() and self.path.stat().st_size > 0

    def add(self, kind, epoch, step, **more):
        """Adds a record.

        Raises:
            WriteError: The file cannot be written.
        """
        if self._is_resumed:
            self._is_resumed = False
            self._write(_record(RESUMED, epoch, step), begin=self._torn_end())
        self._write(_record(kind, epoch, step, **more))

    def _write(self, record, begin=""):
        line = begin + json.dumps(record, allow_nan=False) + "\n"
        try:
            # One write: a reader sees a whole line or the beginning of one.
            with self.path.open("ab", buffering=0) as file:
                written = file.write(line.encode())
            if written != len(line.encode()):
                raise OSError(28, os.strerror(28))  # ENOSPC
        except OSError as error:
            raise WriteError(error.errno, error.strerror, str(self.path)) from error

    def _torn_end(self):
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return "" if file.read(1) == b"\n" else "\n"


def read_watched(path):
    """The records that count, also while a training writes them.

    Args:
        path: A run folder, or its metrics.jsonl.

    Returns:
        Dicts in the order in which they were written, without those that a resumed
        training has done again; [] if nothing was watched.

    Raises:
        ValueError: The file cannot be read, or a line is no record; a last line that is
            half written is left out, and so is one where a training was killed.
    """
    path = pathlib.Path(path)
    path = path / RECORDS if path.is_dir() else path
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    found, torn = [], None
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        record = _parsed(line)
        if torn is not None and (record is None or record["kind"] != RESUMED):
            raise ValueError(f"{path}: line {torn} is no record.")
        if record is None:
            torn = number
            continue
        torn = None
        if record["kind"] == RESUMED:
            found = [old for old in found if old["step"] < record["step"]]
        found.append(record)
    if torn is not None and lines[-1] == "":
        raise ValueError(f"{path}: line {torn} is no record.")
    return found


def numbers(values):
    """Numbers by name as JSON has them: what is not finite is None."""
    found = {}
    for name, value in values.items():
        number = math.nan if value is None else float(value)
        found[str(name)] = number if math.isfinite(number) else None
    return found


def _record(kind, epoch, step, **more):
    now = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
    head = {"time": now, "kind": kind, "epoch": int(epoch), "step": int(step)}
    return head | more


def _parsed(line):
    """The record of a line, or None."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        return None
    places = record.get("epoch"), record.get("step")
    return record if all(isinstance(place, int) for place in places) else None
