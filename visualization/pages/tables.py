"""Tables and lists of facts as HTML; every text is escaped here."""

import html
import math
from typing import NamedTuple


class Cell(NamedTuple):
    """A cell of a table that is more than a text.

    Args:
        html: What it shows, HTML that its maker has escaped.
        value: Number that the column is sorted by; None or NaN comes last.
    """

    html: str
    value: float | None = None


def table_html(header, rows, numbers=(), classes=None, marked=(), name=""):
    """A table that can be scrolled sideways.

    Args:
        header: Names of the columns.
        rows: Texts or Cells of each row.
        numbers: Positions of the columns that are aligned like numbers.
        classes: Class of the cells of each column.
        marked: Positions of the rows that get the class "changed".
        name: Class of the table; "sortable" lets a click on a heading sort it.
    """
    classes = list(classes or [""] * len(header))
    for column in numbers:
        classes[column] = f"{classes[column]} number".strip()
    marked = set(marked)
    head = "".join(
        f'<th scope="col"{_class(kind)}>{html.escape(text)}</th>'
        for text, kind in zip(header, classes, strict=True)
    )
    body = "".join(
        f"<tr{_class('changed' if k in marked else '')}>{_cells(row, classes)}</tr>\n"
        for k, row in enumerate(rows)
    )
    return (
        f'<div class="wide"><table{_class(name)}><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}</tbody></table></div>"
    )


def facts_html(facts):
    """Short facts beside each other, by name."""
    items = (
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>"
        for name, text in facts.items()
    )
    return f'<dl class="facts">{"".join(items)}</dl>'


def search_html(things, checkbox=""):
    """Controls with which a table of the same parent is searched; a script shows them.

    Args:
        things: What the rows are, as "options".
        checkbox: Words of a box that keeps the rows of the class "changed", or none.
    """
    box = f'<label><input type="checkbox"> {html.escape(checkbox)}</label>'
    return (
        f'<div class="controls search" data-things="{html.escape(things)}">'
        f'<label>Search <input type="search" aria-label="Search {html.escape(things)}">'
        f"</label>{box if checkbox else ''}<output></output></div>"
    )


def _cells(row, classes):
    return "".join(_cell(cell, kind) for cell, kind in zip(row, classes, strict=True))


def _cell(cell, kind):
    if not isinstance(cell, Cell):
        return f"<td{_class(kind)}>{html.escape(str(cell))}</td>"
    known = cell.value is not None and math.isfinite(cell.value)
    value = f"{cell.value:.9g}" if known else ""
    return f'<td{_class(kind)} data-value="{value}">{cell.html}</td>'


def _class(name):
    return f' class="{name}"' if name else ""
