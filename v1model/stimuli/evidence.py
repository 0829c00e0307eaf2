"""evidence: were there more cues on the right than on the left?"""

import itertools
import logging
import pathlib

import numpy as np

from v1model.config import CHUNK_MS
from v1model.hdf5_files import open_hdf5
from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.network.hdf5 import read_column
from v1model.stimuli.classification import LabelledTrials
from v1model.stimuli.responses import PictureRates
from v1model.stimuli.trials import GRAY, Segment, Task, Timeline, repeated

POOLS = (3, 4)  # left, right (Chen et al. 2022)
LEFT, RIGHT, RECALL = range(3)  # pictures
PUBLISHED_FILE = "EA_LGN.h5"  # beside the data folder, as in the published layout
PUBLISHED_FRAMES = ("left_cue", "right_cue", "recall", "gap")

_HELD_OUT = slice(1, None, 4)  # of the sequences from easy to hard
_SPLIT_SEED = 20230615  # of the one and only division of the cue sequences
_N_DRAWS = 100  # of which the most even one is that division


def evidence(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """Evidence accumulation: cues on the left and right, a pause, then a recall cue.

    The answer, due in the last 50 ms, is the side of most cues. Cue sequences of the
    validation are never shown in training; with each, its mirror image is held out.

    For arguments see `tasks.make_task`. Published movie frames are used if their file
    lies beside `data_dir`; they fit any LGN, so that `inputs` has no use.
    """
    timeline = evidence_timeline(config)
    training, validation = cue_sequences(config.n_cues)
    cues = np.concatenate([training, validation])
    recall = np.full((len(cues), 1), RECALL)
    return Task(
        name=config.task,
        timeline=timeline,
        n_classes=2,
        pools=POOLS,
        has_threshold=False,
        carries_state=False,
        plans=LabelledTrials(
            seed,
            training=majority(training),
            validation=majority(validation),
            pictures=np.concatenate([cues, recall], axis=1),
        ),
        rates=_rates(config, lgn, view, data_dir),
        current_input=current_input,
    )


def evidence_timeline(config):
    """Cues with gaps, a pause, and the recall cue with the answer at its end."""
    cues_ms = config.n_cues * (config.cue_len + config.interval_len)
    pause = config.pause or config.seq_len - cues_ms - config.recall_len
    duration = cues_ms + pause + config.recall_len
    if pause <= 0 or duration != config.seq_len:
        raise ValueError(
            "evidence: seq_len must be n_cues (cue_len + interval_len) + pause + "
            f"recall_len = {config.n_cues} ({config.cue_len} + {config.interval_len}) "
            f"+ {config.pause} + {config.recall_len} ms with a positive pause (0 fills "
            f"the trial), got {config.seq_len}."
        )
    cue = Segment(0, config.cue_len), Segment(GRAY, config.interval_len)
    segments = (
        *repeated(cue, config.n_cues),
        Segment(GRAY, pause),
        Segment(config.n_cues, config.recall_len),
    )
    return Timeline(
        segments=tuple(segment for segment in segments if segment.ms),
        windows=(config.seq_len // CHUNK_MS - 1,),
    )


def cue_sequences(n_cues):
    """All sequences of cues, divided once and for all.

    Args:
        n_cues: Odd, so that one side always has more.

    Returns:
        Training and validation sequences, (n, n_cues) int of LEFT and RIGHT. One in
        four is held out, easy and hard ones alike, together with its mirror image:
        both sets are balanced.
    """
    everything = np.array(list(itertools.product((LEFT, RIGHT), repeat=n_cues)))
    left = everything[majority(everything) == LEFT]
    rng = np.random.default_rng(_SPLIT_SEED)
    draws = [_by_difficulty(rng.permutation(left)) for _ in range(_N_DRAWS)]
    # No single cue should give the answer to a held-out sequence away.
    left = min(draws, key=lambda draw: np.ptp(draw[_HELD_OUT].mean(axis=0)))
    training, validation = np.delete(left, _HELD_OUT, axis=0), left[_HELD_OUT]
    return tuple(
        np.concatenate([part, RIGHT - part]) for part in (training, validation)
    )


def majority(cues):
    """The side of most cues, (n,) int32, from (n, n_cues)."""
    return (cues.mean(axis=1) > (LEFT + RIGHT) / 2).astype(np.int32)


def cue_frames(degrees, centre, intensity):
    """Frames of the cues and of the recall, (3, 120, 240) float32.

    A square of which a cue lights one half and the recall both, on a gray screen: the
    cues are mirror images, of the same luminance.

    Args:
        degrees: Height of the square.
        centre: (x, y) from the left and the top of the field, degrees.
        intensity: Luminance of what is lit; 0 is gray.
    """
    frames = np.zeros((3, N_ROWS, N_COLUMNS), np.float32)
    half = max(round(degrees / 2), 1)
    x, y = map(round, centre)
    rows = slice(max(y - half, 0), y + half)
    for side, left in ((LEFT, x - half), (RIGHT, x)):
        columns = slice(max(left, 0), left + half)
        frames[[side, RECALL], rows, columns] = intensity
    return frames


def read_published_frames(path):
    """Reads the published movie frames.

    Args:
        path: HDF5 file with `left_cue`, `right_cue`, `recall` and `gap`, each
            (120, 240), in the units of the LGN: 0 is gray.

    Returns:
        Frames of the cues and the recall, (3, 120, 240) float32, and of the gaps,
        (120, 240).

    Raises:
        ValueError: A frame is missing, has another shape or is not finite.
    """
    frames = []
    with open_hdf5(path) as file:
        for name in PUBLISHED_FRAMES:
            frame = read_column(file, name)
            if frame.shape != (N_ROWS, N_COLUMNS):
                raise ValueError(
                    f"{path}: {name} must have shape ({N_ROWS}, {N_COLUMNS}), "
                    f"got {frame.shape}."
                )
            if not np.isfinite(frame).all():
                raise ValueError(f"{path}: {name} has pixels that are not finite.")
            frames.append(frame.astype(np.float32))
    return np.stack(frames[:-1]), frames[-1]


def _by_difficulty(sequences):
    return sequences[np.argsort(sequences.sum(axis=1), kind="stable")]


def _rates(config, lgn, view, data_dir):
    if data_dir:
        path = pathlib.Path(data_dir).expanduser().resolve().parent / PUBLISHED_FILE
        if path.exists():
            frames, gap = read_published_frames(path)
            logging.info("cues from %s", path)
            return PictureRates(lgn, frames.__getitem__, gap)
    degrees = config.picture_degrees or view.height_to_contain(1)
    frames = cue_frames(degrees, (view.x, view.y), config.sti_intensity)
    return PictureRates(lgn, frames.__getitem__)
