"""Lists the runs of trainings, shows one, and cleans up.

    v1-runs                                  # all below results/
    v1-runs results/cores --state finished --where seed=1 --sort score
    v1-runs show results/cores/first
    v1-runs clean --state failed --older 7d  # says what would go, and asks
    v1-runs migrate results                  # folders that older versions made

Folders that are no runs, or damaged ones, are named with the reason and passed over.
"""

import argparse
import pathlib
import re
import sys

from training import clean_runs, runs_table, show_run
from training.runs_table import counted
from v1model.rooms import ROOMS
from v1model.runs.hold import RunInUse
from v1model.runs.index import find_runs
from v1model.runs.layout import STATES, migrate
from v1model.runs.selection import FIELDS, parse_condition, select

RESULTS = "results"
LISTED = 10  # reasons that are shown without --problems
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def list_runs(options):
    """Prints the table of the runs that are chosen."""
    runs, problems, folders = _found(options)
    columns = runs_table.columns_of(runs, _words(options.columns))
    if options.sort:
        runs = runs_table.sorted_by(runs, options.sort, options.reverse)
    chosen = _chosen(options, runs)
    if options.csv:
        runs_table.write_csv(sys.stdout, chosen, columns)
    elif chosen:
        width = runs_table.terminal_width()
        for line in runs_table.table_lines(chosen, columns, folders, width):
            print(line)
    else:
        print(f"none of {counted(len(runs))}" if runs else "no runs")
    _tell(problems, options.problems)


def show(options):
    """Prints what is known of a run."""
    for line in show_run.lines_of(_run_folder(options.run)):
        print(line)


def clean(options):
    """Removes runs, or checkpoints that they can be used without, after asking."""
    runs, problems, folders = _found(options)
    if not options.state:
        options.state = "finished" if options.checkpoints else "failed,killed"
    older_s = seconds_of(options.older)
    chosen = _chosen(options, runs)
    if not chosen:
        print(f"no run is {' or '.join(options.state.split(','))} and fits")
    clean_runs.clean(chosen, folders, older_s, options.checkpoints, options.yes)
    _tell(problems, False)


def migrate_all(options):
    """Brings runs to the newest layout, and says what was done."""
    failed = 0
    for folder in options.paths:
        runs, problems = find_runs(folder, parts=True)
        done = []
        for run in runs:
            try:
                words = migrate(run.path)
            except (OSError, ValueError) as error:
                failed += 1
                print(error, file=sys.stderr)
                continue
            if words:
                done.append(run)
                print(f"{run.path}: {words}")
        print(f"{folder}: {len(done)} of {counted(len(runs))} brought up to date")
        _tell(problems, True)
    if failed:
        raise ValueError(f"{counted(failed)} could not be brought up to date.")


