"""Runs a grid: every configuration that GRID.yaml asks for, one after another.

    v1-grid configs/grid_cores_and_norms.yaml --dry_run   # lists the runs
    v1-grid grid.yaml --only resnet --jobs 2
    v1-grid grid.yaml --slurm jobs --hours 8              # a script for sbatch

GRID.yaml is your own or a shipped one such as configs/grid_cores_and_norms.yaml. Runs
that are finished are skipped and broken ones resumed, so the same command goes on after
anything; two of them, on two machines, share the work. Each run's output is in its
folder, and results_dir/runs.csv says how far all are.
"""

import fnmatch
import pathlib
import shlex
import subprocess
import sys

from training.grid_options import GridOptions
from training.next_steps import after_many
from v1model import flags

FOLDER = pathlib.Path(__file__).parent  # of configs/
USAGE = "GRID.yaml [--flag=value ...]"
PROGRAM = "grid"
COMPARISON = "comparison"  # folder, below the results


def main(path, options):
    """Runs a grid; wrong input ends with one line, before any run is started.

    Exit status: 0 where all runs that were asked for are finished, or another process
    has them; 1 where one failed; that of the signal where one came.

    Args:
        path: Of the grid file.
        options: GridOptions.
    """
    from v1model.grids.grid_file import load_grid

    try:
        path = grid_path(path)
        grid = load_grid(path)
        from training.grid_ledger import Ledger
        from training.grid_plan import planned_runs, simulate_missing

        runs = planned_runs(grid, path)
        chosen = chosen_runs(runs, options)
        ledger = Ledger(grid, runs)
        if not options.dry_run and options.slurm:
            from training.grid_slurm import write_script

            print(write_script(ledger, chosen, path, options))
            return
        if not options.dry_run:
            ledger.begin(path.read_text(encoding="utf-8"))
            simulate_missing(grid)
    except (ValueError, OSError) as error:
        sys.exit(f"{PROGRAM}: {error}")
    if options.dry_run:
        print_plan(ledger, chosen)
        return
    run_all(ledger, chosen, options)


def grid_path(path):
    """Path of a grid file: as it is given, or a shipped one.

    Raises:
        FileNotFoundError: There is neither.
    """
    for place in (pathlib.Path(path).expanduser(), FOLDER / path):
        if place.is_file():
            return place
    shipped = sorted(FOLDER.glob("configs/grid_*.yaml"))
    names = ", ".join(f"configs/{one.name}" for one in shipped)
    raise FileNotFoundError(f"{path} does not exist; shipped are {names}.")


def chosen_runs(runs, options):
    """The runs that --only and --task choose.

    Raises:
        ValueError: None fits.
    """
    if options.task:
        if options.task > len(runs):
            raise ValueError(
                f"task must be at most {len(runs)}, the number of runs, got "
                f"{options.task}."
            )
        return [runs[options.task - 1]]
    pattern = options.only
    has_wildcard = any(sign in pattern for sign in "*?[")
    pattern = pattern if has_wildcard else f"*{pattern}*"
    chosen = [run for run in runs if fnmatch.fnmatchcase(run.name, pattern)]
    if not chosen:
        raise ValueError(
            f"only must fit one of the runs, such as {runs[0].name}, got "
            f"{options.only!r}."
        )
    return chosen


def print_plan(ledger, runs):
    """Lists runs: number, name, state and what differs."""
    from training.grid_plan import words_of

    for run in runs:
        standing = ledger.standing(run)
        print(f"{run.number:4d}  {ledger.name_of(run)}  {standing.state}")
        print(f"      {words_of(run.point)}")
    first = runs[0]
    print(f"\n{len(runs)} runs in {ledger.folder}; the first one is started by")
    print(shlex.join(first.command(ledger.grid, ledger.name_of(first))))


def run_all(ledger, runs, options):
    """Runs what is not finished, and says what came out."""
    from training.grid_report import Report, summary_lines
    from training.grid_running import Crew
    from v1model.runs import termination_as_exit

    report = Report(ledger, runs)
    crew = Crew(ledger, options.jobs, report, options.keep_going)
    try:
        with termination_as_exit():
            crew.work(runs)
    except (KeyboardInterrupt, SystemExit) as end:
        print("\n".join(summary_lines(ledger, runs, crew.outcomes)))
        print(f"stopped; go on with: {again(sys.argv)}")
        sys.exit(130 if isinstance(end, KeyboardInterrupt) else end.code)
    print("\n".join(summary_lines(ledger, runs, crew.outcomes)))
    broken = [one for one in crew.outcomes if one.state in ("failed", "killed")]
    if broken:
        sys.exit(
            f"{PROGRAM}: {len(broken)} of {len(runs)} runs failed; try them again "
            f"with: {again(sys.argv)}"
        )
    compare(ledger)


def again(argv):
    """The command line that this program was started by."""
    program = pathlib.Path(argv[0])
    is_module = program.suffix == ".py"
    start = ["python", "-m", "training.grid"] if is_module else [program.name]
    return shlex.join([*start, *argv[1:]])


def compare(ledger):
    """Writes the comparison that the grid file asks for, once all runs are finished.

    If it asks for none, says how to get one.

    Exit status is that of v1-compare, where it fails.
    """
    from training.grid_ledger import FINISHED
    from training.grid_plan import baseline_of
    from v1model.file_lock import file_lock

    standings = ledger.update().values()
    is_complete = all(one.state == FINISHED for one in standings)
    if not is_complete:
        return
    if ledger.grid.compare is None:
        print("\n".join(after_many(ledger.folder)))
        return
    paths = [str(one.path) for one in standings]
    command = [sys.executable, "-m", "training.compare", *paths]
    command += ["--out", str(ledger.folder / COMPARISON)]
    baseline = baseline_of(ledger.grid, ledger.runs)
    if baseline is not None:
        command += ["--against", ledger.folder_of(baseline).name]
    sys.stdout.flush()
    with file_lock(ledger.hidden / "comparison.lock"):  # the last of several tasks
        status = subprocess.run(command).returncode
    if status:
        sys.exit(status)


def cli():
    if flags.asks_for_help(sys.argv):
        program = f"{pathlib.Path(sys.argv[0]).name} {USAGE}"
        page = flags.help_page(__doc__, program, flags.groups_of(GridOptions))
        sys.stdout.write(page)
        return
    arguments, options, _ = flags.texts_from(sys.argv, [], GridOptions, 1)
    with flags.errors_as_exit(sys.argv):
        if not arguments:
            raise ValueError(f"a grid file is missing; usage: {USAGE}")
    main(arguments[0], options)


if __name__ == "__main__":
    cli()
