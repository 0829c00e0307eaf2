"""Compares runs: which options differ, which of them is better, and is it sure?

    v1-compare results/cores                              # a table in the terminal
    v1-compare results/cores --against resnet --out comparison
    v1-compare results/cores --by norm                    # one option, over all others

Runs that agree in everything but their seeds are one variant. Scores are compared in
the same neurons (trials, presentations), with intervals that know of seeds; see
docs/comparing.md.
"""

import argparse
import logging
import pathlib
import shutil
import sys

from v1model.rooms import ROOMS

HPARAMS, PAGE = "hparams", "comparison.html"
WIDTH = 100  # letters, where there is no terminal
OUTPUTS = {  # what --out receives, a flag each
    "csv": "tables",
    "figures": "figures, PNG",
    "html": f"a page in one file, {PAGE}",
    "tensorboard": f"a folder for TensorBoard, {HPARAMS}",
}


def main(options):
    """Runs the program; `options` are those of `parsed`.

    Returns:
        Comparison.
    """
    from v1model.comparison.comparing import compare
    from v1model.comparison.text import lines_of
    from v1model.comparison.writing import write_tables

    found = compare(
        options.runs,
        options.against,
        options.score,
        options.room,
        options.by,
        options.seed,
    )
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    print("\n".join(lines_of(found, width)))
    if not options.out:
        return found
    wanted = {name for name in OUTPUTS if getattr(options, name)} or {*OUTPUTS}
    written = []
    if "csv" in wanted:
        written += write_tables(found, options.out)
    if "figures" in wanted:
        from visualization.comparison.figures import write_figures

        written += write_figures(found, options.out)
    if "html" in wanted:
        from visualization.comparison.page import write_page

        write_page(found, options.out / PAGE)
        written.append(options.out / PAGE)
    if "tensorboard" in wanted:
        from visualization.comparison.hparams import write_hparams

        write_hparams(found, options.out / HPARAMS)
        written.append(options.out / HPARAMS)
    print()
    for path in written:
        print(f"wrote {path}")
    return found


def parsed(argv):
    """Options of the command line, a namespace."""
    parser = argparse.ArgumentParser(
        prog="v1-compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="run folders, or folders of runs"
    )
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="the baseline: a variant, or one of its runs; else the variant with the "
        "most usual options",
    )
    parser.add_argument(
        "--score", metavar="COLUMN", help="of scores.csv; else that of the room"
    )
    parser.add_argument(
        "--room", choices=list(ROOMS), help="where a folder has runs of several"
    )
    parser.add_argument(
        "--by",
        metavar="OPTION",
        help="one option that alone makes the variants, such as `type`: runs that "
        "differ in others, too, repeat each other like seeds do",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the draws for intervals"
    )
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        metavar="FOLDER",
        help="receives tables, figures, a page and TensorBoard's HParams; the options "
        "below choose among them; without --out they go to `comparison`",
    )
    for name, words in OUTPUTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=words)
    options = parser.parse_args(argv)
    if options.out is None and any(getattr(options, name) for name in OUTPUTS):
        options.out = pathlib.Path("comparison")
    return options


def cli():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parsed(sys.argv[1:])
    try:
        main(options)
    except (ValueError, OSError) as error:
        sys.exit(f"compare: {error}")


if __name__ == "__main__":
    cli()
