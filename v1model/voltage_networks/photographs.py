"""Photographs that an eye looks at."""

import functools

import numpy as np
from scipy import ndimage
from skimage import color, data

# Inside the wheel of scikit-image; its other ones are downloaded.
NAMES = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket", "retina")
BLUR_PIXELS = 1.0  # what is finer is noise of the camera


@functools.cache
def photographs():
    """Grey photographs, a tuple of (h, w) float32 in [0, 1].

    Each one's luminance runs evenly from 0 to 1: what is brighter than a share p of
    its pixels has luminance p. So the mean is 0.5, and no photograph has more contrast
    than another.
    """
    pictures = []
    for name in NAMES:
        photograph = getattr(data, name)()
        grey = color.rgb2gray(photograph) if photograph.ndim == 3 else photograph
        grey = ndimage.gaussian_filter(grey.astype(np.float64), BLUR_PIXELS)
        rank = np.argsort(np.argsort(grey, axis=None, kind="stable"))
        even = (rank / (grey.size - 1)).reshape(grey.shape).astype(np.float32)
        even.flags.writeable = False
        pictures.append(even)
    return tuple(pictures)