def seconds_of(text):
    """Seconds of a duration: 90s, 30m, 12h, 7d, 2w.

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if not found:
        raise ValueError(f"--older must be a time such as 12h or 7d, got {text!r}.")
    return float(found[1]) * _UNITS_S[found[2]]


def _found(options):
    """Runs and problems below the folders, and the folders."""
    folders = [pathlib.Path(folder).expanduser() for folder in options.folders]
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder.")
    runs, problems = {}, {}
    for folder in folders:
        found = find_runs(folder, getattr(options, "parts", False))
        runs |= {run.path.resolve(): run for run in found.runs}
        problems |= {problem.path.resolve(): problem for problem in found.problems}
    return list(runs.values()), list(problems.values()), folders


def _chosen(options, runs):
    states, rooms = _words(options.state), _words(options.room)
    _require_known("--state", states, STATES)
    _require_known("--room", rooms, ROOMS)
    conditions = [parse_condition(text) for text in options.where]
    return select(runs, conditions, states, rooms)


def _require_known(flag, words, known):
    for word in words:
        if word not in known:
            raise ValueError(f"{flag} must be of {', '.join(known)}, got {word!r}.")


def _run_folder(text):
    """The folder of a run, given as it is or below the usual folder of results."""
    path = pathlib.Path(text).expanduser()
    below = pathlib.Path(RESULTS) / text
    return path if path.exists() or not below.exists() else below


def _words(text):
    return [word for word in (text or "").split(",") if word]


def _tell(problems, shows_all):
    """Says on stderr what was passed over, damaged runs first."""
    problems = sorted(problems, key=lambda problem: problem.is_foreign)
    shown = problems if shows_all else problems[:LISTED]
    if problems:
        words = "folder is" if len(problems) == 1 else "folders are"
        print(f"{len(problems)} {words} not listed:", file=sys.stderr)
    for problem in shown:
        print(f"  {problem.reason}", file=sys.stderr)
    if len(shown) < len(problems):
        rest = len(problems) - len(shown)
        print(f"  and {rest} more, see v1-runs --problems", file=sys.stderr)


def parser():
    """The command line."""
    page = argparse.RawDescriptionHelpFormatter
    whole = argparse.ArgumentParser(
        "v1-runs", description=__doc__, formatter_class=page
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND")

    listing = commands.add_parser("list", help="The table of runs; the default.")
    _add_choice(listing)
    fields = ", ".join((*FIELDS, runs_table.AGE))
    listing.add_argument(
        "--columns", help=f"After the name, in place of the usual: {fields}, options."
    )
    listing.add_argument(
        "--sort", help="Column to sort by; the best score comes first."
    )
    listing.add_argument("--reverse", action="store_true", help="Sort the other way.")
    listing.add_argument("--csv", action="store_true", help="CSV with whole names.")
    listing.add_argument(
        "--parts", action="store_true", help="List runs inside runs, too."
    )
    listing.add_argument(
        "--problems", action="store_true", help="Every folder that is not listed."
    )
    listing.set_defaults(do=list_runs)

    showing = commands.add_parser("show", help="All that is known of a run.")
    showing.add_argument("run", metavar="RUN", help="Its folder.")
    showing.set_defaults(do=show)

    cleaning = commands.add_parser(
        "clean",
        help="Remove runs; asks first.",
        description="Removes runs, after asking: failed and killed ones, or those of "
        "--state. With --checkpoints of finished ones.",
    )
    _add_choice(cleaning)
    cleaning.add_argument(
        "--older", default="0s", help="Without a sign of life for so long: 12h, 7d, 2w."
    )
    cleaning.add_argument(
        "--checkpoints",
        action="store_true",
        help="Only checkpoints, without the best and the final one.",
    )
    cleaning.add_argument("--yes", action="store_true", help="Do not ask.")
    cleaning.set_defaults(do=clean)

    migrating = commands.add_parser("migrate", help="Bring runs to the newest layout.")
    migrating.add_argument(
        "paths", nargs="+", metavar="FOLDER", help="Of runs, or one."
    )
    migrating.set_defaults(do=migrate_all)
    whole.set_defaults(commands=tuple(commands.choices))
    return whole


def _add_choice(command):
    command.add_argument(
        "folders", nargs="*", default=[RESULTS], metavar="FOLDER", help="Of results."
    )
    command.add_argument("--state", help=f"Of {', '.join(STATES)}; several by commas.")
    command.add_argument("--room", help=f"Of {', '.join(ROOMS)}.")
    command.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="Such as seed=3, convnet.type~dense or 'score>=0.2'; all must hold.",
    )


def main(argv=None):
    """Does what the command line asks for; wrong input ends it with one line."""
    argv = list(sys.argv[1:] if argv is None else argv)
    whole = parser()
    commands = whole.get_default("commands")
    if not argv or (argv[0] not in commands and argv[0] not in ("-h", "--help")):
        argv.insert(0, "list")
    options = whole.parse_args(argv)
    try:
        options.do(options)
    except BrokenPipeError:  # who reads wanted no more
        sys.stderr.close()
    except (RunInUse, ValueError, OSError) as error:
        sys.exit(f"v1-runs: {error}")


def cli():
    main()


if __name__ == "__main__":
    cli()
