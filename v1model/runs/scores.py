"""scores.csv: what a run got right, a row per neuron, presentation or trial.

group    recording, session or task
unit     id of the neuron, presentation or answer, the same in all runs on the data
...      the room's score, see ROOMS, and further numbers
rate_hz, reliability, kind    where they are known
"""

import pathlib

import numpy as np
import pandas as pd

from v1model.atomic import atomic_path
from v1model.rooms import ROOMS
from v1model.runs.layout import SCORES

KEYS = ("group", "unit")
TEXTS = (*KEYS, "kind", "part")  # columns that are no numbers


def write_scores(run, frame, room):
    """Writes the scores of a run, replacing those that are there.

    Args:
        run: Run.
        frame: Data frame with `group`, `unit` and the room's score; columns besides
            TEXTS are numbers, NaN where nothing is known.
        room: One of ROOMS.

    Raises:
        ValueError: The frame is no such table.
        WriteError: The file cannot be written.
    """
    frame = _checked(frame, run.scores_csv, room)
    first = [*KEYS, ROOMS[room].score]
    frame = frame[[*first, *(name for name in frame if name not in first)]]
    with atomic_path(run.scores_csv) as partial:
        frame.to_csv(partial, index=False)


def read_scores(path, room=None):
    """The table that `write_scores` wrote: texts as str, all else float64.

    Args:
        path: Of the table, or of the folder of a run.
        room: One of ROOMS, whose score must be there; None for any.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is damaged, or no such table.
    """
    path = pathlib.Path(path)
    path = path / SCORES if path.is_dir() else path
    try:
        frame = pd.read_csv(
            path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values=[""]
        )
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist.") from None
    except ValueError as error:  # what pandas and Unicode raise are among them
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is no table of scores: {reason}") from error
    return _checked(frame, path, room)


def _checked(frame, path, room):
    """The frame with texts and float64 alone.

    Raises:
        ValueError: A column is missing or no number, a number is infinite, or a row is
            there twice.
    """
    needed = [*KEYS] if room is None else [*KEYS, ROOMS[room].score]
    missing = [name for name in needed if name not in frame]
    if missing:
        raise ValueError(f"{path}: column '{missing[0]}' is missing.")
    frame = frame.reset_index(drop=True)
    columns = {
        name: _text(frame[name], path) if name in TEXTS else _number(frame[name], path)
        for name in frame
    }
    frame = pd.DataFrame(columns, index=frame.index)
    twice = frame.duplicated([*KEYS])
    if twice.any():
        group, unit = frame.loc[twice, [*KEYS]].iloc[0]
        raise ValueError(f"{path}: unit '{unit}' of group '{group}' is there twice.")
    return frame


def _text(column, path):
    is_empty = column.isna()
    if column.name in KEYS and is_empty.any():
        row = int(is_empty.to_numpy().argmax())
        raise ValueError(f"{path}: {column.name} of row {row} is empty.")
    return column.astype(object).where(is_empty, column.astype(str)).fillna("")


def _number(column, path):
    try:
        values = column.to_numpy(np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        found = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        value = column[found].iloc[0]
        raise ValueError(
            f"{path}: column '{column.name}' must be numbers, got {value!r}."
        ) from None
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise ValueError(f"{path}: {column.name} of row {row} is {values[row]}.")
    return values
