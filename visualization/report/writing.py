"""From a run folder to the file of its report."""

import datetime
import pathlib

from v1model.atomic import write_text
from visualization.report.contents import read_run
from visualization.report.page import page_html
from visualization.report.pictures import album_of

REPORT = "report.html"


def report_html(path):
    """The report of a run folder as the text of an HTML file; writes nothing.

    Raises:
        FileNotFoundError: The folder is missing or is no run.
        ValueError: Its config.json is damaged.
    """
    contents = read_run(path)
    made = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
    return page_html(contents, album_of(contents.path), made)


def write_report(path, out=None):
    """Writes the report of a run atomically; report.html in its folder by default.

    Returns:
        Path of the file.
    """
    out = pathlib.Path(path) / REPORT if out is None else pathlib.Path(out)
    if out.is_dir():
        raise IsADirectoryError(f"--out {out} is a folder; name a file.")
    text = report_html(path)
    write_text(out, text)
    return out
