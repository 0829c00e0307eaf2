"""The csv tables of BMTK and SONATA: one header line, one space between columns."""

import csv
import pathlib


def read_table(path, required=()):
    """Rows as dictionaries of str, in file order.

    Args:
        path: The file. Empty fields and "NULL" are read as "".
        required: Columns that the table must have.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A column is missing or a row has another length than the header.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    with path.open(newline="", encoding="utf-8") as file:
        lines = [row for row in csv.reader(file, delimiter=" ") if row]
    if not lines:
        raise ValueError(f"{path}: the table is empty.")
    header, *lines = lines
    for name in required:
        if name not in header:
            raise ValueError(f"{path}: column {name!r} is missing.")
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise ValueError(
                f"{path}: row {number} has {len(line)} values, expected {len(header)}."
            )
    return [
        {
            name: "" if text == "NULL" else text
            for name, text in zip(header, line, strict=True)
        }
        for line in lines
    ]


def write_table(path, rows, header=None):
    """Writes rows, dictionaries with the same keys in the same order.

    Args:
        path: The file.
        rows: The dictionaries.
        header: Their keys; needed where there may be no row.
    """
    with pathlib.Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=" ", lineterminator="\n")
        writer.writerow(header or rows[0])
        writer.writerows(row.values() for row in rows)


def number(path, row, name, kind=float):
    """A field of a row as a number.

    Raises:
        ValueError: It is not one; names the file, the column and the text.
    """
    try:
        return kind(row[name])
    except ValueError:
        raise ValueError(f"{path}: {name} {row[name]!r} is not a number.") from None
