"""The tasks by name."""

from v1model.stimuli.change_detection import garrett
from v1model.stimuli.classification import ten_class
from v1model.stimuli.evidence import evidence
from v1model.stimuli.grating_tasks import ori_diff, vcd_grating

TASKS = {
    "garrett": garrett,
    "vcd_grating": vcd_grating,
    "ori_diff": ori_diff,
    "evidence": evidence,
    "10class": ten_class,
}


def make_task(config, lgn, view, *, seed, current_input=True, data_dir="", inputs=None):
    """Makes the task that a configuration names.

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
        Task.

    Raises:
        ValueError: The task is unknown, or its options contradict each other.
    """
    if config.task not in TASKS:
        raise ValueError(
            f"unknown task {config.task!r}, choose from {', '.join(TASKS)}."
        )
    return TASKS[config.task](
        config,
        lgn,
        view,
        seed=seed,
        current_input=current_input,
        data_dir=data_dir,
        inputs=inputs,
    )
