"""PixelMap: where the pixels of a layer's output lie in its input."""

from typing import NamedTuple

import numpy as np


class PixelMap(NamedTuple):
    """pixel of the input = scale * pixel of the output + offset, of rows and columns.

    Pixels are counted from 0 at the centre of the first one; a pixel of the output
    lies at the middle of the pixels that it is made of.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)

    def then(self, following):
        """The map of this layer and of one that comes after it."""
        scale, offset = np.array(self.scale), np.array(self.offset)
        return PixelMap(
            tuple((scale * following.scale).tolist()),
            tuple((scale * following.offset + offset).tolist()),
        )

    def to_input(self, pixels):
        """Pixels (..., 2) of the input, of pixels of the output."""
        return np.asarray(pixels) * self.scale + self.offset

    def to_output(self, pixels):
        """Pixels (..., 2) of the output, of pixels of the input."""
        return (np.asarray(pixels) - self.offset) / self.scale


def window_map(size, stride, before=(0, 0)):
    """The map of windows of `size` (rows, columns) with `before` pixels of padding."""
    offset = [(n - 1) / 2 - padded for n, padded in zip(size, before, strict=True)]
    return PixelMap((float(stride), float(stride)), tuple(offset))
