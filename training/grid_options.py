"""GridOptions: what of a grid is run, and how."""

import dataclasses

from v1model.options import option, require


@dataclasses.dataclass(frozen=True)
class GridOptions:
    """What is run, and how."""

    dry_run: bool = option(False, "Only list the runs and say what they would change.")
    jobs: int = option(1, "Trainings at a time.")
    only: str = option(
        "", "Only runs whose name has this in it, or fits it: *resnet*seed1*."
    )
    task: int = option(
        0, "Only the run of this number, as --dry_run lists them; 0 is all."
    )
    keep_going: bool = option(True, "Run the others after one has failed.")
    slurm: str = option(
        "",
        "Folder that receives a script for sbatch, with a task for each run that is "
        "not finished; nothing is run.",
    )
    hours: float = option(4.0, "slurm: time limit of a task, hours.")

    def __post_init__(self):
        require(self.jobs >= 1, "jobs", "must be at least 1", self.jobs)
        require(self.task >= 0, "task", "must not be negative", self.task)
        require(self.hours > 0, "hours", "must be positive", self.hours)
        is_one = not (self.slurm and self.task)
        require(is_one, "task", "must be left out with --slurm", self.task)
