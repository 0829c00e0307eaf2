"""Visual change detection: has the picture changed? garrett asks of photographs."""

import dataclasses
import logging
import math
from typing import NamedTuple

import numpy as np

from v1model.config import CHUNK_MS
from v1model.stimuli.images import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    natural_pictures,
    place,
)
from v1model.stimuli.responses import (
    PictureRates,
    PublishedRates,
    published_columns,
    published_ms,
    published_paths,
    read_published_rates,
)
from v1model.stimuli.streams import SPLITS, generator, noise_seeds
from v1model.stimuli.trials import GRAY, Plan, Segment, Task, Timeline, repeated

GRAY_BEFORE_MS = 50  # of the gray between two pictures (Chen et al. 2022)
RESPONSE_DELAY_MS = 50  # from the end of a picture to the response window

_BLOCK = 8  # changes and repeats are balanced within so many validation pictures


def garrett(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """The change-detection task with natural pictures.

    For arguments see `tasks.make_task`.
    """
    rates, n_training, n_validation = _rates(config, lgn, view, data_dir, inputs)
    return change_task(
        config,
        rates,
        Pictures(n_training, n_validation),
        pool=0,
        weight_elsewhere=config.response_weight_elsewhere,
        seed=seed,
        current_input=current_input,
    )


class Pictures(NamedTuple):
    """How many pictures a change-detection task has.

    n_training, n_validation: Validation pictures are numbered after the others.
    n_variants: Variants of each picture, such as phases of a grating: one is drawn
        each time, and does not make another picture. Variant v of picture k is number
        k * n_variants + v.
    """

    n_training: int
    n_validation: int
    n_variants: int = 1


def change_task(
    config, rates, pictures, *, pool, weight_elsewhere, seed, current_input
):
    """A change-detection task.

    A lane shows one endless stream of pictures, two per trial of 600 ms. The answer
    to a picture, due 50 to 100 ms after its end, is whether it differs from the one
    before, also when that was in the trial before. The first picture of an epoch has
    none before it: no answer counts there.

    Args:
        config: TaskConfig.
        rates: As of Task, and `memory_ms`: how long a picture is seen in the rates.
        pictures: Pictures.
        pool: Readout pool.
        weight_elsewhere: Loss weight of the chunks in which no answer is due.
        seed, current_input: As of `tasks.make_task`.
    """
    presentation = presentation_segments(config)
    period = sum(segment.ms for segment in presentation)
    if config.seq_len % period:
        raise ValueError(
            f"{config.task}: seq_len must be a multiple of im_slice + delays[0] = "
            f"{config.im_slice} + {config.delays[0]} = {period} ms, "
            f"got {config.seq_len}."
        )
    n_pictures = config.seq_len // period
    window = (GRAY_BEFORE_MS + config.im_slice + RESPONSE_DELAY_MS) // CHUNK_MS
    chunks_per_period = period // CHUNK_MS
    timeline = Timeline(
        segments=repeated(presentation, n_pictures),
        windows=tuple(window + k * chunks_per_period for k in range(n_pictures)),
        weight_elsewhere=weight_elsewhere,
    )
    # Earlier trials whose last picture is still seen in the LGN.
    seen_ms = max(rates.memory_ms - presentation[-1].ms, 0)
    n_before = math.ceil(seen_ms / config.seq_len)
    return Task(
        name=config.task,
        timeline=timeline,
        n_classes=2,
        pools=(pool,),
        has_threshold=True,
        carries_state=True,
        plans=ChangeStreams(seed, config.p_reappear, n_pictures, n_before, *pictures),
        rates=rates,
        n_before=n_before,
        current_input=current_input,
    )


def presentation_segments(config):
    """Gray, picture, gray of one presentation; the grays are delays[0] together."""
    if len(set(config.delays)) > 1:
        raise ValueError(
            f"{config.task}: every picture is followed by the same gray, so all delays "
            f"must be equal, got {config.delays}."
        )
    gray_after = config.delays[0] - GRAY_BEFORE_MS
    least = RESPONSE_DELAY_MS + CHUNK_MS
    if gray_after < least:
        raise ValueError(
            f"{config.task}: delays must begin with at least {GRAY_BEFORE_MS + least} "
            "ms, so that the response fits after the picture, "
            f"got {config.delays[0]}."
        )
    for name, value in (("im_slice", config.im_slice), ("delays", config.delays[0])):
        if value % CHUNK_MS:
            raise ValueError(
                f"{config.task}: {name} must be a multiple of {CHUNK_MS} ms, "
                f"got {value}."
            )
    return (
        Segment(GRAY, GRAY_BEFORE_MS),
        Segment(0, config.im_slice),
        Segment(GRAY, gray_after),
    )


@dataclasses.dataclass(frozen=True)
class ChangeStreams:
    """Plans of the change-detection tasks; one stream of pictures per lane and epoch.

    Args:
        seed: Of the run.
        p_reappear: Probability that a training picture repeats the one before. In
            validation exactly half of each block of eight does.
        per_trial: Pictures per trial.
        n_before: Earlier trials that a plan lists too.
        n_training, n_validation, n_variants: As of Pictures.
    """

    seed: int
    p_reappear: float
    per_trial: int
    n_before: int
    n_training: int
    n_validation: int
    n_variants: int = 1

    def __call__(self, split, places):
        streams = zip(places.epoch, places.lane, places.position, strict=True)
        trials = [self._trial(split, *place) for place in streams]
        pictures, is_change = map(np.stack, zip(*trials, strict=True))
        is_asked = np.ones(is_change.shape, bool)
        is_asked[places.position == 0, 0] = False
        steps = np.stack([places.epoch, places.position, places.lane], axis=1)
        return Plan(
            pictures=pictures,
            answers=is_change.astype(np.int32),
            is_asked=is_asked,
            noise_seeds=noise_seeds(self.seed, split, steps),
        )

    def _trial(self, split, epoch, lane, position):
        """Pictures of earlier trials and this one, and the changes in this one."""
        stop = (position + 1) * self.per_trial
        pictures, is_change = self.stream(split, epoch, lane, stop)
        rng = generator(self.seed, split, "variants", epoch, lane)
        variants = rng.integers(self.n_variants, size=stop)
        shown = pictures * self.n_variants + variants
        n_shown = (1 + self.n_before) * self.per_trial
        shown = np.pad(shown, (n_shown, 0), constant_values=GRAY)[-n_shown:]
        return shown, is_change[-self.per_trial :]

    def stream(self, split, epoch, lane, n):
        """Pictures (n,) and whether each differs from the one before, (n,) bool."""
        rng = generator(self.seed, split, "changes", epoch, lane)
        if split == "training":
            is_change = rng.random(n) >= self.p_reappear
        else:
            blocks = np.arange(_BLOCK) % 2 == np.zeros((n // _BLOCK + 1, 1))
            is_change = rng.permuted(blocks, axis=1).ravel()
        is_change = np.concatenate([[False], is_change[: n - 1]])
        rng = generator(self.seed, split, "pictures", epoch, lane)
        is_training = split == "training"
        n_pictures = self.n_training if is_training else self.n_validation
        first = rng.integers(n_pictures)
        steps = is_change * rng.integers(1, n_pictures, n)
        pictures = (first + np.cumsum(steps)) % n_pictures
        return pictures + (0 if is_training else self.n_training), is_change


def _rates(config, lgn, view, data_dir, inputs):
    """The source of rates, and the number of training and validation pictures."""
    paths = published_paths(data_dir)
    if paths:
        columns = published_columns(paths[0], len(lgn.units), inputs)
        _, picture, gray = (segment.ms for segment in presentation_segments(config))
        n_ms = published_ms(paths[0], picture, gray)
        (training, pause), (validation, _) = (
            read_published_rates(path, n_ms, columns) for path in paths
        )
        logging.info("LGN responses from %s and %s", *paths)
        rates = PublishedRates([*training, *validation], pause)
        return rates, len(training), len(validation)
    training, validation = map(natural_pictures, SPLITS)
    pictures = np.concatenate([training, validation])
    aspect = PICTURE_WIDTH / PICTURE_HEIGHT
    degrees = config.picture_degrees or view.height_to_cover(aspect)

    def frame(number):
        centre = (view.x, view.y)
        return place(pictures[number], degrees, centre, config.sti_intensity)

    return PictureRates(lgn, frame), len(training), len(validation)
