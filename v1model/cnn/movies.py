"""StoredMovie: the movie of a recording, kept as it is stored."""

import numpy as np

GREY = 127  # the level of uint8 that becomes 0
_LEVELS = 255
_BLOCK = 4096  # frames that are looked at together


class StoredMovie:
    """T frames of H x W pixels and C channels, as floats only where they are asked for.

    uint8 becomes (p - 127) / 255; floating point numbers stay as they are. Bins in
    which no picture is shown are 0, which is grey.

    Args:
        frames: (F, H, W) or (F, H, W, C) of uint8 or of floating point numbers.
        index: Which frame is shown in each bin, (T,) int, -1 for none; None where frame
            t is that of bin t.
        where: File and field, for errors.

    Raises:
        ValueError: It is of another shape or type, or a bin shows a frame that does
            not exist.
    """

    def __init__(self, frames, index, where):
        if frames.ndim not in (3, 4):
            raise ValueError(
                f"{where} must have frames (H, W) or (H, W, C), got {frames.shape[1:]}."
            )
        is_float = frames.dtype.kind == "f"
        if frames.dtype != np.uint8 and not is_float:
            raise ValueError(
                f"{where} must be uint8 or floating point numbers, got {frames.dtype}."
            )
        if index is not None and len(index):
            lowest, highest = int(index.min()), int(index.max())
            if lowest < -1 or highest >= len(frames):
                raise ValueError(
                    f"{where} must show frames -1 to {len(frames) - 1}, got {lowest} "
                    f"to {highest}."
                )
        self._frames = frames if frames.ndim == 4 else frames[..., None]
        self._index, self._is_float = index, is_float

    @property
    def frame_shape(self):
        """(H, W, C)."""
        return self._frames.shape[1:]

    @property
    def n_bins(self):
        """T."""
        return len(self._frames if self._index is None else self._index)

    def read(self, start, stop):
        """Frames of bins [start, stop), (t, H, W, C) float32."""
        if self._index is None:
            return self._as_floats(self._frames[start:stop])
        index = self._index[start:stop]
        if not len(self._frames):
            return np.zeros((len(index), *self.frame_shape), np.float32)
        movie = self._as_floats(self._frames[index])  # -1 takes any, and is repaired
        movie[index < 0] = 0
        return movie

    def is_finite(self):
        """Which bins have numbers in all pixels, (T,) bool."""
        finite = np.ones(len(self._frames), bool)
        if self._is_float:
            for first in range(0, len(finite), _BLOCK):
                part = slice(first, first + _BLOCK)
                finite[part] = np.isfinite(self._frames[part]).all((1, 2, 3))
        return finite if self._index is None else np.append(finite, True)[self._index]

    def _as_floats(self, frames):
        movie = frames.astype(np.float32)
        if self._is_float:
            return np.nan_to_num(movie, copy=False, posinf=0.0, neginf=0.0)
        movie -= GREY
        movie /= _LEVELS
        return movie
