"""Writes the report of a training run: one HTML file that needs nothing else.

    python -m visualization.report RUN [--out FILE]

It shows scores, curves, pictures of the activity, options, versions and the command to
go on, of a run that is finished, still runs or has failed.
"""

import argparse
import sys

from visualization.report.writing import REPORT, write_report


def main(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="visualization.report", description=__doc__.splitlines()[0]
    )
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
