"""Movies from which a twin of the column learns: photographs, and checks.

A movie has PIXELS x PIXELS pixels of 8 bits and covers what the column looks at. Either
an eye looks at a photograph, jumps and drifts, or checks are drawn anew again and
again: those have no structure, so that responses to them show receptive fields.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import ndimage, signal

from v1model.lgn.kernels import (
    N_COLUMNS,
    N_ROWS,
    PIXELS_PER_DEGREE_X,
    PIXELS_PER_DEGREE_Y,
)
from v1model.voltage_networks.photographs import NAMES, photographs

PIXELS = 24  # of a side of the movie
MARGIN = 1.6  # of the movie's side, in the longer side of the view
FRAME_MS = 20
GREY_LEVEL, LEVELS = 127, 127.5  # contrast is (level - GREY_LEVEL) / LEVELS
TYPES = PHOTOGRAPHS, CHECKS = "backimage", "noise"  # as in all recordings
# No photograph is in two parts.
PICTURES = {
    "train": ("astronaut", "coins", "rocket", "stereo_motorcycle"),
    "validation": ("chelsea",),
    "test": ("camera", "coffee"),
}
FIXATION_MS = (160.0, 600.0)  # between two jumps
DRIFT_SPEED = 20.0  # movie pixels per second, each coordinate, root mean square
DRIFT_MS = 300.0  # in which the drift forgets where it went
ZOOM = (2.0, 7.0)  # pixels of a photograph per pixel of the movie
CHECK_PIXELS = 3
CHECK_FRAMES = 3  # how long checks stay


class Patch(NamedTuple):
    """The part of the visual field that the movie covers.

    left, top: Its corner; places in the field are in pixels of the LGN's screen, of
        which number k covers k - 0.5 to k + 0.5.
    side: Of a pixel of the movie, in those of the screen, which are about a degree.
    """

    left: float
    top: float
    side: float

    @classmethod
    def of(cls, view):
        """The Patch around a View, with a margin for receptive fields at its edge."""
        longer = max(view.width, view.height)
        side = math.ceil(2 * MARGIN * longer / PIXELS) / 2  # whole halves
        half = PIXELS * side / 2
        x, y = PIXELS_PER_DEGREE_X * view.x, PIXELS_PER_DEGREE_Y * view.y
        return cls(x - half, y - half, side)

    @property
    def degrees(self):
        """Side of a pixel of the movie, degrees."""
        return self.side / PIXELS_PER_DEGREE_X

    def pixels_of(self, x, y):
        """Row and column of the movie, two float arrays, at degrees of the field.

        The middle of the first pixel is 0, as everywhere where pixels are counted.
        """
        column = (PIXELS_PER_DEGREE_X * np.asarray(x) - self.left) / self.side - 0.5
        row = (PIXELS_PER_DEGREE_Y * np.asarray(y) - self.top) / self.side - 0.5
        return row, column

    def on_screen(self, contrast):
        """The movie on the LGN's screen, which is grey around it.

        Args:
            contrast: (F, PIXELS, PIXELS).

        Returns:
            (F, 120, 240) float32; pixels are mixed where they meet.
        """
        rows = _overlaps(self.top, self.side, N_ROWS)
        columns = _overlaps(self.left, self.side, N_COLUMNS)
        return (rows @ np.asarray(contrast, np.float32) @ columns.T).astype(np.float32)


def movie_table(minutes, test_movies, repeats, checks_share, movie_ms, seed):
    """Which movies there are, and how often each is shown: a data frame.

    Args:
        minutes: Of the movies for training; a tenth as many are for validation.
        test_movies: Movies of each type for the test.
        repeats: How often each of those is shown.
        checks_share: Of the movies for training and validation.
        movie_ms: Length of one.
        seed: Of the draws.

    Returns:
        Columns type, part, picture ("" for checks), repeats; one row per movie.
    """
    n_train = max(round(60_000 * minutes / movie_ms), 1)
    numbers = {"train": n_train, "validation": max(round(n_train / 10), 2)}
    rng = np.random.default_rng([seed, 0])
    rows = []
    for part, n in numbers.items():
        n_checks = round(checks_share * n)
        rows += [(CHECKS, part, "", 1)] * n_checks
        names = np.resize(rng.permutation(PICTURES[part]), n - n_checks)
        rows += [(PHOTOGRAPHS, part, str(name), 1) for name in names]
    names = np.resize(PICTURES["test"], test_movies)
    rows += [(PHOTOGRAPHS, "test", str(name), repeats) for name in names]
    rows += [(CHECKS, "test", "", repeats)] * test_movies
    return pd.DataFrame(rows, columns=["type", "part", "picture", "repeats"])


def draw_movie(row, number, n_frames, seed):
    """A movie of the table, (n_frames, PIXELS, PIXELS) uint8.

    Args:
        row: Its type and picture.
        number: Which one it is; each is drawn on its own.
        n_frames: Each stays FRAME_MS.
        seed: Of all movies.
    """
    rng = np.random.default_rng([seed, 1, number])
    if row["type"] == CHECKS:
        return checks(n_frames, rng)
    return looked_at(photographs()[NAMES.index(row["picture"])], n_frames, rng)


def looked_at(photograph, n_frames, rng):
    """A photograph, over which the eye drifts and jumps, (n_frames, P, P) uint8.

    Args:
        photograph: (h, w) luminance in [0, 1], continued by its mirror images.
        n_frames: Each stays FRAME_MS.
        rng: Of the size and the turn of the photograph, and of the eye.
    """
    zoom = np.exp(rng.uniform(*np.log(ZOOM)))
    turn = rng.uniform(0, 2 * np.pi)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    along = np.arange(PIXELS) - (PIXELS - 1) / 2
    grid = np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1) @ axes
    gaze = gaze_of(np.array(photograph.shape) / zoom, n_frames, rng)
    # What the movie's pixels cannot show would flicker.
    smooth = ndimage.gaussian_filter(photograph, zoom / 2, mode="mirror")
    places = zoom * (gaze[:, None, None] + grid)
    seen = ndimage.map_coordinates(
        smooth, np.moveaxis(places, -1, 0), order=1, mode="mirror"
    )
    return np.rint(255 * np.clip(seen, 0, 1)).astype(np.uint8)


def gaze_of(size, n_frames, rng):
    """Where the eye looks in each frame, (n_frames, 2), in a field of `size`.

    Fixations of random length begin at random places; within one the eye drifts
    smoothly (each coordinate of its speed an Ornstein-Uhlenbeck process).
    """
    starts, start = [], 0
    while start < n_frames:
        starts.append(start)
        start += max(round(rng.uniform(*FIXATION_MS) / FRAME_MS), 1)
    lengths = np.diff([*starts, n_frames])
    targets = np.repeat(rng.uniform(0, size, (len(starts), 2)), lengths, axis=0)
    kept = np.exp(-FRAME_MS / DRIFT_MS)
    kicks = rng.normal(0, DRIFT_SPEED * np.sqrt(1 - kept**2), (n_frames, 2))
    speed = signal.lfilter([1.0], [1.0, -kept], kicks, axis=0)
    moved = np.cumsum(speed, axis=0) * FRAME_MS / 1000
    return targets + moved - np.repeat(moved[starts], lengths, axis=0)


def checks(n_frames, rng):
    """Light, grey and dark checks on a grid that is shifted each time, uint8.

    Without the grey ones the energy of all pixels would always be the same.

    Returns:
        (n_frames, P, P); every pixel is light, grey or dark with the same chance.
    """
    n = -(-n_frames // CHECK_FRAMES)
    n_checks = PIXELS // CHECK_PIXELS + 1
    levels = GREY_LEVEL * rng.integers(0, 3, (n, n_checks, n_checks))
    fine = (
        levels.astype(np.uint8)
        .repeat(CHECK_PIXELS, axis=1)
        .repeat(CHECK_PIXELS, axis=2)
    )
    shifts = rng.integers(0, CHECK_PIXELS, (n, 2))
    shown = np.stack(
        [
            one[row : row + PIXELS, column : column + PIXELS]
            for one, (row, column) in zip(fine, shifts, strict=True)
        ]
    )
    return shown.repeat(CHECK_FRAMES, axis=0)[:n_frames]


def as_averaged(fields, bin_ms):
    """Averages that checks trigger in linear neurons with these fields, up to a factor.

    Checks are alike over some pixels and frames, so averages are the fields convolved
    with the covariance of the movie: a triangle along each axis.

    Args:
        fields: (N, L, H, W), lag 0 first.
        bin_ms: Of the lags.
    """
    width = CHECK_FRAMES * FRAME_MS // bin_ms
    for axis, n in ((1, width), (2, CHECK_PIXELS), (3, CHECK_PIXELS)):
        triangle = n - np.abs(np.arange(1 - n, n))
        fields = ndimage.convolve1d(fields, triangle / n, axis, mode="constant")
    return fields


def contrast_of(levels):
    """Levels of 8 bits as contrast of the LGN's screen, float32; GREY_LEVEL is 0."""
    return (np.asarray(levels, np.float32) - GREY_LEVEL) / np.float32(LEVELS)


def _overlaps(first, side, n_screen):
    """Share of each pixel of the screen that each of the movie covers, (n, PIXELS)."""
    low = first + side * np.arange(PIXELS)
    start = np.arange(n_screen)[:, None] - 0.5
    shared = np.minimum(start + 1, low + side) - np.maximum(start, low)
    return np.clip(shared, 0, 1).astype(np.float32)
