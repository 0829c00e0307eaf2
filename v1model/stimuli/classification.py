"""10class: which of ten classes is in the picture?"""

import dataclasses
import functools

import numpy as np

from v1model.config import CHUNK_MS
from v1model.stimuli.images import digit_pictures, gray_level, place
from v1model.stimuli.responses import PictureRates
from v1model.stimuli.streams import generator, noise_seeds
from v1model.stimuli.trials import GRAY, Plan, Segment, Task, Timeline

N_CLASSES = 10
FIRST_POOL = 5  # pools 5 to 14 (Chen et al. 2022)


def ten_class(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """Classification of a picture that is shown once, from ten readout pools.

    For arguments see `tasks.make_task`; this task has no published responses and
    therefore no use for `data_dir` and `inputs`.
    """
    timeline = classification_timeline(config)
    sets = [digit_pictures(config.pictures, split) for split in SPLITS]
    pictures = [pictures for pictures, _ in sets]
    height, width = pictures[0].shape[1:]
    degrees = config.picture_degrees or view.height_to_contain(width / height)

    def frame(number):
        n_training = len(pictures[0])
        is_training = number < n_training
        picture = pictures[0 if is_training else 1][number % n_training]
        return place(
            picture,
            degrees,
            (view.x, view.y),
            config.sti_intensity,
            gray_level(config.pictures),
        )

    return Task(
        name="10class",
        timeline=timeline,
        n_classes=N_CLASSES,
        pools=tuple(range(FIRST_POOL, FIRST_POOL + N_CLASSES)),
        has_threshold=False,
        carries_state=False,
        plan=LabelledPictures(seed, *(labels for _, labels in sets)),
        rates=PictureRates(lgn, frame),
        current_input=current_input,
    )
