"""Photographs that an eye looks at."""

import functools

import numpy as np
from scipy import ndimage
from skimage import color, data

# Inside the wheel of scikit-image; its other ones are downloaded.
NAMES = (
    *("astronaut", "camera", "chelsea", "coffee", "coins", "rocket"),
    "stereo_motorcycle",
)
BLUR_PIXELS = 1.0  # what is finer is noise of the camera
ADAPTED_PIXELS = 48.0  # around which an eye has adapted to light and contrast
_LEAST_CONTRAST = 0.05


@functools.cache
def photographs():
    """Grey photographs, a tuple of (h, w) float32 in [0, 1].

    Light and contrast are relative to what is around, so that there is something to
    see in skies and shadows too. Then each one's luminance is spread evenly: what is
    brighter than a share p of its pixels has luminance p. So the mean is 0.5, and no
    photograph has more contrast than another.
    """
    pictures = []
    for name in NAMES:
        photograph = getattr(data, name)()
        if isinstance(photograph, tuple):  # a stereo pair and its disparity
            photograph = photograph[0]
        grey = color.rgb2gray(photograph) if photograph.ndim == 3 else photograph / 255
        grey = ndimage.gaussian_filter(grey.astype(np.float32), BLUR_PIXELS)
        grey = grey - ndimage.gaussian_filter(grey, ADAPTED_PIXELS)
        contrast = np.sqrt(ndimage.gaussian_filter(grey**2, ADAPTED_PIXELS))
        grey /= contrast + _LEAST_CONTRAST
        rank = np.argsort(np.argsort(grey, axis=None, kind="stable"))
        even = (rank / (grey.size - 1)).reshape(grey.shape).astype(np.float32)
        even.flags.writeable = False
        pictures.append(even)
    return tuple(pictures)
