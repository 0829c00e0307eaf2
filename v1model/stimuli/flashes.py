"""Natural pictures that are flashed, one directly after the other.

The protocol of the natural scenes of the Allen Institute's Visual Coding data: 250 ms
each, no gray between them, every picture and a blank screen once before any is shown
again, in a new random order each time.
"""

import numpy as np

from v1model.stimuli.images import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    natural_pictures,
    place,
)
from v1model.stimuli.screening import BLANK, Screening, Shown, gray
from v1model.stimuli.streams import SPLITS

STIMULUS = "natural_scenes"
SHOWN_MS = 250


def natural_frames(n, view, intensity):
    """The first n natural pictures where the column looks, (n, 120, 240) float32.

    Those of the training split come first, then those of the validation split.

    Args:
        n: How many.
        view: View; the pictures cover it.
        intensity: Pictures span [-intensity, intensity] around gray.

    Raises:
        ValueError: There are not as many.
    """
    pictures = np.concatenate([natural_pictures(split) for split in SPLITS])
    if not 0 < n <= len(pictures):
        raise ValueError(f"pictures must lie in 1..{len(pictures)}, got {n}.")
    degrees = view.height_to_cover(PICTURE_WIDTH / PICTURE_HEIGHT)
    centre = view.x, view.y
    return np.stack([place(p, degrees, centre, intensity) for p in pictures[:n]])


def flashed(frames, repeats, seed, *, shown_ms=SHOWN_MS, gray_ms=500, blank=True):
    """Frames that are flashed again and again, in a new order each time.

    Args:
        frames: (F, 120, 240).
        repeats: How often each is shown.
        seed: Of the orders.
        shown_ms: How long each stays.
        gray_ms: Gray before the first and after the last.
        blank: Whether the gray screen is one of them, as number BLANK.

    Returns:
        Screening. Rows have the number of the frame, `frame`, and how often it was
        shown before, `repeat`.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be positive, got {repeats}.")
    rng = np.random.default_rng(seed)
    numbers = np.arange(BLANK if blank else 0, len(frames))
    shown = [
        Shown([number], [shown_ms], _row(int(number), repeat))
        for repeat in range(repeats)
        for number in rng.permutation(numbers)
    ]
    shown = [*gray(gray_ms, 0), *shown, *gray(gray_ms, 2)]
    return Screening.of(frames.__getitem__, len(frames), shown)


def _row(frame, repeat):
    return {"stimulus": STIMULUS, "block": 1, "frame": frame, "repeat": repeat}
