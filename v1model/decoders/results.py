"""The table of results: one CSV for all sessions, one row per decoding."""

import csv
import dataclasses
import io
import pathlib
import typing

from v1model.atomic import write_text
from v1model.file_lock import file_lock

KEY = ("session", "decoder", "split", "k_shot", "seed", "shuffled", "run_name")
FINISHED, FAILED = "finished", "failed"


@dataclasses.dataclass(frozen=True)
class Row:
    """One decoding; fractions from 0 to 1, with the ends of their 95 % intervals.

    KEY says what it is a result of; `run_name` is the user's word for options that are
    not in it, such as other bins. `k_shot` is 0 where the whole training part was used.
    `chance` is the best constant answer in the test part, `chance_uniform` 1 / classes,
    `bayes` the accuracy of the best possible decoder where the rates are known. A
    failed decoding has no numbers; `error` says why.
    """

    session: str
    decoder: str
    split: str
    k_shot: int
    seed: int
    shuffled: bool
    state: str = FINISHED
    error: str = ""
    units: int | None = None
    bins: int | None = None
    classes: int | None = None
    n_train: int | None = None
    n_validation: int | None = None
    n_test: int | None = None
    train: float | None = None
    validation: float | None = None
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    top5: float | None = None
    top5_low: float | None = None
    top5_high: float | None = None
    balanced: float | None = None
    balanced_low: float | None = None
    balanced_high: float | None = None
    chance: float | None = None
    chance_uniform: float | None = None
    bayes: float | None = None
    seconds: float | None = None
    run: str = ""
    run_name: str = ""

    @property
    def key(self):
        """What the row is a result of."""
        return tuple(getattr(self, name) for name in KEY)

    @property
    def is_at_chance(self):
        """Whether the interval of the accuracy reaches down to chance."""
        if self.state != FINISHED:
            return False
        return self.accuracy_low <= max(self.chance, self.chance_uniform)


COLUMNS = tuple(field.name for field in dataclasses.fields(Row))


def read_results(path):
    """The Rows of a table, in its order.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It has other columns, or a value is wrong.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such table of results.")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(
                f"{path}: the columns must be {', '.join(COLUMNS)}, got "
                f"{', '.join(reader.fieldnames or ())}."
            )
        return [_row(path, number, cells) for number, cells in enumerate(reader, 2)]


def add_result(path, row):
    """Puts a row into the table, in place of an earlier one of the same key.

    Several programs may do so at once: each waits for the lock beside the table, and
    readers always find a whole table.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(path.parent / f".{path.name}.lock"):
        rows = read_results(path) if path.exists() else []
        found = {old.key: old for old in rows} | {row.key: row}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key in sorted(found):
            cells = dataclasses.astuple(found[key])
            writer.writerow("" if cell is None else _cell(cell) for cell in cells)
        write_text(path, text.getvalue())


def _cell(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else value


def _row(path, number, cells):
    types = typing.get_type_hints(Row)
    values = {}
    for name, text in cells.items():
        try:
            values[name] = _value(types[name], text)
        except (ValueError, TypeError, KeyError):
            raise ValueError(
                f"{path}: line {number}, column {name} cannot be {text!r}."
            ) from None
    return Row(**values)


def _value(kind, text):
    kinds = typing.get_args(kind) or (kind,)
    if text == "" and type(None) in kinds:
        return None
    if kinds[0] is bool:
        return {"yes": True, "no": False}[text]
    return kinds[0](text)
