"""Spikes as dots: put together to one picture, however many they are."""

import numpy as np
from matplotlib.colors import to_rgb

FAINTEST = 0.7  # opacity of a lone spike, which must remain visible
FULL = 4  # spikes in one pixel that are drawn opaque, if no pixel has more


def dot_picture(row, column, colours, width, shown):
    """A picture of dots, which costs the same for millions of them.

    The more dots fall on a pixel, the more opaque it is, as their logarithm.

    Args:
        row, column: Pixel of each dot, (n,) int.
        colours: Colour of each pixel row, (H,) of anything that Matplotlib takes.
        width: Number of columns, W.
        shown: Which row of dots each row of the picture shows, (H,) int; -1 for none.

    Returns:
        (H, W, 4) uint8; transparent where there is no dot.
    """
    counts = np.bincount(row * width + column, minlength=len(colours) * width)
    counts = counts.reshape(len(colours), width)
    counts = np.vstack([counts, np.zeros(width, int)])[shown]
    scale = np.log(max(counts.max(initial=0), FULL))
    opacity = np.zeros(counts.max(initial=0) + 1)
    opacity[1:] = FAINTEST + (1 - FAINTEST) * np.log(np.arange(1, len(opacity))) / scale
    picture = np.empty((*counts.shape, 4), np.uint8)
    palette = {colour: to_rgb(colour) for colour in set(colours)}
    rgb = np.array([palette[colour] for colour in colours])
    picture[..., :3] = np.rint(255 * rgb)[:, None]
    picture[..., 3] = np.rint(255 * opacity)[counts]
    return picture


def enlarged(picture):
    """The picture with dots of two by two pixels, (H, W, 4) uint8.

    They grow to the right, and down as far as their colour goes.
    """
    alpha = picture[..., 3].copy()
    alpha[:, 1:] = np.maximum(alpha[:, 1:], picture[:, :-1, 3])
    is_same = (picture[1:, 0, :3] == picture[:-1, 0, :3]).all(axis=1)
    below = np.maximum(alpha[1:], alpha[:-1])
    alpha[1:][is_same] = below[is_same]
    return np.dstack([picture[..., :3], alpha])
