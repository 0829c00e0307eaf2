"""Movies in which pictures stay for a while."""

import dataclasses

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS


@dataclasses.dataclass(frozen=True)
class Movie:
    """F pictures, shown one after the other.

    Args:
        frames: (F, 120, 240) float32, contrast: 0 is gray, pictures are in
            [-intensity, intensity]. One pixel is one degree; the row grows with y.
        durations_ms: How long each picture stays, (F,) int, ms.

    Raises:
        ValueError: Wrong shape, a pixel that is not finite, or a duration that is
            not a positive whole number.
    """

    frames: np.ndarray
    durations_ms: np.ndarray

    def __post_init__(self):
        frames = np.asarray(self.frames, np.float32)
        if frames.ndim != 3 or frames.shape[1:] != (N_ROWS, N_COLUMNS):
            raise ValueError(
                f"movie: frames must have shape (F, {N_ROWS}, {N_COLUMNS}), "
                f"got {frames.shape}."
            )
        if not len(frames):
            raise ValueError("movie: at least one frame is needed, got 0.")
        if not np.isfinite(frames).all():
            frame, row, column = np.argwhere(~np.isfinite(frames))[0]
            raise ValueError(
                f"movie: pixel ({row}, {column}) of frame {frame} is "
                f"{frames[frame, row, column]}."
            )
        given = np.asarray(self.durations_ms)
        if given.shape != (len(frames),):
            raise ValueError(
                f"movie: {len(frames)} frames need as many durations, "
                f"got shape {given.shape}."
            )
        durations = given.astype(int)
        is_ok = (durations == given) & (durations > 0)
        if not is_ok.all():
            raise ValueError(
                "movie: durations_ms must be positive whole numbers, "
                f"got {given[np.argmin(is_ok)]}."
            )
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "durations_ms", durations)

    @classmethod
    def from_array(cls, movie):
        """The movie (T, 120, 240) with one frame per ms, repeats joined."""
        movie = np.asarray(movie, np.float32)
        if movie.ndim != 3 or not len(movie):
            return cls(movie, np.ones(len(movie), int))
        is_new = np.array([True, *map(_differ, movie[1:], movie[:-1])])
        starts = np.flatnonzero(is_new)
        frames = movie if is_new.all() else movie[starts]
        return cls(frames, np.diff(starts, append=len(movie)))

    @property
    def duration_ms(self):
        """Length of the movie, T."""
        return int(self.durations_ms.sum())


def _differ(frame, previous):
    return not np.array_equal(frame, previous)
