"""Writes the report of a training run: one HTML file that needs nothing else.

    python -m visualization.report RUN [--out FILE]

It shows scores, curves, pictures of the activity, options, versions and the command to
go on, of a run that is finished, still runs or has failed.
"""

import argparse
import datetime
import pathlib
import sys

from v1model.atomic import write_text
from visualization.report_contents import read_run
from visualization.report_page import page_html
from visualization.report_pictures import album_of

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


def main(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="Folder of the run, such as results/NAME.")
    parser.add_argument("--out", help=f"File to write; default: RUN/{REPORT}.")
    arguments = parser.parse_args(argv)
    try:
        out = write_report(arguments.run, arguments.out)
    except (OSError, ValueError) as error:
        sys.exit(f"report: {error}")
    print(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")  # noqa: T201, a program


if __name__ == "__main__":
    main()
