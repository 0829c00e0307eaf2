"""A grid as an array of SLURM tasks, one for each run that is not finished."""

import pathlib
import shlex

from training.grid_ledger import FINISHED
from v1model.atomic import write_text

SCRIPT, COPY = "grid.sbatch", "grid.yaml"
# sbatch takes the first lines as options; the rest is bash. A task ends its training
# before the limit, and is queued again: the run goes on from its checkpoint.
_TEXT = """\
#!/usr/bin/env bash
# {about}
#
# sbatch {script}
#
# Change for your cluster: the partition, the account, the time limit and what a task
# gets. Tasks of runs that are finished meanwhile end at once.
#
#SBATCH --job-name=v1-grid
#SBATCH --array={tasks}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
##SBATCH --gpus-per-task=1
#SBATCH --mem=16G
#SBATCH --time={time}
#SBATCH --requeue                # preempted and failed nodes: the task is queued again
#SBATCH --open-mode=append       # one log for all starts of a task
#SBATCH --signal=B:TERM@300      # this script is told 5 minutes before the limit
#SBATCH --output={folder}/%a.log
##SBATCH --partition=gpu
##SBATCH --account=project
set -euo pipefail

PYTHON=${{PYTHON:-python}}
MOST_STARTS=${{MOST_STARTS:-20}}

cd {here}

# The limit is near, or the task is preempted: the training is told to end.
ending=0 grid=
trap 'ending=1; kill -TERM "$grid" 2>/dev/null || true' TERM

"$PYTHON" -m training.grid {grid} --task="$SLURM_ARRAY_TASK_ID" "$@" &
grid=$!

status=0
wait "$grid" || status=$?
if [ "$ending" -eq 1 ]; then
    wait "$grid" || true # the first wait ended with the signal
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt "$MOST_STARTS" ]; then
        echo "the time is up: the task is queued again"
        scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
    fi
fi
exit "$status"
"""


def write_script(ledger, runs, path, options):
    """Writes a script for sbatch, and the grid file that its tasks read.

    Numbers of runs are those of the copy: the grid file itself may change afterwards.

    Args:
        ledger: Ledger.
        runs: PlannedRuns that are wanted.
        path: Of the grid file.
        options: GridOptions.

    Returns:
        What to do with it, a line.

    Raises:
        ValueError: All runs are finished.
    """
    open_runs = [run for run in runs if ledger.standing(run).state != FINISHED]
    if not open_runs:
        raise ValueError(f"all {len(runs)} runs are finished; slurm has nothing to do.")
    folder = pathlib.Path(options.slurm).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [run.number for run in open_runs]
    text = _TEXT.format(
        about=f"{len(numbers)} runs of {path.name}, a task each.",
        script=folder / SCRIPT,
        tasks=ranges_of(numbers),
        time=_time(options.hours),
        folder=folder,
        here=shlex.quote(str(pathlib.Path.cwd())),
        grid=shlex.quote(str(folder / COPY)),
    )
    write_text(folder / COPY, path.read_text(encoding="utf-8"))
    write_text(folder / SCRIPT, text)
    return f"{len(numbers)} tasks: sbatch {shlex.quote(str(folder / SCRIPT))}"


def ranges_of(numbers):
    """Numbers as sbatch takes them: "1-3,7"."""
    parts = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1] = parts[-1][0], number
        else:
            parts.append((number, number))
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def _time(hours):
    minutes = max(round(60 * hours), 1)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"
