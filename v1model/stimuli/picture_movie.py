"""Movies that are shown again and again: of natural pictures, or one's own.

The movie of natural pictures moves as the eye of a mouse makes it move: scenes follow
each other, and within each the view drifts smoothly over the photograph.
"""

import numpy as np
from scipy import ndimage

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.stimuli.images import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    natural_pictures,
)
from v1model.stimuli.screening import Screening, Shown, gray
from v1model.stimuli.streams import SPLITS

STIMULUS = "natural_movie"
FRAME_MS = 40  # 25 frames per second
SCENE_MS = 2000  # until another picture is seen
ZOOM = 1.5  # height of a picture over that which covers the view
SPEED = 10.0  # degrees per second of the drift, root mean square
TURN_MS = 400  # in which the drift forgets where it went


def repeated_movie(frames, durations_ms, repeats, name, gray_ms=500):
    """A movie that is shown some times, one directly after the other.

    Args:
        frames: (F, 120, 240) contrast.
        durations_ms: How long each stays, (F,).
        repeats: How often the movie is shown.
        name: Of the stimulus.
        gray_ms: Gray before the first and after the last.

    Returns:
        Screening. There is a row for each showing of each frame, as in the tables of
        the Allen Institute, with its number, `frame`, and how often the movie was shown
        before, `repeat`.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be positive, got {repeats}.")
    shown = [
        Shown(
            [number],
            [ms],
            {"stimulus": name, "block": 1, "frame": number, "repeat": repeat},
        )
        for repeat in range(repeats)
        for number, ms in enumerate(durations_ms)
    ]
    shown = [*gray(gray_ms, 0), *shown, *gray(gray_ms, 2)]
    return Screening.of(frames.__getitem__, len(frames), shown)


def moving_pictures(duration_ms, view, intensity, seed):
    """A movie that drifts over natural pictures.

    A picture fills the whole screen, continued by its mirror images. Where the view
    drifts is a smooth random walk (each coordinate of its speed an Ornstein-Uhlenbeck
    process), sampled between the pixels.

    Args:
        duration_ms: A multiple of FRAME_MS.
        view: View of the column; it sees most of a picture at a time.
        intensity: Pictures span [-intensity, intensity] around gray.
        seed: Of the order of the pictures and of the drift.

    Returns:
        Frames (F, 120, 240) float32, each for FRAME_MS, and the picture in each, (F,)
        int.

    Raises:
        ValueError: The duration is not a positive multiple.
    """
    if duration_ms <= 0 or duration_ms % FRAME_MS:
        raise ValueError(
            f"a movie must last a positive multiple of {FRAME_MS} ms, got "
            f"{duration_ms}."
        )
    n_frames, per_scene = duration_ms // FRAME_MS, SCENE_MS // FRAME_MS
    rng = np.random.default_rng(seed)
    pictures = np.concatenate([natural_pictures(split) for split in SPLITS])
    n_scenes = -(-n_frames // per_scene)
    order = np.resize(rng.permutation(len(pictures)), n_scenes)
    aspect = PICTURE_WIDTH / PICTURE_HEIGHT
    scale = PICTURE_HEIGHT / (ZOOM * view.height_to_cover(aspect))  # pixels per degree
    frames = np.empty((n_frames, N_ROWS, N_COLUMNS), np.float32)
    for scene, number in enumerate(order):
        places = range(scene * per_scene, min((scene + 1) * per_scene, n_frames))
        # Details that the screen of one pixel per degree cannot show would flicker.
        smooth = ndimage.gaussian_filter(pictures[number], scale / 2, mode="mirror")
        smooth -= smooth.mean()
        smooth *= intensity / np.abs(smooth).max()
        for place, offset in zip(places, drift(per_scene, rng), strict=False):
            frames[place] = _seen(smooth, scale, view, offset)
    return frames, np.repeat(order, per_scene)[:n_frames]


def drift(n, rng):
    """Where the view is in n successive frames, (n, 2), degrees; it begins at 0."""
    kept = np.exp(-FRAME_MS / TURN_MS)
    noise = rng.normal(0, SPEED / np.sqrt(2), (n, 2))  # of both coordinates together
    speed = noise.copy()
    for step in range(1, n):
        speed[step] = kept * speed[step - 1] + np.sqrt(1 - kept**2) * noise[step]
    moved = np.cumsum(speed, axis=0) * FRAME_MS / 1000
    return moved - moved[0]


def _seen(picture, scale, view, offset):
    """The screen when the middle of the view is `offset` from that of the picture."""
    x = np.arange(N_COLUMNS) - view.x + offset[0]
    y = np.arange(N_ROWS) - view.y + offset[1]
    columns = (picture.shape[1] - 1) / 2 + scale * x
    rows = (picture.shape[0] - 1) / 2 + scale * y
    grid = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(picture, grid, order=1, mode="mirror")
