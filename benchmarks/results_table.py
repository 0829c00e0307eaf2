"""What the benchmarks keep of their results: a table per program, the machine named."""

import csv
import importlib.metadata
import io
import os
import pathlib
import platform

from v1model.atomic import write_text


def machine(packages=("tensorflow",)):
    """Processors, and versions of Python and of these packages, in words."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    python = f"Python {platform.python_version()}"
    return "; ".join([f"{os.cpu_count()} x {_processor()}", python, *versions])


def _processor():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def record(path, rows, key):
    """Adds rows to a csv file, in place of earlier ones of the same key.

    Args:
        path: The file; it is made if it is missing.
        rows: Dicts with the same columns.
        key: What a row is a result of, and its place in the file: function of a row,
            whose values may be strings, as they are read from the file.

    Raises:
        ValueError: The file has other columns.
    """
    path = pathlib.Path(path)
    columns, stored = list(rows[0]), []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            stored = list(reader)
        if reader.fieldnames != columns:
            raise ValueError(
                f"{path} has the columns {reader.fieldnames}, the new rows {columns}: "
                "move the file away."
            )
    found = {key(row): row for row in [*stored, *rows]}
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found[name] for name in sorted(found))
    write_text(path, text.getvalue())
