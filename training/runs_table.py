"""The table of runs that the terminal shows: a line each, no wider than it."""

import csv
import os
import shutil

from v1model.runs.cleaning import age_s
from v1model.runs.options_text import is_number
from v1model.runs.selection import as_text, known_name, value_of

USUAL = ("room", "state", "epochs", "score", "minutes", "age")
AGE = "age"
LEAST_NAME = 8  # letters of a name that are shown however narrow the terminal is
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def columns_of(runs, names):
    """Whole names of the columns that are asked for; the usual ones of none.

    Raises:
        ValueError: No run has an option of that name.
    """
    return [name if name == AGE else known_name(runs, name) for name in names or USUAL]


def sorted_by(runs, name, is_reversed=False):
    """Runs by a column: the best score and the youngest first, others from the least.

    Raises:
        ValueError: No run has an option of that name.
    """
    if name == AGE:
        return sorted(runs, key=age_s, reverse=is_reversed)
    name = known_name(runs, name)
    values = {run.path: value_of(run, name) for run in runs}
    known = [run for run in runs if values[run.path] is not None]
    numbers = [is_number(values[run.path]) for run in known]
    key = (lambda run: values[run.path]) if all(numbers) else _text_of(values)
    known.sort(key=key, reverse=(name == "score") != is_reversed)
    return [*known, *(run for run in runs if values[run.path] is None)]


def table_lines(runs, columns, folders, width):
    """The table, line by line.

    Args:
        runs: RunSummaries.
        columns: Whole names.
        folders: What the names of the runs are below.
        width: Letters of a line, at most; None cuts nothing.
    """
    names = [shown_name(run.path, folders) for run in runs]
    cells = [[cell_of(run, column) for column in columns] for run in runs]
    heads = _short(columns)
    wide = [
        max(len(text) for text in (head, *(row[k] for row in cells)))
        for k, head in enumerate(heads)
    ]
    longest = max([len("name"), *map(len, names)])
    if width is not None:
        rest = width - sum(wide) - 2 * len(wide)
        longest = min(longest, max(rest, LEAST_NAME))
    numeric = [_is_numeric(runs, column) for column in columns]
    yield _line("name", heads, longest, wide, numeric)
    for name, row in zip(names, cells, strict=True):
        yield _line(name, row, longest, wide, numeric)


def write_csv(file, runs, columns):
    """The table as CSV with whole names, the path of each run first."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("path", "name", *columns))
    for run in runs:
        cells = [
            f"{age_s(run):.0f}" if name == AGE else as_text(value_of(run, name))
            for name in columns
        ]
        writer.writerow((run.path, run.name, *cells))


def shown_name(path, folders):
    """The path of a run below the first of the folders that it is in."""
    for folder in folders:
        if path != folder and folder in path.parents:
            return str(path.relative_to(folder))
    return str(path)


def cell_of(run, column):
    """What the table shows of a run in a column."""
    if column == AGE:
        return duration(age_s(run))
    value = value_of(run, column)
    if value is None or value == "":
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if column == "score" else f"{value:.3g}"
    return as_text(value)


def counted(n, noun="run"):
    """A number and a noun: 1 run, 2 runs."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def duration(seconds):
    """A time in its largest unit: 3 d, 5 h."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "0 s"


def terminal_width():
    """Letters of a line; None where the output is no terminal, which cuts nothing."""
    return shutil.get_terminal_size().columns if os.isatty(1) else None


def _line(name, cells, longest, wide, numeric):
    if len(name) > longest:
        end = longest // 2
        name = f"{name[: longest - end - 1]}…{name[-end:]}"
    line = f"{name:<{longest}}"
    for cell, n, is_right in zip(cells, wide, numeric, strict=True):
        line += f"  {cell:>{n}}" if is_right else f"  {cell:<{n}}"
    return line.rstrip()


def _short(columns):
    """The last part of each name; the whole name where several end alike."""
    ends = [name.split(".")[-1] for name in columns]
    return [
        name if ends.count(end) > 1 else end
        for name, end in zip(columns, ends, strict=True)
    ]


def _is_numeric(runs, column):
    if column == AGE:
        return True
    values = [value_of(run, column) for run in runs]
    return all(is_number(value) for value in values if value is not None)


def _text_of(values):
    return lambda run: as_text(values[run.path])
