"""Tables and lists of facts as HTML; every text is escaped here."""

import html


def table_html(header, rows, numbers=(), classes=None, marked=(), name=""):
    """A table that can be scrolled sideways.

    Args:
        header: Names of the columns.
        rows: Texts of each row.
        numbers: Positions of the columns that are aligned like numbers.
        classes: Class of the cells of each column.
        marked: Positions of the rows that get the class "changed".
        name: Class of the table.
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


def _cells(row, classes):
    return "".join(
        f"<td{_class(kind)}>{html.escape(str(text))}</td>"
        for text, kind in zip(row, classes, strict=True)
    )


def _class(name):
    return f' class="{name}"' if name else ""
