"""TaskConfig: what is shown and what is asked."""

import dataclasses

from v1model.options import option, require, require_positive

TASKS = ("garrett", "vcd_grating", "ori_diff", "evidence", "10class")
ALL_TASKS = "all"
PICTURE_SETS = ("digits", "mnist", "fashion_mnist", "cifar10")
CHUNK_MS = 50  # outputs, labels and weights are given per chunk of this length


@dataclasses.dataclass(frozen=True)
class TaskConfig:
    """What is shown and what is asked."""

    task: str = option(
        ALL_TASKS,
        "Task that is trained; all deals out trials of every task in turn.",
        choices=(*TASKS, ALL_TASKS),
    )
    task_weights: tuple[int, ...] = option(
        (1, 1, 1, 1, 1),
        f"all: trials of {', '.join(TASKS)} in each round; 0 leaves a task out.",
    )
    seq_len: int = option(600, "Length of a trial, ms.")
    delays: tuple[int, ...] = option(
        (200, 200),
        "garrett, vcd_grating: grey between two pictures, ms; equal numbers.",
    )
    im_slice: int = option(100, "Time that a picture or grating is shown, ms.")
    pre_delay: int = option(50, "10class, ori_diff: grey before the picture, ms.")
    post_delay: int = option(450, "10class, ori_diff: grey after the picture, ms.")
    pre_chunks: int = option(
        3, "10class, ori_diff: chunks of 50 ms before the response."
    )
    post_chunks: int = option(
        8, "10class, ori_diff: chunks of 50 ms after the response."
    )
    p_reappear: float = option(
        0.5, "garrett, vcd_grating: probability that a picture repeats."
    )
    sti_intensity: float = option(2.0, "Pictures span [-x, x] around grey.")
    pictures: str = option(
        "digits",
        "10class: digits (bundled) or a set in Keras' cache.",
        choices=PICTURE_SETS,
    )
    picture_degrees: float = option(
        0.0,
        "Height of a picture or of the cues, degrees; 0 fits the part that the column "
        "sees.",
    )
    response_weight_elsewhere: float = option(
        0.05, "garrett: loss weight of chunks outside the response window."
    )
    spatial_frequency: float = option(0.05, "Gratings: cycles per degree.")
    temporal_frequency: float = option(
        0.0, "Gratings: cycles per second; 0 stands still, as published."
    )
    grating_phase: float = option(
        -1.0,
        "Gratings: phase in the middle of what the column sees, degrees; negative "
        "draws one for each.",
    )
    grating_contrast: float = option(
        1.0, "Gratings: amplitude as a share of --sti_intensity."
    )
    n_cues: int = option(5, "evidence: number of cues, 5 or 7.")
    cue_len: int = option(50, "evidence: time that a cue is shown, ms.")
    interval_len: int = option(10, "evidence: gap after a cue, ms.")
    pause: int = option(
        0,
        "evidence: time between the last gap and the recall, ms; 0 fills the trial "
        "(250 as published).",
    )
    recall_len: int = option(
        50, "evidence: time that the recall is shown, ms; its last 50 ms are scored."
    )

    def __post_init__(self):
        for name in (
            "seq_len",
            "im_slice",
            "sti_intensity",
            "spatial_frequency",
            "cue_len",
        ):
            require_positive(self, name)
        weights = self.task_weights
        require(
            len(weights) == len(TASKS) and min(weights) >= 0 and any(weights),
            "task_weights",
            f"must be {len(TASKS)} numbers from 0 on, not all 0",
            weights,
        )
        is_whole = self.seq_len % CHUNK_MS == 0
        require(is_whole, "seq_len", f"must be a multiple of {CHUNK_MS}", self.seq_len)
        is_fraction = 0 <= self.p_reappear <= 1
        require(is_fraction, "p_reappear", "must lie in [0, 1]", self.p_reappear)
        for name in (
            "pre_delay",
            "post_delay",
            "pre_chunks",
            "post_chunks",
            "picture_degrees",
            "temporal_frequency",
            "interval_len",
            "pause",
        ):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        contrast, cues, recall = self.grating_contrast, self.n_cues, self.recall_len
        is_share = 0 < contrast <= 1
        require(is_share, "grating_contrast", "must lie in (0, 1]", contrast)
        require(cues in (5, 7), "n_cues", "must be 5 or 7", cues)
        is_scored = recall >= CHUNK_MS
        require(is_scored, "recall_len", f"must be at least {CHUNK_MS}", recall)
        require(
            len(self.delays) >= 1 and min(self.delays) > 0,
            "delays",
            "must be positive",
            self.delays,
        )
