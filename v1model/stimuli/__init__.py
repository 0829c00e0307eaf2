"""Stimuli and tasks: what is shown to the column and what it is asked."""

from v1model.stimuli.datasets import task_dataset
from v1model.stimuli.images import View, digit_pictures, natural_pictures, view_of
from v1model.stimuli.mixture import Mixture
from v1model.stimuli.tasks import TASKS, make_task
from v1model.stimuli.trials import Batch, Task, Timeline

__all__ = [
    "TASKS",
    "Batch",
    "Mixture",
    "Task",
    "Timeline",
    "View",
    "digit_pictures",
    "make_task",
    "natural_pictures",
    "task_dataset",
    "view_of",
]
