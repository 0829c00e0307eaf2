"""The tasks by name."""

import dataclasses

import numpy as np

from v1model.config import ALL_TASKS
from v1model.stimuli.change_detection import garrett
from v1model.stimuli.classification import ten_class
from v1model.stimuli.evidence import evidence
from v1model.stimuli.grating_tasks import ori_diff, vcd_grating
from v1model.stimuli.mixture import Mixture

TASKS = {
    "garrett": garrett,
    "vcd_grating": vcd_grating,
    "ori_diff": ori_diff,
    "evidence": evidence,
    "10class": ten_class,
}


def make_task(config, lgn, view, *, seed, current_input=True, data_dir="", inputs=None):
    """Makes the task that a configuration names, or the mixture of all.

    Args:
        config: TaskConfig.
        lgn: LGN of the units that the column listens to.
        view: View of the column; pictures are shown there.
        seed: Decides every draw.
        current_input: Whether LGN rates enter as currents, otherwise as spikes.
        data_dir: Folder of the network; published stimuli are looked for beside it.
        inputs: Numbers of the LGN's units among the published 17,400, (I,) int; needed
            for published stimuli when a selection is used.

    Returns:
        Task, or Mixture for the task "all".

    Raises:
        ValueError: The task is unknown, or its options contradict each other.
    """
    if config.task not in (*TASKS, ALL_TASKS):
        raise ValueError(
            f"unknown task {config.task!r}, choose from {', '.join(TASKS)} and "
            f"{ALL_TASKS}."
        )

    def made(name):
        return TASKS[name](
            dataclasses.replace(config, task=name),
            lgn,
            view,
            seed=task_seed(seed, name),
            current_input=current_input,
            data_dir=data_dir,
            inputs=inputs,
        )

    if config.task != ALL_TASKS:
        return made(config.task)
    # A task that is left out is not made, so that its options need not fit.
    weights = dict(zip(TASKS, config.task_weights, strict=True))
    kept = {name: weight for name, weight in weights.items() if weight}
    return Mixture(tuple(map(made, kept)), tuple(kept.values()), seed)


def task_seed(seed, name):
    """Seed of one task of a run: tasks of a mixture share no draw."""
    words = np.random.SeedSequence((seed, [*TASKS].index(name))).generate_state(1)
    return int(words[0])
