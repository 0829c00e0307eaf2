"""10class: which of ten classes is in the picture? And the plans of such tasks."""

import dataclasses

import numpy as np

from v1model.config import CHUNK_MS
from v1model.stimuli.images import digit_pictures, gray_level, place
from v1model.stimuli.responses import PictureRates
from v1model.stimuli.streams import SPLITS, generator, noise_seeds
from v1model.stimuli.trials import GRAY, Plan, Segment, Task, Timeline

N_CLASSES = 10
FIRST_POOL = 5  # pools 5 to 14 (Chen et al. 2022)


def ten_class(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """Classification of a picture that is shown once, from ten readout pools.

    For arguments see `tasks.make_task`; this task has no published responses and
    therefore no use for `data_dir` and `inputs`.
    """
    timeline = classification_timeline(config)
    (training, training_labels), (validation, validation_labels) = (
        digit_pictures(config.pictures, split) for split in SPLITS
    )
    height, width = training.shape[1:]
    degrees = config.picture_degrees or view.height_to_contain(width / height)

    def frame(number):
        is_training = number < len(training)
        picture = (
            training[number] if is_training else validation[number - len(training)]
        )
        gray = gray_level(config.pictures)
        return place(picture, degrees, (view.x, view.y), config.sti_intensity, gray)

    return Task(
        name="10class",
        timeline=timeline,
        n_classes=N_CLASSES,
        pools=tuple(range(FIRST_POOL, FIRST_POOL + N_CLASSES)),
        has_threshold=False,
        carries_state=False,
        plans=LabelledTrials(seed, training_labels, validation_labels),
        rates=PictureRates(lgn, frame),
        current_input=current_input,
    )


def classification_timeline(config):
    """Gray, picture, gray; one answer is due in chunk `pre_chunks`."""
    duration = config.pre_delay + config.im_slice + config.post_delay
    if duration != config.seq_len:
        raise ValueError(
            f"{config.task}: seq_len must be pre_delay + im_slice + post_delay = "
            f"{config.pre_delay} + {config.im_slice} + {config.post_delay} = "
            f"{duration} ms, got {config.seq_len}."
        )
    n_chunks = config.pre_chunks + 1 + config.post_chunks
    if n_chunks * CHUNK_MS != config.seq_len:
        raise ValueError(
            f"{config.task}: pre_chunks + 1 + post_chunks = {n_chunks} chunks of "
            f"{CHUNK_MS} ms must last seq_len, got {config.seq_len} ms."
        )
    segments = (
        Segment(GRAY, config.pre_delay),
        Segment(0, config.im_slice),
        Segment(GRAY, config.post_delay),
    )
    return Timeline(
        segments=tuple(segment for segment in segments if segment.ms),
        windows=(config.pre_chunks,),
    )


@dataclasses.dataclass(frozen=True)
class LabelledTrials:
    """Plans of a task with one answer per trial, of which there are known kinds.

    In training, every kind is shown once before one returns: a pass over the set is a
    permutation. Validation goes through the held-out kinds in a fixed order in which
    the classes alternate. The trials are numbered, and a trial is the same however
    many of them make a batch.

    Args:
        seed: Of the run.
        training, validation: Label of each kind; validation kinds are numbered after
            the training kinds.
        pictures: Picture in each slot of each kind, (n, n_slots) int. None where kind
            k shows picture k and nothing else.
        n_variants: Variants of each picture, such as phases of a grating: one is drawn
            each time. Variant v of picture k is then number k * n_variants + v.
    """

    seed: int
    training: np.ndarray
    validation: np.ndarray
    pictures: np.ndarray | None = None
    n_variants: int = 1

    def __call__(self, split, places):
        trials = places.number
        labels = self.training if split == "training" else self.validation
        n = len(labels)
        order = {turn: self._order(split, turn) for turn in np.unique(trials // n)}
        chosen = np.array([order[trial // n][trial % n] for trial in trials])
        kinds = chosen + (0 if split == "training" else len(self.training))
        pictures = kinds[:, None] if self.pictures is None else self.pictures[kinds]
        variants = [self._variants(split, k, pictures.shape[1]) for k in trials]
        return Plan(
            pictures=pictures * self.n_variants + np.stack(variants),
            answers=labels[chosen, None].astype(np.int32),
            is_asked=np.ones((len(trials), 1), bool),
            noise_seeds=noise_seeds(self.seed, split, [(k, 0) for k in trials]),
        )

    def _variants(self, split, trial, n):
        rng = generator(self.seed, split, "variants", trial)
        return rng.integers(self.n_variants, size=n)

    def _order(self, split, turn):
        if split == "training":
            rng = generator(self.seed, split, "order", turn)
            return rng.permutation(len(self.training))
        # The k-th kind of every class, then the next of every class.
        by_class = np.argsort(self.validation, kind="stable")
        labels = self.validation[by_class]
        rank = np.arange(len(labels)) - np.searchsorted(labels, labels)
        return by_class[np.lexsort((labels, rank))]
